// SPDX-License-Identifier: Apache-2.0
//
// See base64.h. Four characters are a group of 24 bits, three bytes:
//
//   character   |  a a a a a a  |  b b b b b b  |  c c c c c c  |  d d d d d d  |
//   byte        |  0 0 0 0 0 0     0 0 1 1 1 1     1 1 1 1 2 2     2 2 2 2 2 2  |
//
// One "=" at the end leaves two bytes and two spare bits, "==" one byte and four spare bits.
#include "proxy/base/base64.h"

#include <array>
#include <cstdint>

namespace weir {
namespace {

constexpr std::uint8_t kOutside = 0xff;

constexpr std::array<std::uint8_t, 256> make_values() {
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::array<std::uint8_t, 256> table{};
  table.fill(kOutside);
  for (std::size_t i = 0; i < kAlphabet.size(); ++i) {
    table[static_cast<unsigned char>(kAlphabet[i])] = static_cast<std::uint8_t>(i);
  }
  return table;
}
constexpr auto kValues = make_values();

// The bits of 2 to 4 characters, at the top of 24; nothing for a character outside the alphabet.
std::optional<std::uint32_t> bits_of(std::string_view group) {
  std::uint32_t bits = 0;
  unsigned shift = 24;
  for (const char c : group) {
    const std::uint8_t value = kValues[static_cast<unsigned char>(c)];
    if (value == kOutside) {
      return std::nullopt;
    }
    shift -= 6;
    bits |= static_cast<std::uint32_t>(value) << shift;
  }
  return bits;
}

constexpr char byte_at(std::uint32_t bits, unsigned shift) {
  return static_cast<char>(static_cast<unsigned char>((bits >> shift) & 0xff));
}

std::size_t padding_of(std::string_view text) {
  if (!text.ends_with('=')) {
    return 0;
  }
  return text.ends_with("==") ? 2 : 1;
}

}  // namespace

std::optional<std::size_t> decode_base64(std::string_view text, std::span<char> out) {
  if (text.size() % 4 != 0) {
    return std::nullopt;
  }
  const std::size_t padding = padding_of(text);
  const std::size_t size = base64_bytes(text.size()) - padding;
  if (size > out.size()) {
    return std::nullopt;
  }
  const std::string_view characters = text.substr(0, text.size() - padding);
  std::size_t written = 0;
  std::uint32_t last = 0;
  for (std::size_t at = 0; at < characters.size(); at += 4) {
    const auto bits = bits_of(characters.substr(at, 4));
    if (!bits) {
      return std::nullopt;
    }
    last = *bits;
    for (unsigned shift = 24; shift > 0 && written < size;) {
      shift -= 8;
      out[written++] = byte_at(last, shift);
    }
  }
  // RFC 4648 3.5: what the padded bytes leave of the last group must be zero.
  const std::uint32_t spare = (1u << (8 * padding)) - 1;
  if ((last & spare) != 0) {
    return std::nullopt;
  }
  return written;
}

}  // namespace weir
