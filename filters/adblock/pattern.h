// SPDX-License-Identifier: Apache-2.0
//
// Whether a pattern matches a URL, and where: literal characters, '^' (a separator, or the URL's
// end) and '*', with the three anchors. Exact. Both are in the same case. Searching is paid for:
// once the work is spent the answer is "no match", and whoever asks must look whether it is.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "filters/work.h"

namespace weir::adblock {

// A URL with its host's place in it.
struct UrlView {
  std::string_view text;
  std::uint32_t host_begin = 0;
  std::uint32_t host_end = 0;
  filters::Work* work = nullptr;  // what match_anywhere may cost
};

struct PatternView {
  std::string_view text;
  bool start = false;
  bool host_start = false;
  bool end = false;
};

constexpr std::size_t kNoMatch = SIZE_MAX;

// What '^' stands for: anything but a letter, a digit, or one of "_-.%".
bool is_separator(char c);

// For patterns without '*': the match that begins exactly at `at`. Gives where it ends.
std::size_t match_at(const UrlView& url, const PatternView& pattern, std::size_t at);

// Whether that part of a pattern which holds its byte `inside`, up to the '*' on each side, stands
// in the URL with this byte at `at`.
bool piece_around(std::string_view url, std::string_view pattern, std::size_t inside,
                  std::size_t at);

// For any pattern: where the first match ends.
std::size_t match_anywhere(const UrlView& url, const PatternView& pattern);

}  // namespace weir::adblock
