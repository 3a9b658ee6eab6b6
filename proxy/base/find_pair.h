// SPDX-License-Identifier: Apache-2.0
//
// Where two bytes stand side by side. memchr() stops at each place that has the first byte, which
// in URLs is every few bytes; this looks at sixteen places at a time and stops where both are.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "proxy/base/vector.h"

namespace weir {

// The first place at or behind `from` where `first` stands and `second` behind it; npos: there is
// none. Linear in the text.
inline std::size_t find_pair(std::string_view text, char first, char second, std::size_t from = 0) {
  const char* const data = text.data();
  if (from + sizeof(Vector) < text.size()) {
    const std::size_t last = text.size() - sizeof(Vector) - 1;  // where the last vector begins
    for (std::size_t at = from;; at = std::min(at + sizeof(Vector), last)) {
      const auto one = Vector(load_vector(data + at) == static_cast<std::uint8_t>(first));
      const auto two = Vector(load_vector(data + at + 1) == static_cast<std::uint8_t>(second));
      if (any_of(one & two)) {
        return at + static_cast<std::size_t>(std::countr_zero(bit_mask(one & two)));
      }
      if (at == last) {
        return std::string_view::npos;
      }
    }
  }
  for (std::size_t at = from; at + 1 < text.size(); ++at) {
    if (data[at] == first && data[at + 1] == second) {
      return at;
    }
  }
  return std::string_view::npos;
}

}  // namespace weir
