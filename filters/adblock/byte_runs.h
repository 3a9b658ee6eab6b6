// SPDX-License-Identifier: Apache-2.0
//
// Runs of bytes, each of a set and of some length: what expressions are taken for to see their
// ends.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <vector>

namespace weir::adblock {

// A set of bytes.
class ByteSet {
 public:
  void add(unsigned char c) { words_[c / 64] |= 1ULL << (c % 64); }
  void add(unsigned char from, unsigned char to) {
    for (unsigned c = from; c <= to; ++c) {
      add(static_cast<unsigned char>(c));
    }
  }
  void add(const ByteSet& other);
  void invert();
  void fold();  // ASCII letters in both cases
  // Bytes beyond ASCII all or none: their case is left to RE2. True: that has added some.
  bool blur();
  bool has(char c) const {
    const auto byte = static_cast<unsigned char>(c);
    return (words_[byte / 64] >> (byte % 64) & 1U) != 0;
  }
  bool meets(const ByteSet& other) const;
  bool operator==(const ByteSet&) const = default;

 private:
  std::array<std::uint64_t, 4> words_{};
};

// `least` to `most` bytes of the set; kNoLimit: any number.
struct ByteRun {
  static constexpr std::uint16_t kNoLimit = UINT16_MAX;
  ByteSet set;
  std::uint16_t least = 1;
  std::uint16_t most = 1;

  bool varies() const { return least != most; }
  // This and what follows it, in any order.
  void add(const ByteRun& next);
  void repeat(unsigned from, unsigned to);
};

// The same runs, or ones that let more through, such that each takes all bytes it can: one of no
// fixed length and one behind it that could take its bytes are made one.
std::vector<ByteRun> joined(std::span<const ByteRun> runs);

}  // namespace weir::adblock
