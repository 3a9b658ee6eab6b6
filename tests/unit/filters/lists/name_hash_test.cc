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
Suffixes suffixes_of(std::string_view name, std::uint64_t start = kHashStart) {
  const std::vector<char> own(name.begin(), name.end());
  Suffixes out;
  each_suffix(
      {own.data(), own.size()},
      [&out](std::uint64_t hash, std::size_t at) { out.emplace_back(at, hash); }, start);
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
  EXPECT_NE(suffixes_of("google")[0].second, suffixes_of("google", kHashStart + 1)[0].second);
  EXPECT_EQ(suffixes_of("").size(), 1U) << "one label, which is empty";
}

TEST(EachLabel, GivesEachLabelAsIfItStoodAlone) {
  const std::string name = "a-label-of-some-length.b..example";
  std::vector<std::string> labels;
  each_label(
      name,
      [&](std::uint64_t hash, std::size_t at) {
        const auto end = std::min(name.find('.', at), name.size());
        labels.push_back(name.substr(at, end - at));
        EXPECT_EQ(hash, suffixes_of(labels.back())[0].second) << labels.back();
      },
      kHashStart);
  EXPECT_EQ(labels, (std::vector<std::string>{"example", "", "b", "a-label-of-some-length"}));
}

}  // namespace
}  // namespace weir::filters
