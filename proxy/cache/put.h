// SPDX-License-Identifier: Apache-2.0
//
// Text put together in room that is known to suffice: each gives the place behind what it put.
#pragma once

#include <charconv>
#include <cstdint>
#include <string_view>

namespace weir::cache {

inline char* put(char* to, std::string_view text) {
  return to + text.copy(to, text.size());
}

char* put(char*, char) = delete;  // is no number

// At most 20 digits.
inline char* put(char* to, std::uint64_t number) {
  constexpr std::size_t kDigits = 20;
  return std::to_chars(to, to + kDigits, number).ptr;
}

}  // namespace weir::cache
