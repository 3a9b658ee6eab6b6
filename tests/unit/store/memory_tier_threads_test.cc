// SPDX-License-Identifier: Apache-2.0
//
// The tier in memory under several threads: for the thread sanitizer, and for sums that must hold
// when all have come home.
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "proxy/store/memory_tier.h"

namespace weir::store {
namespace {

constexpr std::uint64_t kBytes = 2'000'000;

EntryPtr entry(const std::string& url, std::uint64_t number) {
  auto out = std::make_shared<Entry>();
  out->url = url;
  out->variant = std::to_string(number % 3);
  auto block = std::make_shared<Block>(1 + number % 20'000);
  block->filled = block->capacity;
  out->length = block->filled;
  out->runs.push_back({0, std::make_shared<const Body>(std::vector<BlockPtr>{block})});
  return out;
}

void act(MemoryTier& tier, std::mt19937_64& random) {
  const auto url = "http://h/" + std::to_string(random() % 200);
  const auto key = MemoryTier::hash(url);
  const auto group = tier.find(url, key);
  if (group) {
    EXPECT_EQ(group->url, url);
    EXPECT_FALSE(group->entries.empty());
  }
  switch (random() % 10) {
    case 0:
      tier.erase(url);
      break;
    case 1:
      if (group) {
        tier.erase(group->entries.back());
      }
      break;
    case 2:
      if (group) {
        tier.replace(group->entries.front(), entry(url, random()));
      }
      break;
    case 3:
      tier.put_group(url, {entry(url, 0), entry(url, 1)}, tier.erasures(key));
      break;
    case 4:
    case 5:
    case 6:
      tier.put(entry(url, random()));
      break;
    default:
      break;
  }
}

TEST(MemoryTierThreads, WhateverManyDoAtOnceTheBoundHoldsAndTheSumsAreRight) {
  MemoryTier tier(kBytes);
  std::atomic<bool> stop{false};
  std::thread watcher([&] {
    while (!stop) {
      EXPECT_LE(tier.stats().bytes, 16 * kBytes);  // parts are read one after the other
      tier.each([](const GroupPtr& group) {
        EXPECT_FALSE(group->entries.empty());
        return true;
      });
    }
  });
  std::vector<std::thread> threads;
  for (unsigned seed = 0; seed < 4; ++seed) {
    threads.emplace_back([&tier, seed] {
      std::mt19937_64 random(seed);
      for (int n = 0; n < 5000; ++n) {
        act(tier, random);
      }
    });
  }
  for (auto& each : threads) {
    each.join();
  }
  stop = true;
  watcher.join();
  std::uint64_t entries = 0;
  std::vector<std::string> urls;
  tier.each([&](const GroupPtr& group) {
    entries += group->entries.size();
    urls.push_back(group->url);
    return true;
  });
  EXPECT_EQ(tier.stats().entries, entries);
  EXPECT_EQ(tier.stats().groups, urls.size());
  EXPECT_LE(tier.stats().bytes, kBytes);
  EXPECT_GT(tier.stats().evictions, 0U);
  for (const auto& url : urls) {
    EXPECT_TRUE(tier.erase(url));
  }
  EXPECT_EQ(tier.stats().bytes, 0U);
  // What is charged for and no longer kept would leave less room.
  EXPECT_TRUE(tier.put(entry("http://h/", 1)));
}

TEST(MemoryTierThreads, AnEntryIsReplacedByOneOfTheManyWhoTry) {
  MemoryTier tier(kBytes);
  for (int round = 0; round < 200; ++round) {
    const auto old = entry("u", 0);
    tier.put(old);
    std::atomic<int> replaced{0};
    std::vector<std::thread> threads;
    for (int n = 0; n < 3; ++n) {
      threads.emplace_back([&] { replaced += tier.replace(old, entry("u", 0)) ? 1 : 0; });
    }
    for (auto& each : threads) {
      each.join();
    }
    ASSERT_EQ(replaced, 1);
  }
}

}  // namespace
}  // namespace weir::store
