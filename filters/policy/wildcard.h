// SPDX-License-Identifier: Apache-2.0
//
// Texts with *, which stands for any run of bytes. Linear in practice and never worse than
// text times pattern; no allocation.
#pragma once

#include <cstddef>
#include <string_view>

#include "proxy/base/ascii.h"

namespace weir::filters {

// Whether `pattern` covers all of `text`. `stop`: a byte that * does not run over; 0: none.
constexpr bool wildcard_match(std::string_view pattern, std::string_view text,
                              bool ignore_case = false, char stop = '\0') {
  constexpr auto kNowhere = std::string_view::npos;
  std::size_t p = 0;
  std::size_t t = 0;
  std::size_t star = kNowhere;  // the last * met, and where the text stood then
  std::size_t from = 0;
  while (t < text.size()) {
    const bool same =
        p < pattern.size() && pattern[p] != '*' &&
        (pattern[p] == text[t] || (ignore_case && to_lower(pattern[p]) == to_lower(text[t])));
    if (same) {
      ++p;
      ++t;
    } else if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      from = t;
    } else if (star != kNowhere && (stop == '\0' || text[from] != stop)) {
      p = star + 1;
      t = ++from;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') {
    ++p;
  }
  return p == pattern.size();
}

}  // namespace weir::filters
