// SPDX-License-Identifier: Apache-2.0
//
// Both tiers as operators see them, what is remembered of answers not kept, and what a GET would
// get.
#include "proxy/store/inventory.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "proxy/store/outlook.h"

namespace weir::store {
namespace {

using Kind = Scope::Kind;

constexpr WallTime kNow{1'000'000 * kSecond};

std::shared_ptr<Entry> made(std::string url, const std::string& fields = "") {
  auto out = std::make_shared<Entry>();
  out->url = std::move(url);
  out->head_text = "HTTP/1.1 200 OK\r\n" + fields + "\r\n";
  EXPECT_TRUE(parse_head(*out));
  out->freshness.received = WallTime{kNow.us - 10 * kSecond};
  out->freshness.date = kNow.us / kSecond - 10;
  out->freshness.lifetime = 60;
  out->freshness.from = cache::LifetimeFrom::MaxAge;
  return out;
}

template <class T>
T wait(const PendingPtr<T>& pending) {
  for (;;) {
    if (auto value = pending->take()) {
      return std::move(*value);
    }
    std::this_thread::yield();
  }
}

// Two tiers: "both" is in both, "memory" and "disk" in one.
class Tiers : public testing::Test {
 protected:
  Tiers() {
    char name[] = "/tmp/weir-inventory-XXXXXX";
    folder_ = ::mkdtemp(name);
    DiskLimits limits;
    limits.directory = folder_;
    limits.bytes = 64 << 20;
    limits.largest = 8 << 20;
    auto opened = DiskTier::open(limits);
    EXPECT_TRUE(opened.has_value());
    disk_ = std::move(*opened);
    for (const auto* url : {"http://both.test:80/", "http://memory.test:80/"}) {
      memory_.put(made(url, "Cache-Tag: here\r\n"));
    }
    for (const auto* url : {"http://both.test:80/", "http://disk.test:80/"}) {
      disk_->add(made(url, "Cache-Tag: there\r\n"));
    }
  }
  ~Tiers() override {
    inventory().close();
    disk_.reset();
    std::filesystem::remove_all(folder_);
  }
  Inventory& inventory() {
    if (!inventory_) {
      inventory_ = std::make_unique<Inventory>(memory_, disk_.get(), reasons_);
    }
    return *inventory_;
  }
  std::vector<std::uint64_t> purge(const Scope& scope, bool dry = false) {
    const auto purged = wait(inventory().purge(scope, dry));
    return {purged.urls, purged.in_memory, purged.on_disk};
  }
  bool anywhere(const std::string& url) {
    return memory_.peek(url, MemoryTier::hash(url)) || disk_->may_have(url);
  }

