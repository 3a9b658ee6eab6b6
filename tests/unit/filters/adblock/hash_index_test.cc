// SPDX-License-Identifier: Apache-2.0
//
// Under each key lies what was put there, for each purpose apart and in order; keys that the index
// cannot tell apart have each other's, too.
#include "filters/adblock/hash_index.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <vector>

namespace weir::adblock {
namespace {

using Index = HashIndex<NameEntry>;
using Ids = std::vector<std::uint32_t>;
using Put = std::map<std::pair<std::uint64_t, Purpose>, Ids>;

const std::vector<int> kFilters(1);  // only ever brought nearer

Ids under(const Index& index, std::uint64_t key, Purpose purpose) {
  Ids out;
  if (index.may_hold(key)) {
    index.each(index.find(key, kFilters.data()), purpose, [&out](const NameEntry& entry) {
      out.push_back(entry.filter);
      return false;
    });
  }
  return out;
}

bool has_all_in_order(const Ids& found, const Ids& put) {
  auto at = found.begin();
  return std::ranges::all_of(put, [&](std::uint32_t id) {
    at = std::find(at, found.end(), id);
    return at != found.end();
  });
}

Index build(const Put& put) {
  std::vector<Index::Keyed> all;
  for (const auto& [where, ids] : put) {
    for (const std::uint32_t id : ids) {
      all.push_back({where.first, where.second, NameEntry(id, 1)});
    }
  }
  Index index;
  index.build(all);
  return index;
}

TEST(HashIndex, FindsWhatLiesUnderEachKey) {
  std::mt19937_64 random(1);
  Put put;
  std::vector<std::uint64_t> keys(20'000);
  std::ranges::generate(keys, random);
  for (std::uint32_t id = 0; id < 50'000; ++id) {
    put[{keys[random() % keys.size()], static_cast<Purpose>(random() % kPurposes)}].push_back(id);
  }
  const Index index = build(put);
  std::size_t more = 0;
  for (const auto& [where, ids] : put) {
    const Ids found = under(index, where.first, where.second);
    ASSERT_TRUE(has_all_in_order(found, ids));
    more += found.size() - ids.size();
  }
  EXPECT_LT(more, 500U) << "few keys share a slot";
  std::size_t wrong = 0;
  for (int i = 0; i < 10'000; ++i) {
    wrong += under(index, random(), Purpose::Block).size();
  }
  EXPECT_LT(wrong, 100U);
}

TEST(HashIndex, KeysThatLookTheSameHaveEachOthers) {
  // The same slot and the same check: the bits between are all that differ.
  constexpr std::uint64_t kKey = 0x1234'5000'0000'7000;
  constexpr std::uint64_t kOther = kKey | std::uint64_t{1} << 40;
  const Index index = build({{{kKey, Purpose::Block}, {1, 2}},
                             {{kKey, Purpose::Field}, {3}},
                             {{kOther, Purpose::Block}, {4}},
                             {{kOther, Purpose::Except}, {5}}});
  for (const std::uint64_t key : {kKey, kOther}) {
    EXPECT_TRUE(has_all_in_order(under(index, key, Purpose::Block), {1, 2, 4}));
    EXPECT_EQ(under(index, key, Purpose::Except), Ids{5});
    EXPECT_EQ(under(index, key, Purpose::Field), Ids{3});
    EXPECT_EQ(under(index, key, Purpose::Param), Ids{});
  }
}

TEST(HashIndex, StopsWhereItIsTold) {
  const Index index = build({{{7, Purpose::Block}, {1, 2, 3}}});
  Ids seen;
  EXPECT_TRUE(index.each(index.find(7, kFilters.data()), Purpose::Block, [&](const NameEntry& one) {
    seen.push_back(one.filter);
    return one.filter == 2;
  }));
  EXPECT_EQ(seen, (Ids{1, 2}));
}

TEST(HashIndex, OfNothingHasNothing) {
  const Index index = build({});
  EXPECT_EQ(under(index, 0, Purpose::Block), Ids{});
  EXPECT_EQ(under(index, ~0ULL, Purpose::Field), Ids{});
}

}  // namespace
}  // namespace weir::adblock
