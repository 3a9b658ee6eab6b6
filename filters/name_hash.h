// SPDX-License-Identifier: Apache-2.0
//
// Host names as keyed hashes (keyed_hash.h). A name is hashed from its end, so that the hashes of
// all its parents come out on the way. It is cut into pieces of seven bytes wherever its labels
// end: the sums of all pieces take no branch that depends on the name, and no product waits for the
// one before. Two different texts are two different sequences of numbers.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "filters/keyed_hash.h"
#include "proxy/base/host.h"
#include "proxy/base/vector.h"

namespace weir::filters {
namespace detail {

constexpr std::size_t kWord = sizeof(std::uint64_t);
constexpr std::size_t kPiece = 7;  // bytes that fit into one number of the hash
static_assert(kHostNameLimit / kPiece < kHashPowers);

inline std::uint64_t low_bytes(std::size_t count) {
  return (std::uint64_t{1} << (8 * count)) - 1;
}

// The bytes left of `end` read backwards, the last one lowest, zeros where the name has no more.
// `text` has eight bytes at least.
inline std::uint64_t piece_before(const char* text, std::size_t end) {
  const std::size_t from = std::max(end, kWord) - kWord;
  const std::size_t half = 4 * (kWord - (end - from));  // in two: no shift goes by 64
  return __builtin_bswap64(load_word(text + from)) >> half >> half & low_bytes(kPiece);
}

// One bit for each byte of a piece: is it a dot?
inline std::uint64_t dots_of(std::uint64_t piece) {
  constexpr std::uint64_t kLow = 0x7f7f7f7f7f7f7f7fU;
  const std::uint64_t other = piece ^ 0x2e2e2e2e2e2e2e2eU;
  const std::uint64_t highest = ~(((other & kLow) + kLow) | other | kLow);
  return (highest >> 7) * 0x0102040810204000U >> 56;  // brings bit 8i to bit i
}

// Eight pieces of a name from its end, or all to its beginning, each with the sum of what stands
// right of it.
class Pieces {
 public:
  static constexpr std::size_t kMost = 8;
  static constexpr std::size_t kBytes = kMost * kPiece;

  std::array<std::uint64_t, kMost> piece;
  std::array<HashSum, kMost> right;
  std::uint64_t begins;  // bit n: a suffix that has n of these bytes begins here

  // Those left of `end`. `sum` is that of what stands right of it, and then with them.
  Pieces(const char* text, std::size_t end, const std::uint64_t* powers, HashSum& sum) {
    std::uint64_t found = end < kBytes ? std::uint64_t{1} << end : 0;
    HashSum before = sum;
    const std::size_t count = std::min(end / kPiece + 1, kMost);
    for (std::size_t n = 0; n < count; ++n) {
      piece[n] = piece_before(text, end - n * kPiece);
      right[n] = before;
      found |= dots_of(piece[n]) << (kPiece * n);
      before += HashSum{piece[n]} * powers[n];
    }
    begins = found;
    sum = before;
  }

  // The hash of such a suffix. Its last number, of none to six bytes, says how many they are, and
  // no other number does; so two different names are two different sequences.
  std::uint64_t suffix(std::size_t bytes, const std::uint64_t* powers) const {
    const std::size_t n = bytes / kPiece;
    const std::size_t size = bytes % kPiece;
    const std::uint64_t last = (piece[n] & low_bytes(size)) | (size + 1) << (8 * kPiece);
    return hash_spread(hash_fold(right[n] + HashSum{last} * powers[n]));
  }
};

}  // namespace detail

// Calls use(hash, where it begins) for every suffix of whole labels that has `least` bytes or more,
// the shortest first. `name` is no longer than a host may be. What is hashed with another `start`
// is another thing.
template <class Use>
void each_suffix(std::string_view name, std::size_t least, std::uint64_t start, Use use) {
  const std::uint64_t* powers = hash_powers().data();
  std::array<char, sizeof(std::uint64_t)> copy{};
  const char* text = name.data();
  if (name.size() < copy.size()) {
    std::ranges::copy(name, copy.begin());
    text = copy.data();
  }
  HashSum sum = start;
  for (std::size_t end = name.size();;
       end -= detail::Pieces::kBytes, powers += detail::Pieces::kMost) {
    const detail::Pieces pieces(text, end, powers, sum);
    const std::size_t skip = least - std::min(least, name.size() - end);
    std::uint64_t begins = skip <= detail::Pieces::kBytes ? pieces.begins >> skip << skip : 0;
    for (; begins != 0; begins &= begins - 1) {
      const auto bytes = static_cast<std::size_t>(std::countr_zero(begins));
      use(pieces.suffix(bytes, powers), end - bytes);
    }
    if (end < detail::Pieces::kBytes) {
      return;
    }
  }
}

// Of a text of any length. It has nothing to do with the hash of a name.
inline std::uint64_t text_hash(std::string_view text, std::uint64_t start = kHashStart) {
  const std::uint64_t point = hash_point();
  while (!text.empty()) {
    const std::size_t size = std::min(text.size(), detail::kPiece);
    std::uint64_t piece = 0;
    std::memcpy(&piece, text.data(), size);
    start = hash_step(start, point, piece | std::uint64_t{size} << 56);
    text.remove_prefix(size);
  }
  return hash_spread(start);
}

}  // namespace weir::filters
