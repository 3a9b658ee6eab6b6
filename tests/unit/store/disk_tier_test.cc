// SPDX-License-Identifier: Apache-2.0
//
// The disk tier as its users see it: what was stored is found, whole, also by the next process;
// what was erased is not.
#include "proxy/store/disk_tier.h"

#include "tests/unit/store/disk_stage.h"

namespace weir::store {
namespace {

using namespace test;

const std::string kUrl = "http://a.test/";

TEST(DiskTier, WhatWasStoredIsFound) {
  const Folder folder;
  const auto tier = open_tier(limits_in(folder));
  for (const std::size_t size : {0U, 1U, 7U, 8U, 65535U, 65536U, 65537U, 400'000U}) {
    const Wanted wanted{kUrl + std::to_string(size), "", "1", size};
    EXPECT_FALSE(tier->may_have(wanted.url));
    tier->add(wanted.entry());
    EXPECT_TRUE(tier->may_have(wanted.url));
    EXPECT_TRUE(holds(*tier, wanted)) << size;
  }
  EXPECT_EQ(tier->stats().entries, 8U);
}

TEST(DiskTier, TheNextProcessFindsIt) {
  const Folder folder;
  for (int start = 0; start < 4; ++start) {
    const auto tier = open_tier(limits_in(folder));
    for (int n = 0; n < start * 50; ++n) {
      EXPECT_TRUE(holds(*tier, {kUrl + std::to_string(n), "", std::to_string(n % 7)})) << n;
    }
    for (int n = start * 50; n < start * 50 + 50; ++n) {
      tier->add(Wanted{kUrl + std::to_string(n), "", std::to_string(n % 7)}.entry());
    }
    flush(*tier);
    EXPECT_EQ(tier->stats().entries, static_cast<unsigned>(start * 50 + 50));
  }
}

TEST(DiskTier, ALaterEntryTakesThePlaceOfTheSameVariantOnly) {
  const Folder folder;
  for (int round = 0; round < 2; ++round) {
    const auto tier = open_tier(limits_in(folder));
    if (round == 0) {
      tier->add(Wanted{kUrl, "gzip", "1"}.entry());
      tier->add(Wanted{kUrl, "br", "1"}.entry());
      tier->add(Wanted{kUrl, "gzip", "2"}.entry());
    }
    const auto found = load(*tier, kUrl);
    ASSERT_EQ(found.size(), 2U);
    EXPECT_EQ(found[0]->variant, "gzip") << "the most recent comes first";
    EXPECT_EQ(found[0]->vary, "accept-encoding");
    EXPECT_TRUE(holds(*tier, {kUrl, "gzip", "2"}));
    EXPECT_TRUE(holds(*tier, {kUrl, "br", "1"}));
  }
}

TEST(DiskTier, WhatWasErasedIsGoneAndStaysGone) {
  const Folder folder;
  {
    const auto tier = open_tier(limits_in(folder));
    tier->add(Wanted{kUrl + "kept"}.entry());
    tier->add(Wanted{kUrl, "gzip"}.entry());
    tier->add(Wanted{kUrl, "br"}.entry());
    flush(*tier);
    tier->erase(kUrl);
    EXPECT_FALSE(tier->may_have(kUrl));
    EXPECT_TRUE(load(*tier, kUrl).empty());
  }
  const auto tier = open_tier(limits_in(folder));
  EXPECT_FALSE(tier->may_have(kUrl));
  EXPECT_TRUE(holds(*tier, {kUrl + "kept"}));
}

TEST(DiskTier, AnErasureCountsForWhatIsQueuedAndNotForWhatComesAfter) {
  const Folder folder;
  const auto tier = open_tier(limits_in(folder));
  std::promise<void> go;
  ASSERT_TRUE(tier->run([held = go.get_future().share()] { held.wait(); }));
  tier->add(Wanted{kUrl, "", "1"}.entry());
  tier->erase(kUrl);
  EXPECT_FALSE(tier->may_have(kUrl));
  tier->add(Wanted{kUrl, "", "2"}.entry());
  tier->add(Wanted{kUrl + "x", "", "1"}.entry());
  tier->erase(kUrl + "x");
  EXPECT_TRUE(tier->may_have(kUrl));
  EXPECT_FALSE(tier->may_have(kUrl + "x"));
  go.set_value();
  EXPECT_TRUE(holds(*tier, {kUrl, "", "2"}));
  EXPECT_TRUE(load(*tier, kUrl + "x").empty());
}

TEST(DiskTier, AQueueThatIsFullDropsTheEntryAndWhatItWasToReplace) {
  const Folder folder;
  DiskLimits limits = limits_in(folder);
  limits.queue = 10'000;
  const auto tier = open_tier(limits);
  tier->add(Wanted{kUrl, "", "1"}.entry());
  EXPECT_TRUE(holds(*tier, {kUrl, "", "1"}));
  tier->add(Wanted{kUrl, "", "2", 20'000}.entry());
  EXPECT_FALSE(tier->may_have(kUrl));
  EXPECT_TRUE(load(*tier, kUrl).empty());
  EXPECT_EQ(tier->stats().dropped, 1U);
}

TEST(DiskTier, AnEntryWhoseBodyLiesOnTheDiskCanBeStoredAgain) {
  const Folder folder;
  const auto tier = open_tier(limits_in(folder));
  tier->add(Wanted{kUrl, "", "1", 100'000}.entry());
  const auto first = load(*tier, kUrl).at(0);
  auto again = Wanted{kUrl, "", "2", 100'000}.without_body();
  again->runs = first->runs;
  tier->add(again);
  const auto found = load(*tier, kUrl);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0]->head_text, again->head_text);
  EXPECT_EQ(text_of(*tier, found[0]), (Wanted{kUrl, "", "1", 100'000}.bytes()));
}

TEST(DiskTier, ThisVeryEntryIsForgottenAndNoLaterOne) {
  const Folder folder;
  const auto tier = open_tier(limits_in(folder));
  tier->add(Wanted{kUrl, "", "1"}.entry());
  const auto first = load(*tier, kUrl).at(0);
  tier->add(Wanted{kUrl, "", "2"}.entry());
  tier->erase(first);
  EXPECT_TRUE(holds(*tier, {kUrl, "", "2"}));
  tier->erase(load(*tier, kUrl).at(0));
  EXPECT_TRUE(load(*tier, kUrl).empty());
}

TEST(DiskTier, EachVisitsAllOfThem) {
  const Folder folder;
  const auto tier = open_tier(limits_in(folder));
  for (int n = 0; n < 100; ++n) {
    tier->add(Wanted{kUrl + std::to_string(n), "", std::to_string(n)}.entry());
  }
  std::vector<std::string> seen;
  int most = 10;
  ASSERT_TRUE(tier->run([&] {
    tier->each([&](const EntryPtr& entry) {
      seen.push_back(entry->url);
      return true;
    });
    tier->each([&](const EntryPtr&) { return --most != 0; });
  }));
  flush(*tier);
  std::ranges::sort(seen);
  EXPECT_EQ(seen.size(), 100U);
  EXPECT_EQ(std::ranges::unique(seen).size(), 0U);
  EXPECT_EQ(most, 0);
}

TEST(DiskTier, AScanLetsOthersPass) {
  const Folder folder;
  const auto tier = open_tier(limits_in(folder));
  for (int n = 0; n < 100; ++n) {
    tier->add(Wanted{kUrl + std::to_string(n)}.entry());
  }
  flush(*tier);
  int seen = 0;
  int seen_by_load = 0;
  std::promise<bool> whole;
  std::promise<void> go;
  ASSERT_TRUE(tier->run([held = go.get_future().share()] { held.wait(); }));
  tier->scan(
      [&](const EntryPtr&) {
        ++seen;
        return true;
      },
      [&](bool all) { whole.set_value(all); });
  tier->load(kUrl + "1", [&](const std::vector<EntryPtr>&) { seen_by_load = seen; });
  go.set_value();
  EXPECT_TRUE(whole.get_future().get());
  EXPECT_EQ(seen, 100);
  EXPECT_LT(seen_by_load, 50);
  std::promise<bool> part;
  tier->scan([](const EntryPtr&) { return false; }, [&](bool all) { part.set_value(all); });
  EXPECT_FALSE(part.get_future().get());
}

TEST(DiskTier, ASecondOpenerIsToldWhoIsThere) {
  const Folder folder;
  const auto tier = open_tier(limits_in(folder));
  const auto second = DiskTier::open(limits_in(folder));
  ASSERT_FALSE(second.has_value());
  EXPECT_NE(second.error().find("in use by process " + std::to_string(::getpid())),
            std::string::npos)
      << second.error();
}

TEST(DiskTier, ADirectoryThatCannotBeMadeIsASentence) {
  DiskLimits limits;
  limits.directory = "/proc/nowhere/cache";
  limits.bytes = 1 << 20;
  const auto tier = DiskTier::open(limits);
  ASSERT_FALSE(tier.has_value());
  EXPECT_NE(tier.error().find("cannot make the cache directory /proc/nowhere/cache"),
            std::string::npos);
}

TEST(DiskTier, VariantsOfOneUrlAreBounded) {
  const Folder folder;
  const auto tier = open_tier(limits_in(folder));
  for (int n = 0; n < 200; ++n) {
    tier->add(Wanted{kUrl, "v" + std::to_string(n)}.entry());
  }
  const auto found = load(*tier, kUrl);
  EXPECT_EQ(found.size(), 64U);
  EXPECT_EQ(found[0]->variant, "v199");
  EXPECT_TRUE(holds(*tier, {kUrl, "v136"}));
}

}  // namespace
}  // namespace weir::store
