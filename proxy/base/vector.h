// SPDX-License-Identifier: Apache-2.0
//
// Sixteen bytes at once, by the compilers' portable vectors: one instruction where the processor
// has them, and right everywhere. Comparisons give 0xff for the bytes where they hold. And eight
// bytes as a number.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace weir {

static_assert(std::endian::native == std::endian::little, "the first byte is a word's lowest");

inline std::uint64_t load_word(const char* from) {
  std::uint64_t out = 0;
  std::memcpy(&out, from, sizeof(out));
  return out;
}

using Vector = std::uint8_t __attribute__((vector_size(16)));

inline Vector load_vector(const char* from) {
  Vector out;
  std::memcpy(&out, from, sizeof(out));
  return out;
}
inline void store_vector(Vector from, char* to) {
  std::memcpy(to, &from, sizeof(from));
}

// Where the bytes are from `low` to `high`.
inline Vector in_range(Vector bytes, char low, char high) {
  const Vector past = bytes - static_cast<std::uint8_t>(low);
  return Vector(past <= static_cast<std::uint8_t>(high - low));
}

// A bit for each byte of a comparison's result.
inline std::uint64_t bit_mask(Vector held) {
  constexpr std::uint64_t kEach = 0x0101010101010101;
  constexpr std::uint64_t kGather = 0x0102040810204080;
  std::uint64_t halves[2];
  std::memcpy(halves, &held, sizeof(halves));
  return (halves[0] & kEach) * kGather >> 56 | (halves[1] & kEach) * kGather >> 56 << 8;
}

inline bool any_of(Vector held) {
  std::uint64_t halves[2];
  std::memcpy(halves, &held, sizeof(halves));
  return (halves[0] | halves[1]) != 0;
}

}  // namespace weir
