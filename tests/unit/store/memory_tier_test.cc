// SPDX-License-Identifier: Apache-2.0
//
// The tier in memory: what is kept under a URL, and that it keeps within its bound.
#include "proxy/store/memory_tier.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "tests/unit/counted_new.h"

namespace weir::store {
namespace {

constexpr std::uint64_t kPlenty = std::uint64_t{1} << 30;

EntryPtr entry(std::string url, std::string variant = "", std::size_t bytes = 0) {
  auto out = std::make_shared<Entry>();
  out->url = std::move(url);
  out->variant = std::move(variant);
  if (bytes > 0) {
    auto block = std::make_shared<Block>(bytes);
    block->filled = bytes;
    out->length = bytes;
    out->runs.push_back({0, std::make_shared<const Body>(std::vector<BlockPtr>{block})});
  }
  return out;
}

GroupPtr find(MemoryTier& tier, std::string_view url) {
  return tier.find(url, MemoryTier::hash(url));
}

std::vector<EntryPtr> found(MemoryTier& tier, std::string_view url) {
  const auto group = find(tier, url);
  return group ? group->entries : std::vector<EntryPtr>{};
}

TEST(MemoryTier, WhatWasPutIsFoundUnderItsUrlOnly) {
  MemoryTier tier(kPlenty);
  const auto a = entry("http://a/");
  EXPECT_TRUE(tier.put(a));
  ASSERT_TRUE(find(tier, "http://a/"));
  EXPECT_EQ(find(tier, "http://a/")->url, "http://a/");
  EXPECT_EQ(found(tier, "http://a/"), std::vector{a});
  EXPECT_FALSE(find(tier, "http://b/"));
  EXPECT_EQ(tier.stats().hits, 3U);
  EXPECT_EQ(tier.stats().misses, 1U);
  EXPECT_EQ(tier.hits("http://a/"), 3U);
}

TEST(MemoryTier, AnEntryReplacesItsVariantAndStandsFirst) {
  MemoryTier tier(kPlenty);
  const auto a = entry("u", "a");
  const auto b = entry("u", "b");
  const auto newer = entry("u", "a");
  tier.put(a);
  tier.put(b);
  EXPECT_EQ(found(tier, "u"), (std::vector{b, a}));
  tier.put(newer);
  EXPECT_EQ(found(tier, "u"), (std::vector{newer, b}));
  EXPECT_EQ(tier.stats().entries, 2U);
  EXPECT_EQ(tier.stats().groups, 1U);
}

TEST(MemoryTier, OfTooManyVariantsTheOldestGoes) {
  MemoryTier tier(kPlenty);
  for (std::size_t n = 0; n < kMostVariants + 3; ++n) {
    tier.put(entry("u", std::to_string(n)));
  }
  const auto all = found(tier, "u");
  ASSERT_EQ(all.size(), kMostVariants);
  EXPECT_EQ(all.front()->variant, std::to_string(kMostVariants + 2));
  EXPECT_EQ(all.back()->variant, "3");
}

TEST(MemoryTier, AGroupThatSomebodyHoldsNeverChanges) {
  MemoryTier tier(kPlenty);
  const auto a = entry("u", "a");
  tier.put(a);
  const auto held = find(tier, "u");
  tier.put(entry("u", "b"));
  tier.erase("u");
  EXPECT_EQ(held->entries, std::vector{a});
}

TEST(MemoryTier, WhatComesFromDiskStandsBehindWhatIsThere) {
  MemoryTier tier(kPlenty);
  const auto newer = entry("u", "a");
  const auto older = entry("u", "a");
  const auto other = entry("u", "b");
  tier.put(newer);
  tier.put_group("u", {older, other});
  EXPECT_EQ(found(tier, "u"), (std::vector{newer, other}));
  tier.put_group("v", {entry("v", "x"), entry("v", "y")});
  EXPECT_EQ(found(tier, "v").size(), 2U);
  tier.put_group("w", {});
  EXPECT_FALSE(find(tier, "w"));
}

TEST(MemoryTier, WhatWasErasedDuringALoadDoesNotComeBackWithIt) {
  MemoryTier tier(kPlenty);
  const auto since = tier.erasures(MemoryTier::hash("u"));
  EXPECT_FALSE(tier.erase("u"));
  tier.put_group("u", {entry("u")}, since);
  EXPECT_FALSE(find(tier, "u"));
  EXPECT_FALSE(tier.put(entry("u"), since));
  EXPECT_FALSE(find(tier, "u"));
  tier.put_group("u", {entry("u")}, tier.erasures(MemoryTier::hash("u")));
  EXPECT_TRUE(find(tier, "u"));
}

TEST(MemoryTier, ErasingAUrlTakesAllVariantsAndErasingAnEntryThatOne) {
  MemoryTier tier(kPlenty);
  const auto a = entry("u", "a");
  const auto b = entry("u", "b");
  tier.put(a);
  tier.put(b);
  EXPECT_FALSE(tier.erase(entry("u", "a")));
  EXPECT_TRUE(tier.erase(a));
  EXPECT_FALSE(tier.erase(a));
  EXPECT_EQ(found(tier, "u"), std::vector{b});
  EXPECT_TRUE(tier.erase(b));
  EXPECT_FALSE(find(tier, "u"));
  tier.put(a);
  tier.put(b);
  EXPECT_TRUE(tier.erase("u"));
  EXPECT_FALSE(tier.erase("u"));
  EXPECT_EQ(tier.stats().bytes, 0U);
  EXPECT_EQ(tier.stats().entries, 0U);
  EXPECT_EQ(tier.stats().groups, 0U);
}

TEST(MemoryTier, OnlyWhatIsStillThereIsReplaced) {
  MemoryTier tier(kPlenty);
  const auto a = entry("u", "a");
  const auto b = entry("u", "b");
  const auto fresh = entry("u", "a");
  EXPECT_FALSE(tier.replace(a, fresh));
  tier.put(a);
  tier.put(b);
  EXPECT_TRUE(tier.replace(a, fresh));
  EXPECT_EQ(found(tier, "u"), (std::vector{fresh, b}));
  EXPECT_FALSE(tier.replace(a, entry("u", "a")));
  EXPECT_EQ(found(tier, "u"), (std::vector{fresh, b}));
}

TEST(MemoryTier, WhatIsTooLargeIsRefusedAndLeavesNothingOutOfDateBehind) {
  MemoryTier tier(1 << 20);
  const auto small = entry("u", "a", 1000);
  const auto other = entry("u", "b", 1000);
  tier.put(small);
  tier.put(other);
  EXPECT_FALSE(tier.replace(small, entry("u", "a", tier.largest())));
  EXPECT_EQ(found(tier, "u"), (std::vector{other, small}));
  EXPECT_FALSE(tier.put(entry("u", "a", tier.largest())));
  EXPECT_EQ(found(tier, "u"), std::vector{other});
  EXPECT_TRUE(tier.put(entry("v", "", tier.largest() - 2000)));
  EXPECT_EQ(found(tier, "v").size(), 1U);
}

TEST(MemoryTier, VariantsThatDoNotFitTogetherAreKeptFromTheMostRecent) {
  MemoryTier tier(1 << 20);
  for (const auto* variant : {"a", "b", "c", "d"}) {
    EXPECT_TRUE(tier.put(entry("u", variant, 50'000)));
  }
  const auto all = found(tier, "u");
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0]->variant, "d");
  EXPECT_EQ(all[1]->variant, "c");
}

TEST(MemoryTier, ATierWithoutRoomKeepsNothing) {
  MemoryTier tier(0);
  EXPECT_FALSE(tier.put(entry("u")));
  EXPECT_FALSE(find(tier, "u"));
}

TEST(MemoryTier, WhatIsAskedForOutlivesAScan) {
  MemoryTier tier(4 << 20);
  const auto url = [](int n) { return "http://popular/" + std::to_string(n); };
  for (int n = 0; n < 100; ++n) {
    tier.put(entry(url(n), "", 10'000));
    find(tier, url(n));
  }
  for (int n = 0; n < 5000; ++n) {
    tier.put(entry("http://scan/" + std::to_string(n), "", 10'000));
  }
  int left = 0;
  for (int n = 0; n < 100; ++n) {
    left += find(tier, url(n)) ? 1 : 0;
  }
  EXPECT_GE(left, 95);
  EXPECT_GT(tier.stats().evictions, 4000U);
  EXPECT_LE(tier.stats().bytes, tier.stats().limit);
}

TEST(MemoryTier, EachGroupIsVisitedAndMayBeErasedMeanwhile) {
  MemoryTier tier(kPlenty);
  for (int n = 0; n < 5000; ++n) {
    tier.put(entry(std::to_string(n)));
  }
  std::map<std::string, int> seen;
  const auto visits = tier.each([&](const GroupPtr& group) {
    ++seen[group->url];
    if (seen.size() % 2 == 0) {
      tier.erase(group->url);
    }
    return true;
  });
  EXPECT_EQ(seen.size(), 5000U);
  EXPECT_GE(visits, 5000U);
  EXPECT_EQ(tier.stats().groups, 2500U);
  EXPECT_EQ(tier.each([](const GroupPtr&) { return false; }), 1U);
}

TEST(MemoryTier, FindingTakesNothingFromTheHeap) {
  MemoryTier tier(kPlenty);
  tier.put(entry("http://example.net/a"));
  const auto key = MemoryTier::hash("http://example.net/a");
  const auto before = test::allocations();
  for (int n = 0; n < 100; ++n) {
    ASSERT_TRUE(tier.find("http://example.net/a", key));
    ASSERT_FALSE(tier.find("http://example.net/b", key));
  }
  EXPECT_EQ(test::allocations(), before);
}

// Random operations on few URLs, in a tier with little room and in one with plenty, beside a map.
class Model {
 public:
  Model(std::uint64_t bytes, std::uint64_t seed) : tier_(bytes), random_(seed) {}

  void step() {
    const auto url = "http://h/" + std::to_string(random_() % 40);
    if (!tier_.find(url, MemoryTier::hash(url))) {
      ASSERT_TRUE(there_[url].empty() || tier_.stats().evictions > 0) << "lost, not evicted";
      there_[url].clear();
    }
    act(url);
    check(url);
  }
  void check_all() {
    std::uint64_t entries = 0;
    std::uint64_t groups = 0;
    tier_.each([&](const GroupPtr& group) {
      entries += group->entries.size();
      ++groups;
      const auto& want = there_[group->url];
      EXPECT_TRUE(part_of(group->entries, want));
      return true;
    });
    const auto stats = tier_.stats();
    EXPECT_EQ(stats.entries, entries);
    EXPECT_EQ(stats.groups, groups);
  }
  std::uint64_t evictions() const { return tier_.stats().evictions; }

 private:
  EntryPtr fresh(const std::string& url) {
    return entry(url, std::to_string(random_() % 5), random_() % 20'000);
  }
  EntryPtr some(const std::vector<EntryPtr>& all) {
    return all.empty() ? nullptr : all[random_() % all.size()];
  }
  static void lead(std::vector<EntryPtr>& all, const EntryPtr& first) {
    std::erase_if(all, [&](const auto& e) { return e->variant == first->variant; });
    all.insert(all.begin(), first);
  }
  void act(const std::string& url) {
    auto& all = there_[url];
    const auto any = some(all);
    const auto what = random_() % 10;
    if (what < 5) {
      lead(all, fresh(url));
      ASSERT_TRUE(tier_.put(all.front()));
    } else if (what < 6) {
      const auto loaded = fresh(url);
      tier_.put_group(url, {loaded});
      if (std::ranges::none_of(all, [&](auto& e) { return e->variant == loaded->variant; })) {
        all.push_back(loaded);
      }
    } else if (what < 7) {
      ASSERT_EQ(tier_.erase(url), !all.empty());
      all.clear();
    } else if (what < 8 && any) {
      ASSERT_TRUE(tier_.erase(any));
      std::erase(all, any);
    } else if (any) {
      const auto validated = entry(url, any->variant, random_() % 20'000);
      const auto evicted = tier_.stats().evictions;
      if (tier_.replace(any, validated)) {
        lead(all, validated);
      } else {  // what made room was the very group
        ASSERT_GT(tier_.stats().evictions, evicted);
        all.clear();
      }
    }
  }
  // Whether `have` is `want`, perhaps without some.
  static bool part_of(const std::vector<EntryPtr>& have, const std::vector<EntryPtr>& want) {
    std::size_t at = 0;
    for (const auto& each : want) {
      at += at < have.size() && have[at] == each ? 1 : 0;
    }
    return at == have.size();
  }
  // What is kept is what the map has, but for what making room has taken.
  void check(const std::string& url) {
    const auto group = tier_.find(url, MemoryTier::hash(url));
    const auto have = group ? group->entries : std::vector<EntryPtr>{};
    auto& want = there_[url];
    ASSERT_TRUE(part_of(have, want));
    ASSERT_TRUE(have.size() == want.size() || tier_.stats().evictions > 0);
    want = have;
    ASSERT_LE(tier_.stats().bytes, tier_.stats().limit);
  }

  MemoryTier tier_;
  std::mt19937_64 random_;
  std::map<std::string, std::vector<EntryPtr>> there_;
};

TEST(MemoryTier, RandomOperationsAgreeWithAMap) {
  for (const std::uint64_t bytes : {kPlenty, std::uint64_t{1'000'000}}) {
    Model model(bytes, bytes);
    for (int n = 0; n < 20'000 && !testing::Test::HasFatalFailure(); ++n) {
      model.step();
    }
    model.check_all();
    EXPECT_EQ(model.evictions() > 0, bytes != kPlenty);
  }
}

}  // namespace
}  // namespace weir::store
