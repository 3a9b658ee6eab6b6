// SPDX-License-Identifier: Apache-2.0
//
// Many threads at the disk tier, for the thread sanitizer's sake; and what each may rely on in the
// meantime.
#include <atomic>
#include <thread>

#include "tests/unit/store/disk_stage.h"

namespace weir::store {
namespace {

using namespace test;

constexpr int kRounds = 150;

// Everything found under any URL is some version of it, whole.
void expect_whole(DiskTier& tier, const std::string& url) {
  for (const auto& entry : load(tier, url)) {
    const std::string etag(entry->head.fields.lines.back().value);
    const Wanted wanted{url, entry->variant, etag.substr(1, etag.size() - 2),
                        static_cast<std::size_t>(entry->length)};
    const std::string text = text_of(tier, entry);
    EXPECT_TRUE(text == wanted.bytes()) << url;
  }
}

void store_and_erase(DiskTier& tier, int self) {
  const std::string own = "http://own.test/" + std::to_string(self);
  for (int n = 0; n < kRounds; ++n) {
    const std::string shared = "http://shared.test/" + std::to_string(n % 10);
    tier.add(Wanted{shared, self % 2 == 0 ? "gzip" : "", std::to_string(n), 3000}.entry());
    const Wanted mine{own, "", std::to_string(n), 2000};
    tier.add(mine.entry());
    EXPECT_TRUE(tier.may_have(own));
    EXPECT_TRUE(holds(tier, mine));
    tier.erase(own);
    EXPECT_FALSE(tier.may_have(own));
    EXPECT_TRUE(load(tier, own).empty());
    if (n % 5 == 0) {
      tier.erase(shared);
    }
    expect_whole(tier, shared);
  }
}

// One thread appends, another reads what has been written.
void write_and_read_large(DiskTier& tier) {
  for (int n = 0; n < 10; ++n) {
    const Wanted wanted{"http://large.test/" + std::to_string(n % 3), "", std::to_string(n),
                        300'000};
    const std::string bytes = wanted.bytes();
    const auto large = tier.begin_large(wanted.size);
    std::thread reader([large, &bytes] {
      for (std::uint64_t seen = 0; seen < bytes.size() && !large->failed();) {
        const std::uint64_t now = large->written();
        std::string piece(static_cast<std::size_t>(now - seen), '\0');
        if (now != seen) {
          EXPECT_EQ(::pread(large->fd(), piece.data(), piece.size(), static_cast<off_t>(seen)),
                    static_cast<ssize_t>(piece.size()));
          EXPECT_EQ(piece, bytes.substr(static_cast<std::size_t>(seen), piece.size()));
        }
        seen = now;
        std::this_thread::yield();
      }
    });
    for (std::size_t at = 0; at < bytes.size(); at += 20'000) {
      large->append(block_of(bytes.substr(at, 20'000)));
    }
    if (n % 4 == 3) {
      large->abandon();
    } else {
      large->finish([&tier, wanted](std::shared_ptr<const Body> body) {
        auto entry = wanted.without_body();
        entry->runs.push_back({0, std::move(body)});
        tier.add(entry);
      });
    }
    reader.join();
    expect_whole(tier, wanted.url);
  }
}

TEST(DiskThreads, StoreLoadEraseAndAskAtOnce) {
  const Folder folder;
  const auto tier = open_tier(limits_in(folder, 4 * 1024 * 1024));
  std::vector<std::thread> threads;
  std::atomic<bool> over = false;
  for (int self = 0; self < 4; ++self) {
    threads.emplace_back([&, self] { store_and_erase(*tier, self); });
  }
  threads.emplace_back([&] { write_and_read_large(*tier); });
  std::thread asker([&] {
    while (!over) {
      EXPECT_LE(tier->stats().bytes, 4U * 1024 * 1024);
      EXPECT_TRUE(tier->run([&] { tier->each([](const EntryPtr&) { return true; }); }));
      flush(*tier);
    }
  });
  for (auto& thread : threads) {
    thread.join();
  }
  over = true;
  asker.join();
  EXPECT_EQ(tier->stats().corrupt, 0U);
}

}  // namespace
}  // namespace weir::store
