// SPDX-License-Identifier: Apache-2.0
//
// Limits on a clock of our own, with lanes that wake as late as they do on a real wheel: the rate
// is held, sharers get the same, a burst is a burst, and no number makes the sums wrap around.
#include "proxy/net/bandwidth.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <thread>
#include <vector>

namespace weir::test {
namespace {

constexpr std::uint64_t kKilo = 1000;
constexpr std::uint64_t kMega = 1000 * kKilo;
constexpr Instant kStart{5'000 * kSecond};

// One direction of a connection whose source never runs dry.
struct Lane {
  Throttle throttle;
  std::size_t read = 16 * 1024;  // the most that it takes at once
  std::uint64_t moved = 0;
  Instant wakes = kStart;
};

// The lanes of one or several workers. Each lane moves what it may and then sleeps until the first
// tick of its wheel at or after the time it was told, or up to `late` longer.
class Simulation {
 public:
  explicit Simulation(std::size_t lanes) : lanes_(lanes) {}
  Lane& operator[](std::size_t i) { return lanes_[i]; }
  std::size_t size() const { return lanes_.size(); }

  void add_to_all(const std::shared_ptr<Bucket>& bucket) {
    for (Lane& lane : lanes_) {
      EXPECT_TRUE(lane.throttle.add(bucket));
    }
  }

  void run_until(Instant end, Micros late = 0) {
    std::uniform_int_distribution<Micros> lateness(0, late);
    for (;;) {
      const auto first = std::min_element(lanes_.begin(), lanes_.end(),
                                          [](auto& a, auto& b) { return a.wakes < b.wakes; });
      if (first->wakes >= end) {
        return;
      }
      move(*first, first->wakes);
      constexpr Micros kTick = 16 * kMillisecond;
      const Instant told = first->throttle.next(first->wakes);
      EXPECT_GT(told, first->wakes);
      ++asked;
      first->wakes.us = (told.us + kTick - 1) / kTick * kTick + lateness(random_);
    }
  }

  std::uint64_t moved() const {
    std::uint64_t sum = 0;
    for (const Lane& lane : lanes_) {
      sum += lane.moved;
    }
    return sum;
  }

  std::uint64_t asked = 0;

 private:
  static void move(Lane& lane, Instant now) {
    for (std::size_t n = 0; (n = lane.throttle.allow(now, lane.read)) > 0;) {
      lane.throttle.spend(n);
      lane.moved += n;
    }
  }

  std::vector<Lane> lanes_;
  std::mt19937_64 random_{1};
};

std::shared_ptr<Bucket> bucket_of(std::uint64_t rate, std::uint64_t burst = 0) {
  return std::make_shared<Bucket>(Limit{rate, burst}, kStart);
}

double ratio(std::uint64_t a, std::uint64_t b) {
  return static_cast<double>(a) / static_cast<double>(b);
}

Instant after(Micros length) {
  return kStart + length;
}

TEST(Bandwidth, HoldsItsRateWhateverTheNumberOfConnections) {
  constexpr Micros kSeconds = 100;
  for (const std::uint64_t rate : {5 * kKilo, 100 * kKilo, kMega, 25 * kMega, 1000 * kMega}) {
    for (const std::size_t lanes : {1, 2, 10}) {
      SCOPED_TRACE(std::to_string(rate) + " with " + std::to_string(lanes));
      Simulation run(lanes);
      run.add_to_all(bucket_of(rate));
      run.run_until(after(kSecond));  // the first burst
      const std::uint64_t before = run.moved();
      run.run_until(after((kSeconds + 1) * kSecond));
      EXPECT_NEAR(ratio(run.moved() - before, rate * kSeconds), 1.0, 0.02);
    }
  }
}

TEST(Bandwidth, IsSharedFairlyByConnectionsThatWakeLateAndReadDifferently) {
  for (const std::uint64_t rate : {20 * kKilo, kMega, 100 * kMega}) {
    for (const std::size_t lanes : {2, 3, 10}) {
      SCOPED_TRACE(std::to_string(rate) + " with " + std::to_string(lanes));
      Simulation run(lanes);
      run.add_to_all(bucket_of(rate, rate / 10));
      for (std::size_t i = 0; i < lanes; ++i) {
        run[i].read = i % 2 == 0 ? 1460 : 256 * 1024;
      }
      // Without any lateness of their own, the same lane is always the first of a tick.
      run.run_until(after(60 * kSecond), rate == kMega ? 0 : 10 * kMillisecond);
      for (std::size_t i = 0; i < lanes; ++i) {
        EXPECT_NEAR(ratio(run[i].moved * lanes, run.moved()), 1.0, 0.1) << i;
      }
    }
  }
}

TEST(Bandwidth, GivesWhatOneConnectionDoesNotTakeToTheOthers) {
  Simulation run(3);
  run.add_to_all(bucket_of(kMega));
  EXPECT_TRUE(run[0].throttle.add(bucket_of(100 * kKilo)));
  run.run_until(after(60 * kSecond), 5 * kMillisecond);
  EXPECT_NEAR(ratio(run[0].moved, 60 * 100 * kKilo), 1.0, 0.05);
  EXPECT_NEAR(ratio(run.moved(), 61 * kMega), 1.0, 0.02);
  EXPECT_NEAR(ratio(run[1].moved, run[2].moved), 1.0, 0.05);
}

TEST(Bandwidth, IsBoundByTheTightestOfSeveralLimits) {
  Simulation run(4);
  run.add_to_all(bucket_of(kMega));
  for (std::size_t i = 0; i < run.size(); ++i) {
    EXPECT_TRUE(run[i].throttle.add(bucket_of(100 * kKilo)));
  }
  run.run_until(after(60 * kSecond));
  for (std::size_t i = 0; i < run.size(); ++i) {
    EXPECT_NEAR(ratio(run[i].moved, 61 * 100 * kKilo), 1.0, 0.02) << i;
  }
}

TEST(Bandwidth, AsksSeldom) {
  Simulation run(10);
  run.add_to_all(bucket_of(kMega));
  run.run_until(after(60 * kSecond));
  EXPECT_LT(run.asked, 60U * 50 + 100);  // a lap of 20 ms each
}

TEST(Bandwidth, LetsABurstGoAtOnceAndNoMore) {
  struct {
    std::uint64_t rate;
    std::uint64_t burst;
    std::uint64_t want;
  } const rows[] = {
      {kMega, 0, kMega},  // one second's worth
      {kMega, 5 * kMega, 5 * kMega},
      {kMega, 200 * kKilo, 200 * kKilo},
      {kMega, 1, 100 * kKilo},  // never less than a tenth of a second
      {100, 0, 100},
  };
  for (const auto& row : rows) {
    Simulation run(1);
    run.add_to_all(bucket_of(row.rate, row.burst));
    run.run_until(kStart + 1);
    EXPECT_NEAR(ratio(run.moved(), row.want), 1.0, 0.001) << row.rate << " " << row.burst;
  }
}

TEST(Bandwidth, FillsUpAgainWhileNobodyUsesIt) {
  const auto bucket = bucket_of(kMega, 500 * kKilo);
  const auto all_at = [&bucket](Instant now) {
    Throttle throttle;
    EXPECT_TRUE(throttle.add(bucket));
    std::uint64_t moved = 0;
    for (std::size_t n = 0; (n = throttle.allow(now, 4096)) > 0; moved += n) {
      throttle.spend(n);
    }
    return static_cast<double>(moved);
  };
  EXPECT_TRUE(bucket->full(kStart));
  EXPECT_NEAR(all_at(kStart), 500'000, 1000);
  EXPECT_FALSE(bucket->full(kStart));
  EXPECT_NEAR(all_at(kStart), 0, 1);
  EXPECT_NEAR(all_at(after(100 * kMillisecond)), 100'000, 1000);
  EXPECT_NEAR(all_at(after(3600 * kSecond)), 500'000, 1000);
  EXPECT_TRUE(bucket->full(after(7200 * kSecond)));
}

TEST(Bandwidth, TakesBackWhatWasBookedAndNotUsed) {
  const auto bucket = bucket_of(kMega);
  std::uint64_t moved = 0;
  for (int i = 0; i < 2000; ++i) {  // small answers, each under a throttle of its own
    Throttle throttle;
    EXPECT_TRUE(throttle.add(bucket));
    const std::size_t n = std::min<std::size_t>(throttle.allow(kStart, 16'384), 500);
    throttle.spend(n);
    moved += n;
  }
  EXPECT_NEAR(static_cast<double>(moved), 1e6, 2e4);
  Throttle throttle;
  EXPECT_TRUE(throttle.add(bucket));
  EXPECT_EQ(throttle.allow(kStart, 1), 0U);
  throttle.clear();
  EXPECT_FALSE(throttle.limited());
  EXPECT_EQ(throttle.allow(kStart, 1), 1U);
}

TEST(Bandwidth, FollowsAChangedLimit) {
  const auto bucket = bucket_of(10 * kKilo);
  Simulation run(2);
  run.add_to_all(bucket);
  run.run_until(after(5 * kSecond));
  bucket->change({kMega, 0}, after(5 * kSecond));
  const std::uint64_t before = run.moved();
  run.run_until(after(15 * kSecond));
  EXPECT_NEAR(ratio(run.moved() - before, 10 * kMega), 1.0, 0.05);
  bucket->change({10 * kKilo, 0}, after(15 * kSecond));
  const std::uint64_t fast = run.moved();
  run.run_until(after(45 * kSecond));
  EXPECT_NEAR(ratio(run.moved() - fast, 300 * kKilo), 1.0, 0.2);  // and what was saved up
}

TEST(Bandwidth, FreesThoseWhoWaitedUnderASlowerLimit) {
  const auto bucket = bucket_of(1);
  Throttle throttle;
  EXPECT_TRUE(throttle.add(bucket));
  for (int i = 0; i < 5; ++i) {
    throttle.spend(throttle.allow(kStart, 1));
  }
  EXPECT_EQ(throttle.allow(kStart, 1), 0U);
  bucket->change({kMega, 0}, kStart);
  EXPECT_LE(throttle.next(kStart), after(kSecond));
  EXPECT_GT(throttle.allow(after(kSecond), 4096), 0U);
}

TEST(Bandwidth, KeepsNoMoreThanFourLimits) {
  Throttle throttle;
  EXPECT_EQ(throttle.allow(kStart, 123), 123U);
  EXPECT_FALSE(throttle.limited());
  for (std::size_t i = 0; i < Throttle::kMost; ++i) {
    EXPECT_TRUE(throttle.add(bucket_of(kMega)));
  }
  EXPECT_FALSE(throttle.add(bucket_of(kMega)));
  EXPECT_TRUE(throttle.limited());
}

TEST(Bandwidth, NeverWrapsAround) {
  for (const std::uint64_t rate :
       {std::uint64_t{0}, std::uint64_t{1}, UINT64_MAX / 2, UINT64_MAX}) {
    for (const std::uint64_t burst : {std::uint64_t{0}, std::uint64_t{1}, UINT64_MAX}) {
      for (const Micros now :
           {Micros{1}, kStart.us, INT64_MAX - 1, INT64_MAX, INT64_MIN, Micros{-1}}) {
        const auto bucket = std::make_shared<Bucket>(Limit{rate, burst}, Instant{now});
        Throttle throttle;
        EXPECT_TRUE(throttle.add(bucket));
        for (int i = 0; i < 100; ++i) {
          const std::size_t n = throttle.allow(Instant{now}, SIZE_MAX);
          EXPECT_LE(n, std::max<std::uint64_t>(rate, 1));
          throttle.spend(n);
          EXPECT_GE(throttle.next(Instant{now}), Instant{now});
        }
        bucket->change({burst, rate}, Instant{now});
        throttle.spend(throttle.allow(Instant{now}, SIZE_MAX));
        (void)bucket->full(Instant{now});
      }
    }
  }
}

TEST(Bandwidth, IsOneBucketForEachNameOfARule) {
  Bandwidth all;
  const auto a = all.bucket("r", "a", {kMega, 0}, kStart);
  EXPECT_EQ(all.bucket("r", "a", {kMega, 0}, kStart), a);
  EXPECT_NE(all.bucket("r", "b", {kMega, 0}, kStart), a);
  EXPECT_NE(all.bucket("ra", "", {kMega, 0}, kStart), a);
  EXPECT_EQ(all.size(), 3U);
  const std::uint32_t age = a->age();
  EXPECT_EQ(all.bucket("r", "a", {2 * kMega, 0}, kStart), a);
  EXPECT_EQ(a->age(), age + 1);
}

TEST(Bandwidth, DropsBucketsThatNobodyUsesAndThatAreFull) {
  Bandwidth all;
  const auto used = all.bucket("r", "used", {kMega, 0}, kStart);
  auto emptied = all.bucket("r", "emptied", {kMega, 0}, kStart);
  for (int i = 0; i < 100; ++i) {
    (void)emptied->book(kStart);
  }
  emptied.reset();
  for (int i = 0; i < 1000; ++i) {
    (void)all.bucket("r", std::to_string(i), {kMega, 0}, kStart + i * 10 * kMillisecond);
  }
  EXPECT_LT(all.size(), 400U);
  EXPECT_EQ(all.bucket("r", "used", {kMega, 0}, kStart), used);
}

TEST(Bandwidth, KeepsTheDebtOfAClientThatComesBack) {
  Bandwidth all;
  auto bucket = all.bucket("r", "a", {kMega, 0}, kStart);
  while (bucket->book(kStart).due <= kStart) {
  }
  bucket.reset();
  for (int i = 0; i < 1000; ++i) {
    (void)all.bucket("r", std::to_string(i), {kMega, 0}, kStart);
  }
  Throttle throttle;
  EXPECT_TRUE(throttle.add(all.bucket("r", "a", {kMega, 0}, kStart)));
  EXPECT_EQ(throttle.allow(kStart, 1), 0U);
}

TEST(Bandwidth, IsExactWhenSeveralThreadsBook) {
  const auto bucket = bucket_of(kMega);
  std::atomic<std::uint64_t> granted{0};
  const auto book = [&] {
    for (int i = 0; i < 20'000; ++i) {
      const Bucket::Booking booking = bucket->book(kStart);
      granted += booking.due <= kStart ? booking.bytes : 0;
    }
  };
  std::thread other(book);
  book();
  other.join();
  EXPECT_EQ(granted, kMega);
  EXPECT_EQ(bucket->book(kStart).due, after((40'000 - 50 + 1) * Bucket::kLap));
}

}  // namespace
}  // namespace weir::test
