// SPDX-License-Identifier: Apache-2.0
//
// Host names as keyed hashes (keyed_hash.h). A name is hashed from its end, label by label, so that
// the hashes of all its parents come out on the way; of a label, up to seven bytes make one number.
// Whatever text is given is hashed; two different ones are two different sequences of numbers.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "filters/keyed_hash.h"

namespace weir::filters {
namespace detail {

static_assert(std::endian::native == std::endian::little, "the first byte is a word's lowest");

constexpr std::size_t kPiece = 7;  // bytes that fit into one number of the hash
constexpr std::uint64_t kLabelEnds = std::uint64_t{1} << 59;
constexpr std::uint64_t kDots = 0x2e2e2e2e2e2e2e2e;

// The eight bytes before `end`, the last one highest; dots where the name has not begun.
inline std::uint64_t bytes_before(std::string_view name, std::size_t end) {
  std::uint64_t out = 0;
  if (end >= sizeof(out)) {
    std::memcpy(&out, name.data() + end - sizeof(out), sizeof(out));
    return out;
  }
  const std::size_t absent = sizeof(out) - end;
  if (end > 0 && name.size() >= sizeof(out)) {
    std::memcpy(&out, name.data(), sizeof(out));
    return out << (8 * absent) | kDots >> (8 * end);
  }
  out = kDots;
  for (std::size_t i = 0; i < end; ++i) {
    out = out >> 8 | std::uint64_t{static_cast<unsigned char>(name[i])} << 56;
  }
  return out;
}

// How many bytes are above the highest dot; eight: there is none.
inline std::size_t bytes_behind_dot(std::uint64_t word) {
  constexpr std::uint64_t kLow = 0x7f7f7f7f7f7f7f7f;
  const std::uint64_t other = word ^ kDots;
  const std::uint64_t dots = ~(((other & kLow) + kLow) | other | kLow);  // their top bits
  return static_cast<std::size_t>(std::countl_zero(dots)) / 8;
}

}  // namespace detail

// Calls use(number, ends, begin) for every piece of every label, from the name's end on: the number
// holds its bytes, how many they are, and whether its label `ends` there, at `begin`.
template <class Use>
void each_piece(std::string_view name, Use use) {
  std::size_t end = name.size();
  for (bool more = true; more;) {
    const std::uint64_t word = detail::bytes_before(name, end);
    const std::size_t size = detail::bytes_behind_dot(word);
    const bool ends = size < sizeof(word);
    const std::size_t taken = ends ? size : detail::kPiece;
    const std::uint64_t bytes = word >> 1 >> (63 - 8 * taken);  // none if none are taken
    use(bytes | taken << 56 | (ends ? detail::kLabelEnds : 0), ends, end - taken);
    more = !ends || end > taken;
    end -= taken + (ends && more ? 1 : 0);
  }
}

// Calls use(hash, where it begins) for every suffix of whole labels, the shortest first. What began
// with another `start` is another thing.
template <class Use>
void each_suffix(std::string_view name, Use use, std::uint64_t start = kHashStart) {
  const std::uint64_t point = hash_point();
  each_piece(name, [&](std::uint64_t piece, bool ends, std::size_t begin) {
    start = hash_step(start, point, piece);
    if (ends) {
      use(hash_spread(start), begin);
    }
  });
}

// Calls use(hash, where it begins) for every label by itself, the last one first.
template <class Use>
void each_label(std::string_view name, Use use, std::uint64_t start) {
  const std::uint64_t point = hash_point();
  std::uint64_t hash = start;
  each_piece(name, [&](std::uint64_t piece, bool ends, std::size_t begin) {
    hash = hash_step(hash, point, piece);
    if (ends) {
      use(hash_spread(hash), begin);
      hash = start;
    }
  });
}

}  // namespace weir::filters
