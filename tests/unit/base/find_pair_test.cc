// SPDX-License-Identifier: Apache-2.0
//
// Sixteen bytes at a time must give what a byte at a time does.
#include "proxy/base/find_pair.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

namespace weir {
namespace {

TEST(FindPair, FindsWhatASearchByByteFinds) {
  std::mt19937 random(1);
  for (std::size_t size = 0; size < 70; ++size) {
    for (int turn = 0; turn < 40; ++turn) {
      // A vector of its own, so that reading beyond its end is seen.
      std::vector<char> bytes(size);
      for (char& c : bytes) {
        c = "abcd\xff"[random() % 5];
      }
      const std::string_view text(bytes.data(), bytes.size());
      for (std::size_t from = 0; from <= size; ++from) {
        ASSERT_EQ(find_pair(text, 'a', 'b', from), text.find("ab", from)) << text << " " << from;
        ASSERT_EQ(find_pair(text, 'c', 'c', from), text.find("cc", from)) << text << " " << from;
        ASSERT_EQ(find_pair(text, '\xff', 'a', from), text.find("\xff"
                                                                "a",
                                                                from));
      }
    }
  }
}

TEST(FindPair, FindsOneAtEveryPlace) {
  for (std::size_t size = 2; size < 80; ++size) {
    for (std::size_t at = 0; at + 1 < size; ++at) {
      std::string text(size, '-');
      text.replace(at, 2, "xy");
      ASSERT_EQ(find_pair(text, 'x', 'y'), at);
      ASSERT_EQ(find_pair(text, 'x', 'y', at), at);
      ASSERT_EQ(find_pair(text, 'x', 'y', at + 1), std::string_view::npos);
    }
  }
}

TEST(Vector, TellsClassesOfBytes) {
  std::string all(256, '\0');
  for (unsigned c = 0; c < 256; ++c) {
    all[c] = static_cast<char>(c);
  }
  for (unsigned at = 0; at < 256; at += sizeof(Vector)) {
    const auto bits = bit_mask(in_range(load_vector(all.data() + at), 'a', 'z'));
    for (unsigned i = 0; i < sizeof(Vector); ++i) {
      EXPECT_EQ((bits >> i & 1U) != 0, at + i >= 'a' && at + i <= 'z') << at + i;
    }
    EXPECT_EQ(any_of(in_range(load_vector(all.data() + at), 'a', 'z')), bits != 0);
  }
}

}  // namespace
}  // namespace weir
