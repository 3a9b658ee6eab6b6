// SPDX-License-Identifier: Apache-2.0
//
// The ring between a worker and the log writer: every place where a record can meet the end of the
// ring, what happens when it is full, who wakes whom, and two threads at once (meant for the thread
// sanitizer).
#include "proxy/observe/log_ring.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>

#include "tests/unit/observe/sample.h"

namespace weir {
namespace {

std::string text_of(const LogRing::Batch& batch) {
  return std::string(batch.first) + std::string(batch.second);
}

TEST(LogRing, RoundsItsCapacityUp) {
  LogBell bell;
  EXPECT_EQ(LogRing(1, bell).capacity(), 4096u);
  EXPECT_EQ(LogRing(4097, bell).capacity(), 8192u);
}

TEST(LogRing, KeepsRecordsWholeAtEveryOffset) {
  LogBell bell;
  const std::string record = "0123456789abcdef\n";
  for (std::size_t offset = 0; offset < 4096; ++offset) {
    LogRing ring(4096, bell);
    if (offset != 0) {
      ASSERT_TRUE(ring.push(std::string(offset, 'x')));
      ring.release(offset);
    }
    ASSERT_TRUE(ring.push(record));
    ASSERT_TRUE(ring.push("next\n"));
    ASSERT_EQ(text_of(ring.peek()), record + "next\n") << offset;
    ring.release(record.size());
    ASSERT_EQ(text_of(ring.peek()), "next\n") << offset;
  }
}

TEST(LogRing, DropsAndCountsWhatDoesNotFit) {
  LogBell bell;
  LogRing ring(4096, bell);
  EXPECT_TRUE(ring.push(std::string(4095, 'a')));
  EXPECT_FALSE(ring.push("bc"));
  EXPECT_FALSE(ring.push("de"));
  EXPECT_TRUE(ring.push("f"));
  EXPECT_FALSE(ring.push("g"));
  EXPECT_EQ(ring.dropped(), 3u);
  EXPECT_EQ(ring.peek().size(), 4096u);
  ring.release(2);
  EXPECT_TRUE(ring.push("hi"));
  EXPECT_FALSE(ring.push(std::string(5000, 'x')));
  EXPECT_EQ(ring.dropped(), 4u);
}

TEST(LogRing, PushesWithoutAllocating) {
  LogBell bell;
  LogRing ring(4096, bell);
  const std::uint64_t before = test::allocations();
  for (int i = 0; i < 1000; ++i) {
    ring.push("a record of some length\n");
  }
  EXPECT_EQ(test::allocations(), before);
}

// A bell that was rung ends wait() at once; one that was not would wait for its full time.
TEST(LogRing, WakesASleeperOnceAndAGathererOnlyWhenHalfFull) {
  LogBell bell;
  LogRing ring(4096, bell);
  bell.set_sleep(LogBell::kAsleep);
  ring.push("first\n");
  bell.wait(-1);
  bell.set_sleep(LogBell::kGathering);
  while (ring.peek().size() <= ring.capacity() / 2) {
    ring.push("more\n");
  }
  bell.wait(-1);
}

TEST(LogRing, TwoThreadsSeeEveryRecordInOrder) {
  constexpr std::uint64_t kRecords = 100'000;
  LogBell bell;
  LogRing ring(8192, bell);
  std::thread producer([&ring] {
    for (std::uint64_t i = 0; i < kRecords;) {
      i += ring.push(std::to_string(i) + "\n") ? 1 : 0;
    }
  });
  std::uint64_t expected = 0;
  while (expected < kRecords) {
    bell.set_sleep(LogBell::kAsleep);
    if (ring.peek().empty()) {
      bell.wait(-1);
    }
    const std::string text = text_of(ring.peek());
    ASSERT_TRUE(text.empty() || text.back() == '\n');
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t end = text.find('\n', at);
      ASSERT_EQ(text.substr(at, end - at), std::to_string(expected));
      ++expected;
      at = end + 1;
    }
    ring.release(text.size());
  }
  producer.join();
}

}  // namespace
}  // namespace weir
