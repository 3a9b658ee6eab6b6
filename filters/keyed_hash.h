// SPDX-License-Identifier: Apache-2.0
//
// A hash of sequences with proven odds. A sequence of numbers is taken for a polynomial over the
// field of 2^61 - 1 elements and evaluated at a point drawn anew in each process: two different
// sequences that were written without knowing the point collide with odds of at most their length
// over 2^61 (Carter and Wegman). It is built step by step, so a sequence's beginnings are hashed on
// the way.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace weir::filters {

constexpr std::uint64_t kHashPrime = (std::uint64_t{1} << 61) - 1;
constexpr std::uint64_t kHashStart = 1;

// The point of this process.
std::uint64_t hash_point();

// The hash of a sequence with one more number, which is below 2^61 - 1.
inline std::uint64_t hash_step(std::uint64_t hash, std::uint64_t point, std::uint64_t number) {
  __extension__ using Wide = unsigned __int128;
  const Wide product = Wide{hash} * point + number;
  const std::uint64_t folded = (static_cast<std::uint64_t>(product) & kHashPrime) +
                               static_cast<std::uint64_t>(product >> 61);
  return folded >= kHashPrime ? folded - kHashPrime : folded;
}

// The same for sequences up to kHashPowers numbers as a sum, number n times power n, in which no
// product waits for the one before. Numbers are below 2^61 - 1; a sequence's last is not 0.
__extension__ using HashSum = unsigned __int128;
constexpr std::size_t kHashPowers = 40;
const std::array<std::uint64_t, kHashPowers>& hash_powers();  // of the point, from the first

// The field's element that a sum below 2^124 stands for: four products, or more of small numbers.
inline std::uint64_t hash_fold(HashSum sum) {
  std::uint64_t folded =
      (static_cast<std::uint64_t>(sum) & kHashPrime) + static_cast<std::uint64_t>(sum >> 61);
  folded = (folded & kHashPrime) + (folded >> 61);
  return folded >= kHashPrime ? folded - kHashPrime : folded;
}

// Spreads the field's elements over 64 bits; one to one, so it adds no collision.
inline std::uint64_t hash_spread(std::uint64_t hash) {
  hash = (hash ^ hash >> 31) * 0x9e3779b97f4a7c15U;
  return (hash ^ hash >> 29) * 0xbf58476d1ce4e5b9U;
}

}  // namespace weir::filters
