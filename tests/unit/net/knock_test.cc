// SPDX-License-Identifier: Apache-2.0
//
// A wait that another thread ends, with real threads and no clock.
#include "proxy/net/knock.h"

#include <gtest/gtest.h>

#include <memory>
#include <thread>
#include <utility>

#include "proxy/net/task.h"

namespace weir {
namespace {

struct Heard {
  bool done = false;
  bool rung = false;
};

Spawned begin(std::shared_ptr<Knock> knock, Instant until, Heard& heard) {
  const bool rung = co_await knock->wait(until);
  heard = {true, rung};
}

TEST(Knock, IsHeardAndNotFiledAfterwards) {
  Loop loop;
  Heard heard;
  auto knock = std::make_shared<Knock>(loop);
  begin(knock, loop.now() + 3600 * kSecond, heard);
  EXPECT_GE(loop.wheel().until_next(loop.now()), 0);
  std::thread([&knock] { Knock::ring(knock); }).join();
  loop.turn(-1);
  EXPECT_TRUE(heard.done && heard.rung);
  // Or another thread, letting go of it as the last, would take it out of a wheel that is not its
  // own.
  EXPECT_EQ(loop.wheel().until_next(loop.now()), -1);
  std::thread([last = std::move(knock)]() mutable { last.reset(); }).join();
}

TEST(Knock, ThatComesEarlyIsKeptForTheNextWait) {
  Loop loop;
  Heard heard;
  const auto knock = std::make_shared<Knock>(loop);
  std::thread([&knock] { Knock::ring(knock); }).join();
  begin(knock, loop.now() + 3600 * kSecond, heard);
  EXPECT_TRUE(heard.done && heard.rung);
}

TEST(Knock, ThatDoesNotComeIsMissedInTime) {
  Loop loop;
  Heard heard;
  const auto knock = std::make_shared<Knock>(loop);
  begin(knock, loop.now() + 1, heard);
  while (!heard.done) {
    loop.turn(-1);
  }
  EXPECT_FALSE(heard.rung);
  EXPECT_EQ(loop.wheel().until_next(loop.now()), -1);
}

}  // namespace
}  // namespace weir
