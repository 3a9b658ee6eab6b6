// SPDX-License-Identifier: Apache-2.0
//
// The hashes of a name's parents: one for each text, wherever it stands.
#include "filters/name_hash.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>
#include <vector>

namespace weir::filters {
namespace {

using Suffixes = std::vector<std::pair<std::size_t, std::uint64_t>>;

// `name` in memory of its own, so that reading outside of it is seen.
Suffixes suffixes_of(std::string_view name, std::uint64_t start = 0) {
  const std::vector<char> own(name.begin(), name.end());
  Suffixes out;
  each_suffix({own.data(), own.size()}, 0, start,
              [&out](std::uint64_t hash, std::size_t at) { out.emplace_back(at, hash); });
  return out;
}

std::vector<std::size_t> where_labels_begin(std::string_view name) {
  std::vector<std::size_t> out;
  for (std::size_t i = name.size(); i-- > 0;) {
    if (name[i] == '.') {
      out.push_back(i + 1);
    }
  }
  out.push_back(0);
  return out;
}

TEST(EachSuffix, GivesOneHashForATextWhereverItStands) {
  std::mt19937 random(1);
  std::map<std::string, std::uint64_t> known;
  std::map<std::uint64_t, std::string> texts;
  for (int turn = 0; turn < 20'000; ++turn) {
    std::string name(random() % 30, ' ');
    for (char& c : name) {
      c = "ab\0/..-"[random() % 7];
    }
    const Suffixes got = suffixes_of(name);
    const auto begins = where_labels_begin(name);
    ASSERT_EQ(got.size(), begins.size()) << name;
    for (std::size_t i = 0; i < got.size(); ++i) {
      ASSERT_EQ(got[i].first, begins[i]) << name;
      const std::string suffix = name.substr(begins[i]);
      const auto [at, fresh] = known.emplace(suffix, got[i].second);
      ASSERT_EQ(at->second, got[i].second) << suffix;
      ASSERT_EQ(texts.emplace(got[i].second, suffix).first->second, suffix);
    }
  }
  EXPECT_GT(known.size(), 10'000U);
}

TEST(EachSuffix, TellsLabelsOfEveryLengthApart) {
  std::map<std::uint64_t, std::string> texts;
  for (std::size_t first = 0; first < 40; ++first) {
    for (std::size_t second = 0; second < 40; ++second) {
      const std::string name = std::string(first, 'a') + "." + std::string(second, 'a');
      ASSERT_TRUE(texts.emplace(suffixes_of(name).back().second, name).second) << name;
    }
  }
}

TEST(EachSuffix, IsAnotherThingFromAnotherStart) {
  EXPECT_NE(suffixes_of("google")[0].second, suffixes_of("google", 1)[0].second);
  EXPECT_EQ(suffixes_of("").size(), 1U) << "one label, which is empty";
}

TEST(TextHash, TellsTextsApart) {
  std::map<std::uint64_t, std::string> texts;
  for (std::size_t size = 0; size < 300; ++size) {
    std::string text(size, '\0');
    ASSERT_TRUE(texts.emplace(text_hash(text), text).second) << size;
    for (std::size_t i = 0; i < size; ++i) {
      text[i] = 'a';
      ASSERT_TRUE(texts.emplace(text_hash(text), text).second) << size << " " << i;
      text[i] = '\0';
    }
  }
  EXPECT_NE(text_hash("a"), text_hash("a", kHashStart + 1));
}

}  // namespace
}  // namespace weir::filters
