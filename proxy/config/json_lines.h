// SPDX-License-Identifier: Apache-2.0
//
// Writes JSON for people, a member a line; what the JSON Schema is written with.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "proxy/config/problem.h"

namespace weir {

// Lines of JSON with the indentation of their depth; commas where they belong.
class JsonLines {
 public:
  void open(std::string_view name, char bracket) {
    begin(name);
    out_ += bracket;
    first_ = true;
    closing_ += bracket == '{' ? '}' : ']';
  }
  void close() {
    const char bracket = closing_.back();
    closing_.pop_back();
    out_ += "\n" + std::string(2 * closing_.size(), ' ') + bracket;
    first_ = false;
  }
  // `json` is a complete value; an empty name is for items of lists.
  void put(std::string_view name, std::string_view json) {
    begin(name);
    out_ += json;
  }
  std::string take() { return std::move(out_) + "\n"; }

 private:
  void begin(std::string_view name) {
    if (!closing_.empty()) {
      out_ += (first_ ? "\n" : ",\n") + std::string(2 * closing_.size(), ' ');
    }
    out_ += name.empty() ? "" : json_text(name) + ": ";
    first_ = false;
  }

  std::string out_;
  std::string closing_;  // what still has to be closed, the innermost last
  bool first_ = true;
};

}  // namespace weir
