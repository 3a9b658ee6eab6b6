// SPDX-License-Identifier: Apache-2.0
//
// Hashes of URLs: equal for equal texts wherever they lie, different otherwise, and spread.
#include "proxy/store/table_hash.h"

#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <set>
#include <string>

namespace weir::store {
namespace {

TEST(TableHash, EqualTextsHaveOneHashWhereverTheyLie) {
  const std::string text = "http://example.net/some/path?with=a&query";
  for (std::size_t length = 0; length <= text.size(); ++length) {
    const auto want = table_hash(text.substr(0, length));
    for (std::size_t shift = 0; shift < 9; ++shift) {
      // To the byte: reading on would be found by the address sanitizer.
      const auto room = std::make_unique<char[]>(length + shift);
      text.copy(room.get() + shift, length);
      EXPECT_EQ(table_hash({room.get() + shift, length}), want);
    }
  }
}

TEST(TableHash, WhatDiffersInOneByteOrInLengthDiffers) {
  std::set<std::uint64_t> seen;
  std::size_t texts = 0;
  for (std::size_t length = 0; length < 40; ++length) {
    const std::string zeros(length, '\0');
    seen.insert(table_hash(zeros));
    ++texts;
    for (std::size_t at = 0; at < length; ++at) {
      for (const char c : {'\1', 'a', '\xff'}) {
        auto other = zeros;
        other[at] = c;
        seen.insert(table_hash(other));
        ++texts;
      }
    }
  }
  EXPECT_EQ(seen.size(), texts);
}

TEST(TableHash, AnotherPointGivesOtherHashes) {
  EXPECT_NE(table_hash_at("http://a/", 12345), table_hash_at("http://a/", 54321));
  EXPECT_EQ(table_hash_at("http://a/", 12345), table_hash_at("http://a/", 12345));
}

TEST(TableHash, TheUpperBitsThatChooseAShardAreSpread) {
  std::array<int, 16> shards{};
  for (int n = 0; n < 16'000; ++n) {
    ++shards[table_hash_at("http://example.net/" + std::to_string(n), 987654321) >> 60];
  }
  for (const int each : shards) {
    EXPECT_GT(each, 850);
    EXPECT_LT(each, 1150);
  }
}

}  // namespace
}  // namespace weir::store
