// SPDX-License-Identifier: Apache-2.0
//
// Large objects: read while they are written, kept when they are finished, gone when they are not.
#include "proxy/store/large_object.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "tests/unit/store/disk_stage.h"

namespace weir::store {
namespace {

using namespace test;

constexpr std::size_t kSize = 1'000'000;
const Wanted kLarge{"http://a.test/large", "", "1", kSize};

void append_all(LargeObject& large, const std::string& bytes) {
  for (std::size_t at = 0; at < bytes.size(); at += 30'000) {
    large.append(block_of(bytes.substr(at, 30'000)));
  }
}

std::shared_ptr<const Body> finish(LargeObject& large) {
  std::promise<std::shared_ptr<const Body>> kept;
  large.finish([&](std::shared_ptr<const Body> body) { kept.set_value(std::move(body)); });
  return kept.get_future().get();
}

// Stores an entry of that one large body.
void store_large(DiskTier& tier, const Wanted& wanted) {
  const auto large = tier.begin_large(wanted.size);
  ASSERT_NE(large, nullptr);
  append_all(*large, wanted.bytes());
  auto entry = wanted.without_body();
  entry->runs.push_back({0, finish(*large)});
  ASSERT_NE(entry->runs[0].body, nullptr);
  tier.add(entry);
  flush(tier);
}

TEST(LargeObject, WhatHasBeenWrittenCanBeReadBeforeTheEndHasCome) {
  const Folder folder;
  const auto tier = open_tier(limits_in(folder));
  const auto large = tier->begin_large(0);
  std::string read;
  for (int n = 0; n < 20; ++n) {
    large->append(block_of(kLarge.bytes().substr(read.size(), 1000)));
    while (large->written() == read.size()) {
      std::this_thread::yield();
    }
    std::string piece(large->written() - read.size(), '\0');
    ASSERT_EQ(::pread(large->fd(), piece.data(), piece.size(), static_cast<off_t>(read.size())),
              static_cast<ssize_t>(piece.size()));
    read += piece;
  }
  EXPECT_EQ(read, kLarge.bytes().substr(0, 20'000));
  EXPECT_FALSE(large->failed());
}

TEST(LargeObject, FinishedItIsStoredAndFoundAgain) {
  const Folder folder;
  {
    const auto tier = open_tier(limits_in(folder));
    store_large(*tier, kLarge);
    EXPECT_TRUE(holds(*tier, kLarge));
  }
  ASSERT_EQ(folder.files("large-").size(), 1U);
  EXPECT_EQ(std::filesystem::file_size(folder.files("large-")[0]), kSize) << "nothing but the body";
  for (int start = 0; start < 2; ++start) {
    if (start == 1) {
      std::filesystem::remove(folder / "weir-cache.journal");
    }
    const auto tier = open_tier(limits_in(folder));
    EXPECT_TRUE(holds(*tier, kLarge));
    EXPECT_GE(tier->stats().bytes, kSize);
  }
}

TEST(LargeObject, AValidationSharesTheFile) {
  const Folder folder;
  const auto tier = open_tier(limits_in(folder));
  store_large(*tier, kLarge);
  Wanted newer = kLarge;
  newer.version = "2";
  auto entry = newer.without_body();
  entry->runs = load(*tier, kLarge.url).at(0)->runs;
  tier->add(entry);
  const auto found = load(*tier, kLarge.url);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0]->head_text, newer.head());
  EXPECT_EQ(text_of(*tier, found[0]), kLarge.bytes());
  EXPECT_EQ(folder.files("large-").size(), 1U);
}

TEST(LargeObject, ErasedTheFileGoesOnceNobodyReadsIt) {
  const Folder folder;
  const auto tier = open_tier(limits_in(folder));
  store_large(*tier, kLarge);
  auto entry = load(*tier, kLarge.url).at(0);
  tier->erase(kLarge.url);
  flush(*tier);
  EXPECT_EQ(text_of(*tier, entry), kLarge.bytes()) << "who has it may read on";
  entry.reset();
  flush(*tier);
  flush(*tier);
  EXPECT_TRUE(folder.files("large-").empty());
}

TEST(LargeObject, AbandonedItIsGoneAndStillReadable) {
  const Folder folder;
  const auto tier = open_tier(limits_in(folder));
  const auto large = tier->begin_large(kSize);
  append_all(*large, kLarge.bytes());
  large->abandon();
  large->abandon();
  flush(*tier);
  EXPECT_TRUE(large->failed());
  EXPECT_TRUE(folder.files("large-").empty());
  std::string bytes(kSize, '\0');
  EXPECT_EQ(::pread(large->fd(), bytes.data(), kSize, 0), static_cast<ssize_t>(kSize));
  EXPECT_EQ(bytes, kLarge.bytes());
  EXPECT_EQ(finish(*large), nullptr);
}

TEST(LargeObject, LetGoOfItIsAbandoned) {
  const Folder folder;
  const auto tier = open_tier(limits_in(folder));
  append_all(*tier->begin_large(0), kLarge.bytes());
  flush(*tier);
  flush(*tier);
  EXPECT_TRUE(folder.files("large-").empty());
}

TEST(LargeObject, FinishedAndNeverStoredItGoes) {
  const Folder folder;
  const auto tier = open_tier(limits_in(folder));
  {
    const auto large = tier->begin_large(0);
    append_all(*large, kLarge.bytes());
    EXPECT_NE(finish(*large), nullptr);
  }
  flush(*tier);
  flush(*tier);
  EXPECT_TRUE(folder.files("large-").empty());
}

TEST(LargeObject, LeftBehindByAnotherProcessItGoes) {
  const Folder folder;
  write_file(folder / "large-00000001", "half a body");
  const auto tier = open_tier(limits_in(folder));
  EXPECT_TRUE(folder.files("large-").empty());
}

TEST(LargeObject, BeyondTheLimitItFails) {
  const Folder folder;
  DiskLimits limits = limits_in(folder);
  limits.largest = 100'000;
  const auto tier = open_tier(limits);
  EXPECT_EQ(tier->begin_large(100'001), nullptr);
  const auto large = tier->begin_large(0);
  append_all(*large, kLarge.bytes());
  EXPECT_EQ(finish(*large), nullptr);
  EXPECT_TRUE(large->failed());
  EXPECT_LE(large->written(), 100'000U);
}

TEST(LargeObject, MoreThanMayWaitFailsIt) {
  const Folder folder;
  DiskLimits limits = limits_in(folder);
  limits.queue = 50'000;
  const auto tier = open_tier(limits);
  std::promise<void> go;
  ASSERT_TRUE(tier->run([held = go.get_future().share()] { held.wait(); }));
  const auto large = tier->begin_large(0);
  large->append(block_of(kLarge.bytes().substr(0, 30'000)));
  EXPECT_EQ(large->waiting(), 30'000U);
  large->append(block_of(kLarge.bytes().substr(30'000, 30'000)));
  EXPECT_TRUE(large->failed());
  go.set_value();
  flush(*tier);
  EXPECT_EQ(large->waiting(), 0U);
}

TEST(LargeObject, AnAlteredFileIsNotSent) {
  const Folder folder;
  {
    const auto tier = open_tier(limits_in(folder));
    store_large(*tier, kLarge);
  }
  std::string bytes = read_file(folder.files("large-").at(0));
  bytes[500'000] ^= 1;
  write_file(folder.files("large-").at(0), bytes);
  const auto tier = open_tier(limits_in(folder));
  const auto entry = load(*tier, kLarge.url).at(0);
  std::promise<bool> before;
  ASSERT_TRUE(
      tier->run([&] { before.set_value(entry->runs[0].body->extent()->prepare(0, 400'000)); }));
  EXPECT_TRUE(before.get_future().get());
  EXPECT_TRUE(entry->runs[0].body->extent()->ready(0, 400'000));
  EXPECT_FALSE(entry->runs[0].body->extent()->ready(450'000, 60'000));
  EXPECT_EQ(text_of(*tier, entry), "unreadable");
  EXPECT_TRUE(load(*tier, kLarge.url).empty());
}

TEST(LargeObject, ALargeFileThatIsCutOrGoneIsAMiss) {
  for (const bool gone : {false, true}) {
    const Folder folder;
    {
      const auto tier = open_tier(limits_in(folder));
      store_large(*tier, kLarge);
    }
    const auto path = folder.files("large-").at(0);
    gone ? (void)std::filesystem::remove(path) : std::filesystem::resize_file(path, kSize - 1);
    const auto tier = open_tier(limits_in(folder));
    EXPECT_TRUE(load(*tier, kLarge.url).empty());
    store_large(*tier, kLarge);
    EXPECT_TRUE(holds(*tier, kLarge));
  }
}

TEST(LargeObject, TheyAreEvictedToo) {
  const Folder folder;
  const auto tier = open_tier(limits_in(folder, 8 * kSize));
  Wanted wanted = kLarge;
  for (int n = 0; n < 30; ++n) {
    wanted.url = kLarge.url + std::to_string(n);
    store_large(*tier, wanted);
    EXPECT_LE(tier->stats().bytes, 8 * kSize);
  }
  EXPECT_TRUE(holds(*tier, wanted)) << "the last";
  EXPECT_LT(folder.files("large-").size(), 8U);
  EXPECT_GT(folder.files("large-").size(), 3U);
}

TEST(LargeObject, ItMayOutliveTheTier) {
  const Folder folder;
  std::shared_ptr<LargeObject> large;
  std::shared_ptr<const Body> body;
  {
    const auto tier = open_tier(limits_in(folder));
    large = tier->begin_large(0);
    large->append(block_of("some bytes"));
    store_large(*tier, kLarge);
    body = load(*tier, kLarge.url).at(0)->runs[0].body;
  }
  large->append(block_of("more"));
  EXPECT_TRUE(large->failed());
  EXPECT_EQ(finish(*large), nullptr);
  std::string bytes(kSize, '\0');
  EXPECT_EQ(::pread(body->extent()->fd(), bytes.data(), kSize, 0), static_cast<ssize_t>(kSize));
  EXPECT_EQ(bytes, kLarge.bytes());
}

}  // namespace
}  // namespace weir::store
