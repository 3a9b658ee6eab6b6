// SPDX-License-Identifier: Apache-2.0
#include "proxy/service/restarts.h"

#include <gtest/gtest.h>
#include <sysexits.h>

#include <csignal>

namespace weir {
namespace {

constexpr ProcessEnd kCrash{0, SIGSEGV, false};
constexpr ProcessLife kShort{kSecond, true, false};

TEST(RestartWait, GrowsToHalfAMinute) {
  const Micros expected[] = {0,          0,          250'000,    500'000,    1'000'000,
                             2'000'000,  4'000'000,  8'000'000,  16'000'000, 30'000'000,
                             30'000'000, 30'000'000, 30'000'000, 30'000'000};
  for (std::uint32_t deaths = 0; deaths < std::size(expected); ++deaths) {
    EXPECT_EQ(restart_wait(deaths), expected[deaths]) << deaths;
  }
  EXPECT_EQ(restart_wait(4'000'000'000U), 30 * kSecond);
}

TEST(Restarts, ARowOfDeathsIsBackedOffUntilOneHasLivedAWhile) {
  Restarts restarts;
  EXPECT_EQ(restarts.after(kCrash, kShort).wait, 0);
  EXPECT_EQ(restarts.after(kCrash, kShort).wait, 250 * kMillisecond);
  EXPECT_EQ(restarts.after(kCrash, kShort).wait, 500 * kMillisecond);
  const Restarts::Next next = restarts.after(kCrash, {Restarts::kLivedAWhile, true, false});
  EXPECT_TRUE(next.again);
  EXPECT_EQ(next.wait, 0);
  EXPECT_EQ(restarts.after(kCrash, kShort).wait, 250 * kMillisecond);
  EXPECT_EQ(restarts.count(), 5U);
}

TEST(Restarts, WhatDoesNotGoAwayIsFinal) {
  const struct {
    const char* what;
    ProcessEnd end;
    ProcessLife life;
    bool again;
    int exit_code;
  } cases[] = {
      {"a clean end", {EX_OK, 0, false}, kShort, false, EX_OK},
      {"usage", {EX_USAGE, 0, false}, kShort, false, EX_USAGE},
      {"a configuration half written", {EX_CONFIG, 0, false}, kShort, true, 0},
      {"a configuration never good", {EX_CONFIG, 0, false}, {0, false, false}, false, EX_CONFIG},
      {"a port that is taken now", {EX_UNAVAILABLE, 0, false}, kShort, true, 0},
      {"a port that was always taken", {EX_UNAVAILABLE, 0, false}, {0, false, false}, false, 69},
      {"a crash while starting", kCrash, {0, false, false}, true, 0},
      {"killed from outside", {0, SIGKILL, false}, kShort, true, 0},
      {"told to end, and did", {EX_OK, 0, false}, {kSecond, true, true}, false, EX_OK},
      {"told to end before it listened", {0, SIGTERM, false}, {0, false, true}, false, EX_OK},
      {"told to end, and crashed", kCrash, {kSecond, true, true}, false, EX_SOFTWARE},
  };
  for (const auto& each : cases) {
    const Restarts::Next next = Restarts().after(each.end, each.life);
    EXPECT_EQ(next.again, each.again) << each.what;
    EXPECT_EQ(next.exit_code, each.exit_code) << each.what;
  }
}

TEST(EndWords, NameTheSignal) {
  EXPECT_EQ(end_words({0, SIGSEGV, true}), "was killed by SIGSEGV (core dumped)");
  EXPECT_EQ(end_words({0, SIGKILL, false}), "was killed by SIGKILL");
  EXPECT_EQ(end_words({0, SIGRTMIN + 3, false}), "was killed by signal 37");
  EXPECT_EQ(end_words({70, 0, false}), "ended with exit code 70");
}

}  // namespace
}  // namespace weir
