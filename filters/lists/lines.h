// SPDX-License-Identifier: Apache-2.0
//
// The lines of a list's text, with their numbers. A byte order mark in front, a carriage return
// behind and white space at both ends are not part of a line. A text is never copied.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "filters/lists/list.h"
#include "proxy/base/ascii.h"

namespace weir::filters {

// The longest line that a list of plain names, URLs, patterns or networks may have.
constexpr std::size_t kListLineMost = 8192;

inline std::string_view trim_line(std::string_view line) {
  const auto space = [](char c) { return c == ' ' || c == '\t' || c == '\r'; };
  while (!line.empty() && space(line.back())) {
    line.remove_suffix(1);
  }
  while (!line.empty() && space(line.front())) {
    line.remove_prefix(1);
  }
  return line;
}

class Lines {
 public:
  explicit Lines(std::string_view text) : text_(text) {
    at_ = text_.starts_with("\xef\xbb\xbf") ? 3 : 0;
  }

  // Moves on to the next line; false at the end. The end of the last line does not begin another.
  bool next() {
    if (at_ >= text_.size()) {
      return false;
    }
    offset_ = at_;
    const auto end = std::min(text_.find('\n', at_), text_.size());
    line_ = trim_line(text_.substr(at_, end - at_));
    at_ = end + 1;
    ++number_;
    return true;
  }
  std::string_view line() const { return line_; }
  std::uint32_t number() const { return number_; }  // from 1
  std::size_t offset() const { return offset_; }    // where the line begins in the text

 private:
  std::string_view text_;
  std::string_view line_;
  std::size_t at_ = 0;
  std::size_t offset_ = 0;
  std::uint32_t number_ = 0;
};

// Counts a line that is no rule; the first ones are kept with their reason.
inline void add_fault(ListReport& report, std::uint32_t line, std::string reason) {
  ++report.faulty;
  if (report.faults.size() < kListFaultsMost) {
    report.faults.push_back({line, std::move(reason)});
  }
}

}  // namespace weir::filters
