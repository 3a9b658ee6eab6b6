// SPDX-License-Identifier: Apache-2.0
//
// The offload pool and its awaitable, with real threads and no clock: latches hold a job where the
// test wants it, so that every order is forced and none is hoped for.
#include "proxy/net/offload.h"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <latch>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "proxy/net/task.h"

namespace weir {
namespace {

// Keeps the only thread of a pool busy until it is released.
class Blocker {
 public:
  explicit Blocker(Offload& offload) {
    const auto begun = std::make_shared<std::latch>(1);
    const auto job = [begun, hold = release_] {
      begun->count_down();
      hold->wait();
    };
    EXPECT_EQ(offload.submit(job), Failure::None);
    begun->wait();
  }
  ~Blocker() { release(); }
  void release() {
    if (!std::exchange(released_, true)) {
      release_->count_down();
    }
  }

 private:
  std::shared_ptr<std::latch> release_ = std::make_shared<std::latch>(1);  // the job's too
  bool released_ = false;
};

struct Seen {
  bool done = false;
  Failure outcome = Failure::Internal;
  std::thread::id worked_on;
  std::thread::id resumed_on;
};

Task<Failure> call_once(Offload& offload, Loop& loop, std::function<void()> work) {
  OffloadCall call(offload, loop, std::move(work));
  const Failure failed = co_await call;
  co_return failed;
}

Spawned observe(Offload& offload, Loop& loop, Seen& seen) {
  std::function<void()> work = [&seen] { seen.worked_on = std::this_thread::get_id(); };
  Task<Failure> task = call_once(offload, loop, std::move(work));
  seen.outcome = co_await task;
  seen.resumed_on = std::this_thread::get_id();
  seen.done = true;
}

void turn_until(Loop& loop, const bool& done) {
  while (!done) {
    loop.turn(-1);
  }
}

TEST(Offload, ACallRunsOnAnotherThreadAndComesBackToItsOwnLoop) {
  Loop loop;
  Offload offload(1, 4);
  Seen seen;
  observe(offload, loop, seen);
  EXPECT_FALSE(seen.done);
  turn_until(loop, seen.done);
  EXPECT_EQ(seen.outcome, Failure::None);
  EXPECT_NE(seen.worked_on, std::thread::id());
  EXPECT_NE(seen.worked_on, std::this_thread::get_id());
  EXPECT_EQ(seen.resumed_on, std::this_thread::get_id());
}

TEST(Offload, AFullQueueRefusesAtOnceAndTheCoroutineGoesOnWithoutWaiting) {
  Loop loop;
  Offload offload(1, 2);
  Blocker blocker(offload);
  std::array<Seen, 3> seen;
  for (Seen& each : seen) {
    observe(offload, loop, each);
  }
  EXPECT_FALSE(seen[0].done || seen[1].done);
  EXPECT_TRUE(seen[2].done);
  EXPECT_EQ(seen[2].outcome, Failure::Overloaded);
  EXPECT_EQ(seen[2].worked_on, std::thread::id());
  blocker.release();
  turn_until(loop, seen[0].done);
  turn_until(loop, seen[1].done);
  EXPECT_EQ(seen[0].outcome, Failure::None);
  EXPECT_EQ(seen[1].outcome, Failure::None);
}

TEST(Offload, AQueueThatWasFullTakesCallsAgain) {
  Loop loop;
  Offload offload(1, 1);
  for (int round = 0; round < 3; ++round) {
    Blocker blocker(offload);
    Seen queued;
    Seen refused;
    observe(offload, loop, queued);
    observe(offload, loop, refused);
    EXPECT_EQ(refused.outcome, Failure::Overloaded);
    blocker.release();
    turn_until(loop, queued.done);
    EXPECT_EQ(queued.outcome, Failure::None);
  }
}

TEST(Offload, AStoppedPoolRefuses) {
  Loop loop;
  Offload offload(1, 1);
  offload.stop();
  offload.stop();
  EXPECT_TRUE(offload.stopping());
  Seen seen;
  observe(offload, loop, seen);
  EXPECT_TRUE(seen.done);
  EXPECT_EQ(seen.outcome, Failure::ShuttingDown);
}

TEST(Offload, StoppingRunsEveryAcceptedJob) {
  std::atomic<int> ran = 0;
  {
    Offload offload(2, 1000);
    for (int i = 0; i < 100; ++i) {
      EXPECT_EQ(offload.submit([&ran] { ++ran; }), Failure::None);
    }
  }
  EXPECT_EQ(ran.load(), 100);
}

TEST(Offload, CallsThatWaitWhenThePoolStopsComeBackUndone) {
  Loop loop;
  Offload offload(1, 4);
  Blocker blocker(offload);
  std::array<Seen, 3> seen;
  for (Seen& each : seen) {
    observe(offload, loop, each);
  }
  std::thread stopper([&offload] { offload.stop(); });
  while (!offload.stopping()) {
    std::this_thread::yield();
  }
  blocker.release();
  stopper.join();
  for (Seen& each : seen) {
    turn_until(loop, each.done);
    EXPECT_EQ(each.outcome, Failure::ShuttingDown);
    EXPECT_EQ(each.worked_on, std::thread::id());
  }
}

TEST(Offload, DroppingATaskThatNeverStartedRunsNothing) {
  Loop loop;
  Offload offload(1, 1);
  bool ran = false;
  {
    const Task<Failure> task = call_once(offload, loop, [&ran] { ran = true; });
  }
  offload.stop();
  EXPECT_FALSE(ran);
}

// One worker of the stress test: many coroutines, each making calls one after the other.
struct Worker {
  Loop loop;
  std::uint64_t sum = 0;  // written on the loop's thread only
  std::uint64_t refused = 0;
  int running = 0;
};

Spawned make_calls(Offload& offload, Worker& worker, int calls) {
  ++worker.running;
  for (int i = 0; i < calls; ++i) {
    std::uint64_t made = 0;  // written by the pool, read after the call
    std::function<void()> work = [&made, i] { made = static_cast<std::uint64_t>(i); };
    Task<Failure> task = call_once(offload, worker.loop, std::move(work));
    const Failure failed = co_await task;
    worker.sum += made;
    worker.refused += failed == Failure::None ? 0 : 1;
  }
  --worker.running;
}

TEST(Offload, ManyWorkersShareOnePoolWithoutLosingACall) {
  constexpr int kWorkers = 3;
  constexpr int kTasks = 20;
  constexpr int kCalls = 50;
  std::array<Worker, kWorkers> workers;
  Offload offload(2, kWorkers * kTasks);
  std::vector<std::thread> threads;
  for (Worker& worker : workers) {
    threads.emplace_back([&offload, &worker] {
      for (int i = 0; i < kTasks; ++i) {
        make_calls(offload, worker, kCalls);
      }
      while (worker.running > 0) {
        worker.loop.turn(-1);
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  offload.stop();
  for (const Worker& worker : workers) {
    EXPECT_EQ(worker.sum, kTasks * kCalls * (kCalls - 1) / 2u);
    EXPECT_EQ(worker.refused, 0u);
  }
}

}  // namespace
}  // namespace weir
