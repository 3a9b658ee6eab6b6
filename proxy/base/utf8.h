// SPDX-License-Identifier: Apache-2.0
//
// UTF-8 as strangers send it: what is a character and what only looks like one (RFC 3629 4). For
// whatever is shown to a person; everything else in Weir treats text as bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace weir {

// The length of the well-formed sequence (no overlong form, no surrogate, nothing above U+10FFFF)
// that starts the text; 0 when none does.
constexpr std::size_t utf8_length(std::string_view at) {
  const auto byte = [at](std::size_t i) {
    return i < at.size() ? static_cast<unsigned>(static_cast<unsigned char>(at[i])) : 0u;
  };
  const auto tail = [&byte](std::size_t i) { return (byte(i) & 0xC0u) == 0x80u; };
  const unsigned lead = byte(0);
  const unsigned next = byte(1);
  if (lead < 0x80) {
    return at.empty() ? 0 : 1;
  }
  if (lead >= 0xC2 && lead <= 0xDF) {
    return tail(1) ? 2 : 0;
  }
  if (lead >= 0xE0 && lead <= 0xEF) {
    const bool overlong = lead == 0xE0 && next < 0xA0;
    const bool surrogate = lead == 0xED && next > 0x9F;
    return tail(1) && tail(2) && !overlong && !surrogate ? 3 : 0;
  }
  if (lead >= 0xF0 && lead <= 0xF4) {
    const bool overlong = lead == 0xF0 && next < 0x90;
    const bool beyond = lead == 0xF4 && next > 0x8F;
    return tail(1) && tail(2) && tail(3) && !overlong && !beyond ? 4 : 0;
  }
  return 0;
}

// The code point of a well-formed sequence of that length, as utf8_length tells it.
constexpr char32_t utf8_value(std::string_view at, std::size_t length) {
  constexpr unsigned kLeadBits[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
  unsigned value = static_cast<unsigned char>(at[0]) & kLeadBits[length];
  for (std::size_t i = 1; i < length; ++i) {
    value = value << 6 | (static_cast<unsigned char>(at[i]) & 0x3fu);
  }
  return value;
}

}  // namespace weir
