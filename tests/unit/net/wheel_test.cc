// SPDX-License-Identifier: Apache-2.0
//
// Deadlines: never early, at most a tick and a turn late, however far away, pushed, cleared or
// destroyed; and random operations against a sorted map that is plainly right.
#include "proxy/net/wheel.h"

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <memory>
#include <random>
#include <vector>

namespace weir {
namespace {

constexpr Instant kStart{1'000'000'007};

struct Alarm : Deadline {
  explicit Alarm(std::function<void()> what = {}) : then(std::move(what)) {}
  ~Alarm() = default;
  void due() override {
    ++fired;
    EXPECT_FALSE(pending());
    if (then) {
      then();
    }
  }
  int fired = 0;
  std::function<void()> then;
};

TEST(Deadline, FiresNeverEarlyAndAtMostATickLate) {
  for (const Micros after :
       {Micros{0}, Micros{1}, Micros{999}, Wheel::kTick - 1, Wheel::kTick, Wheel::kTick + 1,
        10 * kSecond, Wheel::kTick * Wheel::kSlots - 1, Wheel::kTick * Wheel::kSlots,
        Wheel::kTick * Wheel::kSlots + 1, 60 * kSecond, 3600 * kSecond}) {
    Wheel wheel(kStart);
    Alarm alarm;
    const Instant at = kStart + after;
    alarm.set(wheel, at);
    Instant now = kStart;
    const Micros step = after < kSecond ? 100 : 5 * kMillisecond;
    while (alarm.fired == 0 && now <= at + Wheel::kTick + step) {
      now = now + step;
      wheel.tick(now);
    }
    ASSERT_EQ(alarm.fired, 1) << after;
    EXPECT_GE(now, at) << after;
    EXPECT_LE(now - at, Wheel::kTick + step) << after;
    wheel.tick(now + 7200 * kSecond);
    EXPECT_EQ(alarm.fired, 1) << after;
  }
}

TEST(Deadline, ThatLiesInThePastFiresAtTheNextTick) {
  Wheel wheel(kStart);
  Alarm alarm;
  alarm.set(wheel, Instant{1});
  wheel.tick(kStart + Wheel::kTick);
  EXPECT_EQ(alarm.fired, 1);
}

TEST(Deadline, FiresOnceAfterALongSleep) {
  Wheel wheel(kStart);
  std::vector<std::unique_ptr<Alarm>> alarms;
  for (int i = 0; i < 3000; ++i) {
    alarms.push_back(std::make_unique<Alarm>());
    alarms.back()->set(wheel, kStart + i * 7 * kMillisecond);
  }
  Alarm later;
  later.set(wheel, kStart + 7200 * kSecond);
  wheel.tick(kStart + 3600 * kSecond);
  for (const auto& alarm : alarms) {
    EXPECT_EQ(alarm->fired, 1);
  }
  EXPECT_EQ(later.fired, 0);
  wheel.tick(kStart + 7201 * kSecond);
  EXPECT_EQ(later.fired, 1);
}

TEST(Deadline, ThatIsClearedStaysSilentAndMayBeSetAgain) {
  Wheel wheel(kStart);
  Alarm alarm;
  alarm.set(wheel, kStart + kSecond);
  EXPECT_TRUE(alarm.pending());
  alarm.clear();
  EXPECT_FALSE(alarm.pending());
  wheel.tick(kStart + 2 * kSecond);
  EXPECT_EQ(alarm.fired, 0);
  EXPECT_EQ(wheel.until_next(kStart + 2 * kSecond), -1);
  alarm.set(wheel, kStart + 3 * kSecond);
  alarm.clear();
  alarm.set(wheel, kStart + 4 * kSecond);
  wheel.tick(kStart + 3 * kSecond + Wheel::kTick);
  EXPECT_EQ(alarm.fired, 0);
  wheel.tick(kStart + 4 * kSecond + Wheel::kTick);
  EXPECT_EQ(alarm.fired, 1);
}

TEST(Deadline, ThatIsPushedAwayFiresAtTheNewTimeOnly) {
  Wheel wheel(kStart);
  Alarm alarm;
  Instant now = kStart;
  for (int i = 0; i < 1000; ++i) {
    alarm.set(wheel, now + 100 * kMillisecond);
    now = now + 10 * kMillisecond;
    wheel.tick(now);
    ASSERT_EQ(alarm.fired, 0) << i;
  }
  wheel.tick(alarm.at());
  wheel.tick(now + 100 * kMillisecond + Wheel::kTick);
  EXPECT_EQ(alarm.fired, 1);
}

TEST(Deadline, ThatIsPulledNearerFiresThen) {
  Wheel wheel(kStart);
  Alarm alarm;
  for (const Micros after : {3600 * kSecond, 20 * kSecond, kSecond, 50 * kMillisecond}) {
    alarm.set(wheel, kStart + after);
  }
  wheel.tick(kStart + (50 * kMillisecond - 1));
  EXPECT_EQ(alarm.fired, 0);
  wheel.tick(kStart + 50 * kMillisecond + Wheel::kTick);
  EXPECT_EQ(alarm.fired, 1);
}

// Pushing away is lazy: the node stays where it is filed, so the wheel wakes up for it once.
TEST(Deadline, ThatIsPushedAwayIsNotFiledAgainBeforeItsOldTime) {
  Wheel wheel(kStart);
  Alarm alarm;
  alarm.set(wheel, kStart + kSecond);
  const Micros before = wheel.until_next(kStart);
  alarm.set(wheel, kStart + 2 * kSecond);
  EXPECT_EQ(wheel.until_next(kStart), before);
  wheel.tick(kStart + kSecond + Wheel::kTick);
  EXPECT_EQ(alarm.fired, 0);
  const Micros after = wheel.until_next(kStart + kSecond + Wheel::kTick);
  EXPECT_GE(after, kSecond - 2 * Wheel::kTick);
  EXPECT_LE(after, kSecond + Wheel::kTick);
}

TEST(Deadline, MaySetAgainOrDestroyItselfInsideDue) {
  Wheel wheel(kStart);
  Alarm periodic;
  Instant now = kStart;
  periodic.then = [&] { periodic.set(wheel, now + 100 * kMillisecond); };
  periodic.set(wheel, kStart + 100 * kMillisecond);
  auto mortal = std::make_unique<Alarm>();
  mortal->then = [&mortal] {
    const auto last = std::move(mortal);  // destroyed on return, with this very function
  };
  mortal->set(wheel, kStart + 100 * kMillisecond);
  for (int i = 0; i < 1200; ++i) {
    now = now + kMillisecond;
    wheel.tick(now);
  }
  EXPECT_GE(periodic.fired, 9);
  EXPECT_LE(periodic.fired, 12);
  EXPECT_EQ(mortal, nullptr);
}

// In one slot: each of five clears and destroys its neighbours when it fires first.
TEST(Deadline, MayClearAndDestroyOthersThatAreDueInTheSameTick) {
  for (int killer = 0; killer < 5; ++killer) {
    Wheel wheel(kStart);
    std::vector<std::unique_ptr<Alarm>> alarms(5);
    int fired = 0;
    for (auto& alarm : alarms) {
      alarm = std::make_unique<Alarm>([&fired] { ++fired; });
      alarm->set(wheel, kStart + kSecond);
    }
    alarms[static_cast<std::size_t>(killer)]->then = [&] {
      ++fired;
      for (std::size_t i = 0; i < alarms.size(); ++i) {
        if (static_cast<int>(i) != killer && alarms[i]) {
          i % 2 == 0 ? alarms[i]->clear() : alarms[i].reset();
        }
      }
    };
    wheel.tick(kStart + 2 * kSecond);
    EXPECT_GE(fired, 1);
    EXPECT_LE(fired, 5);
    EXPECT_EQ(alarms[static_cast<std::size_t>(killer)]->fired, 1);
    EXPECT_EQ(wheel.until_next(kStart + 2 * kSecond), -1);
  }
}

TEST(Wheel, KnowsHowLongItMaySleep) {
  Wheel wheel(kStart);
  EXPECT_EQ(wheel.until_next(kStart), -1);
  Alarm near;
  Alarm far;
  far.set(wheel, kStart + 3600 * kSecond);
  EXPECT_GT(wheel.until_next(kStart), 10 * kSecond);
  near.set(wheel, kStart + kSecond);
  const Micros wait = wheel.until_next(kStart);
  EXPECT_GE(wait, kSecond);
  EXPECT_LE(wait, kSecond + Wheel::kTick);
  EXPECT_EQ(wheel.until_next(kStart + 2 * kSecond), 0);  // overdue
}

TEST(Wheel, FiresEverythingWhenTickedOnlyWhenItAsksToBe) {
  Wheel wheel(kStart);
  std::mt19937 random(3);
  std::vector<std::unique_ptr<Alarm>> alarms;
  Instant now = kStart;
  for (int i = 0; i < 500; ++i) {
    const Instant at = now + static_cast<Micros>(random() % (100 * kSecond));
    alarms.push_back(std::make_unique<Alarm>([&now, at] {
      EXPECT_GE(now, at);
      EXPECT_LE(now - at, Wheel::kTick);
    }));
    alarms.back()->set(wheel, at);
  }
  for (Micros wait = 0; (wait = wheel.until_next(now)) >= 0;) {
    now = now + wait;
    wheel.tick(now);
  }
  for (const auto& alarm : alarms) {
    EXPECT_EQ(alarm->fired, 1);
  }
}

// Random setting, pushing, clearing, destroying and time jumps, some of it inside due(), against a
// map from deadline to time.
TEST(Wheel, AgreesWithASortedMap) {
  constexpr std::size_t kCount = 60;
  for (unsigned seed = 0; seed < 20; ++seed) {
    std::mt19937 random(seed);
    Wheel wheel(kStart);
    Instant now = kStart;
    std::vector<std::unique_ptr<Alarm>> alarms(kCount);
    std::map<std::size_t, Instant> model;
    const auto pick = [&random](std::uint64_t n) { return static_cast<std::size_t>(random() % n); };
    std::function<void(std::size_t)> change = [&](std::size_t i) {
      constexpr Micros kReach[] = {kMillisecond, 100 * kMillisecond, 5 * kSecond, 60 * kSecond};
      switch (pick(6)) {
        case 0:
          alarms[i]->clear();
          model.erase(i);
          break;
        case 1:
          alarms[i].reset();
          model.erase(i);
          break;
        default: {
          const Instant at =
              now + static_cast<Micros>(pick(static_cast<std::uint64_t>(kReach[pick(4)])));
          alarms[i]->set(wheel, at);
          model[i] = at;
        }
      }
    };
    for (int round = 0; round < 3000; ++round) {
      const std::size_t i = pick(kCount);
      if (!alarms[i]) {
        alarms[i] = std::make_unique<Alarm>();
        alarms[i]->then = [&, i] {
          ASSERT_TRUE(model.contains(i)) << "fired while not set";
          ASSERT_LE(model[i], now) << "early";
          model.erase(i);
          const std::size_t other = pick(kCount);
          if (other != i && alarms[other] && pick(3) == 0) {
            change(other);
          }
        };
      }
      change(i);
      now = now + static_cast<Micros>(pick(pick(50) == 0 ? 90 * kSecond : 40 * kMillisecond));
      wheel.tick(now);
      for (const auto& [which, at] : model) {
        // Set inside due() after its slot had gone by: it gets its tick from now.
        ASSERT_GE(at + 2 * Wheel::kTick, now) << "late: " << which << ", round " << round;
      }
    }
  }
}

}  // namespace
}  // namespace weir