  std::string folder_;
  MemoryTier memory_{64 << 20};
  std::unique_ptr<DiskTier> disk_;
  RecentReasons reasons_;
  std::unique_ptr<Inventory> inventory_;
};

using Sums = std::vector<std::uint64_t>;

TEST_F(Tiers, ADryRunCountsAndForgetsNothing) {
  EXPECT_EQ(purge({Kind::All, ""}, true), (Sums{3, 2, 2}));
  EXPECT_TRUE(anywhere("http://both.test:80/"));
  EXPECT_TRUE(anywhere("http://disk.test:80/"));
  EXPECT_EQ(purge({Kind::All, ""}), (Sums{3, 2, 2}));
  for (const auto* url :
       {"http://both.test:80/", "http://disk.test:80/", "http://memory.test:80/"}) {
    EXPECT_FALSE(anywhere(url)) << url;
  }
  EXPECT_EQ(purge({Kind::All, ""}), (Sums{0, 0, 0}));
}

TEST_F(Tiers, WhatIsPurgedGoesFromBothTiersAndTheRestStays) {
  EXPECT_EQ(purge({Kind::Url, "http://both.test:80/"}), (Sums{1, 1, 1}));
  EXPECT_FALSE(anywhere("http://both.test:80/"));
  EXPECT_EQ(purge({Kind::Host, "disk.test"}), (Sums{1, 0, 1}));
  EXPECT_FALSE(anywhere("http://disk.test:80/"));
  EXPECT_TRUE(anywhere("http://memory.test:80/"));
  EXPECT_EQ(purge({Kind::Prefix, "http://mem"}), (Sums{1, 1, 0}));
}

TEST_F(Tiers, AUrlGoesWholeWhenOneOfItsTiersHasTheTag) {
  EXPECT_EQ(purge({Kind::Tag, "there"}), (Sums{2, 1, 2}));
  EXPECT_FALSE(anywhere("http://both.test:80/"));
  EXPECT_TRUE(anywhere("http://memory.test:80/"));
}

TEST_F(Tiers, APurgeOvertakesWhatIsBeingFetched) {
  const std::string url = "http://late.test:80/";
  const auto since = memory_.erasures(MemoryTier::hash(url));
  purge({Kind::Host, "elsewhere.test"});
  EXPECT_FALSE(memory_.put(made(url), since));
}

TEST_F(Tiers, LookingSaysWhereEachVariantIs) {
  const auto both = wait(inventory().look("http://both.test:80/"));
  ASSERT_EQ(both.size(), 1U);
  EXPECT_TRUE(both[0].in_memory && both[0].on_disk);
  const auto disk = wait(inventory().look("http://disk.test:80/"));
  ASSERT_EQ(disk.size(), 1U);
  EXPECT_TRUE(!disk[0].in_memory && disk[0].on_disk);
  EXPECT_EQ(disk[0].entry->head.status, 200);
  EXPECT_TRUE(wait(inventory().look("http://none.test:80/")).empty());
}

TEST_F(Tiers, AListHasEveryEntryOnce) {
  std::vector<std::string> urls;
  MemoryTier::Walk walk;
  while (inventory().list_memory(walk, {}, [&](const Kept& kept) {
    urls.push_back(kept.entry->url + (kept.on_disk ? " also on disk" : ""));
  })) {
  }
  std::ranges::sort(urls);
  EXPECT_EQ(urls, (std::vector<std::string>{"http://both.test:80/ also on disk",
                                            "http://memory.test:80/"}));
  const auto append = [](const Kept& kept, std::string& out) { out += kept.entry->url + "\n"; };
  EXPECT_EQ(wait(inventory().list_disk({}, 10, append)), "http://disk.test:80/\n");
  EXPECT_EQ(wait(inventory().list_disk({}, 0, append)), "");
}

TEST_F(Tiers, AfterTheDiskIsClosedTheRestGoesOn) {
  inventory().close();
  EXPECT_FALSE(inventory().disk_stats());
  EXPECT_EQ(wait(inventory().look("http://both.test:80/")).size(), 1U);
  EXPECT_EQ(purge({Kind::All, ""}), (Sums{2, 2, 0}));
}

TEST(Outlook, SaysWhatAPlainGetWouldGet) {
  EXPECT_EQ(outlook({}, kNow).reason, cache::Reason::Absent);
  const auto entry = made("u");
  const std::vector<EntryPtr> stored = {entry};
  auto found = outlook(stored, kNow);
  EXPECT_EQ(found.what, Outlook::What::Serve);
  EXPECT_EQ(found.reason, cache::Reason::Fresh);
  EXPECT_EQ(found.age, 10U);
  EXPECT_EQ(found.ttl, 50);
  entry->freshness.lifetime = 5;
  found = outlook(stored, kNow);
  EXPECT_EQ(found.what, Outlook::What::Validate);
  EXPECT_EQ(found.reason, cache::Reason::Stale);
  entry->freshness.stale_while_revalidate = 60;
  EXPECT_EQ(outlook(stored, kNow).what, Outlook::What::ServeAndAsk);
  entry->vary = "accept";
  entry->variant = "+text/html\n";
  EXPECT_EQ(outlook(stored, kNow).reason, cache::Reason::OtherVariant);
  entry->vary = entry->variant = "";
  entry->length = 100;  // of which nothing is there
  EXPECT_EQ(outlook(stored, kNow).reason, cache::Reason::OtherPart);
}

TEST(RecentReasons, RemembersTheLatestOfEachUrlAndForgetsTheOldest) {
  RecentReasons reasons;
  EXPECT_FALSE(reasons.last(16));
  EXPECT_FALSE(reasons.last(0));
  reasons.note(16, cache::Reason::NoStore, WallTime{1});
  reasons.note(16, cache::Reason::Private, WallTime{2});
  ASSERT_TRUE(reasons.last(16));
  EXPECT_EQ(reasons.last(16)->reason, cache::Reason::Private);
  EXPECT_EQ(reasons.last(16)->at.us, 2);
  for (std::uint64_t n = 1; n <= RecentReasons::kMost; ++n) {
    reasons.note(16 + n, cache::Reason::NoStore, WallTime{3});
  }
  EXPECT_FALSE(reasons.last(16));
  EXPECT_TRUE(reasons.last(17));
}

}  // namespace
}  // namespace weir::store
