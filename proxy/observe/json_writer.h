// SPDX-License-Identifier: Apache-2.0
//
// JSON written member by member into a text, for what commands and the admin interface say: always
// valid UTF-8, on one line or, for people, indented. Knows where commas go; the caller says where
// containers end.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace weir {

class JsonWriter {
 public:
  explicit JsonWriter(bool indented = false) : indented_(indented) {}

  JsonWriter& name(std::string_view name);  // then a value or a container
  void text(std::string_view value);        // bytes that are no UTF-8 become U+FFFD
  void number(std::uint64_t value);
  void real(double value, int decimals);
  void flag(bool value);
  void null();
  void raw(std::string_view json);  // a value that is JSON already

  void open_object() { open('{'); }
  void close_object() { close('}'); }
  void open_list() { open('['); }
  void close_list() { close(']'); }

  const std::string& written() const { return out_; }
  void clear();  // keeps its memory

 private:
  void before_value();
  void open(char c);
  void close(char c);
  void new_line();

  std::string out_;
  std::vector<bool> filled_;  // for each open container: does it hold anything yet?
  bool named_ = false;        // a name has been written and its value is awaited
  bool indented_;
};

}  // namespace weir
