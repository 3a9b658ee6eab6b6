// SPDX-License-Identifier: Apache-2.0
//
// Loops that show themselves alive, one that stands still, and where its thread then is.
#include "proxy/pipeline/watchdog.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "proxy/pipeline/service_reports.h"
#include "proxy/pipeline/stack_trace.h"
#include "proxy/pipeline/status.h"

namespace weir {
namespace {

using testing::HasSubstr;

std::string joined(const std::vector<std::string>& lines) {
  std::string out;
  for (const std::string& line : lines) {
    out += line + "\n";
  }
  return out;
}

TEST(Watchdog, LooksOftenOnlyForWhoeverAsksForSignsOfLife) {
  EXPECT_EQ(pause_between_looks(0), kSecond);
  EXPECT_EQ(pause_between_looks(10 * kSecond), kSecond);
  EXPECT_EQ(pause_between_looks(kSecond), kSecond / 2);
  EXPECT_EQ(pause_between_looks(1), 20 * kMillisecond);
}

// A thread that does nothing until it is let go.
class Sleeper {
 public:
  Sleeper() : thread_([this] { spin(); }) {
    while (!here_) {
      std::this_thread::yield();
    }
  }
  ~Sleeper() {
    go_ = true;
    thread_.join();
  }
  pthread_t handle() { return thread_.native_handle(); }

 private:
  __attribute__((noinline)) void spin() {
    here_ = true;
    while (!go_) {
      std::this_thread::yield();
    }
  }
  std::atomic<bool> here_{false};
  std::atomic<bool> go_{false};
  std::thread thread_;
};

TEST(Heartbeat, ComesOnceASecondAndCountsItsLateness) {
  Loop loop;
  Metrics metrics;
  Heartbeat heart(loop, metrics);
  EXPECT_FALSE(heart.last().set());
  heart.begin();
  const Instant first = heart.last();
  EXPECT_TRUE(first.set());
  while (heart.last() == first) {
    loop.turn(-1);
  }
  EXPECT_NEAR(static_cast<double>(heart.last() - first), 1e6, 0.9e6);
  std::uint64_t beats = 0;
  for (std::size_t i = 0; i < kFine.buckets(); ++i) {
    beats += metrics.cell(metric::LoopLag.first + i);
  }
  EXPECT_EQ(beats, 1u);
  heart.clear();
}

TEST(StackOf, TellsWhereAnotherThreadIs) {
  prepare_stack_traces();
  Sleeper sleeper;
  for (int i = 0; i < 3; ++i) {
    const auto stack = stack_of(sleeper.handle(), 20 * kSecond);
    ASSERT_GE(stack.size(), 2u);
    EXPECT_THAT(joined(stack), HasSubstr("unit_pipeline"));
  }
}

class Watching : public testing::Test {
 protected:
  Watching() {
    prepare_stack_traces();
    heart.begin();
    dog.watch(heart, sleeper.handle());
  }
  // A look each second, from then until then, told from the last beat.
  std::string look(int from, int to) {
    testing::internal::CaptureStderr();
    for (int second = from; second <= to; ++second) {
      dog.look(heart.last() + second * kSecond);
    }
    return testing::internal::GetCapturedStderr();
  }
  std::uint64_t stalls() const { return dog.metrics().value(metric::LoopStalls); }

  Loop loop;
  Metrics metrics;
  Heartbeat heart{loop, metrics};
  Sleeper sleeper;
  Watchdog dog;
};

TEST_F(Watching, TellsOnceOfALoopThatStandsStill) {
  EXPECT_EQ(look(0, 5), "");
  EXPECT_EQ(stalls(), 0u);
  const std::string said = look(6, 6);
  EXPECT_THAT(said, HasSubstr("worker 0 has not shown itself alive for 6 s"));
  EXPECT_THAT(said, HasSubstr("worker 0 is in "));
  EXPECT_EQ(look(7, 20), "");
  EXPECT_EQ(stalls(), 1u);
  EXPECT_THAT(look(-1, 0), HasSubstr("worker 0 turns again"));
}

TEST_F(Watching, SaysNothingWhenItStoodStillItself) {
  look(0, 1);
  EXPECT_EQ(look(100, 100), "");
  EXPECT_EQ(stalls(), 0u);
}

TEST_F(Watching, SaysNothingOfALoopThatHasEnded) {
  heart.end();
  EXPECT_EQ(look(0, 30), "");
}

}  // namespace
}  // namespace weir
