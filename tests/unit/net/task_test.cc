// SPDX-License-Identifier: Apache-2.0
//
// Tasks: those that never wait finish on the caller's stack, those that wait resume whoever awaits
// them, frames are used again, and a spawned root frees itself.
#include "proxy/net/task.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>

#include <string>
#include <thread>
#include <vector>

namespace weir {
namespace {

// Something to wait for, opened by hand.
struct Gate {
  bool await_ready() const noexcept { return open; }
  void await_suspend(std::coroutine_handle<> h) { waiter = h; }
  void await_resume() const noexcept {}
  void let_through() {
    open = true;
    if (waiter) {
      std::exchange(waiter, nullptr).resume();
    }
  }
  bool open = false;
  std::coroutine_handle<> waiter;
};

Task<int> answer(int value) {
  co_return value;
}

Task<int> answer_behind(Gate& gate, int value) {
  co_await gate;
  co_return value;
}

Task<int> add(Gate& left, Gate& right) {
  const int a = co_await answer_behind(left, 40);
  const int b = co_await answer_behind(right, 2);
  co_return a + b;
}

Spawned deliver(Task<int> task, int& out) {
  out = co_await task;
}

TEST(Task, ThatNeverWaitsIsDoneAtOnce) {
  int got = 0;
  deliver(answer(7), got);
  EXPECT_EQ(got, 7);
}

TEST(Task, DoesNothingBeforeItIsStarted) {
  Gate gate;
  {
    const Task<int> dropped = answer_behind(gate, 1);
    EXPECT_TRUE(dropped.valid());
    EXPECT_FALSE(dropped.done());
  }
  EXPECT_FALSE(gate.waiter);
}

TEST(Task, ThatWaitsResumesWhoeverAwaitsIt) {
  Gate left;
  Gate right;
  int got = 0;
  deliver(add(left, right), got);
  EXPECT_TRUE(left.waiter);
  EXPECT_FALSE(right.waiter);
  left.let_through();
  EXPECT_EQ(got, 0);
  EXPECT_TRUE(right.waiter);
  right.let_through();
  EXPECT_EQ(got, 42);
}

TEST(Task, MayBeStartedNowAndAwaitedLater) {
  Gate gate;
  Task<int> early = answer_behind(gate, 5);
  early.start();
  EXPECT_TRUE(gate.waiter);
  EXPECT_FALSE(early.done());
  early.start();  // no second run
  gate.let_through();
  EXPECT_TRUE(early.done());
  int got = 0;
  deliver(std::move(early), got);
  EXPECT_EQ(got, 5);
}

TEST(Task, IsStartedAndAwaitedWhileItWaits) {
  Gate gate;
  Task<int> early = answer_behind(gate, 5);
  early.start();
  int got = 0;
  deliver(std::move(early), got);
  EXPECT_EQ(got, 0);
  gate.let_through();
  EXPECT_EQ(got, 5);
}

TEST(Task, MovesAndForgetsItsFrame) {
  Task<int> a = answer(1);
  Task<int> b = std::move(a);
  EXPECT_FALSE(a.valid());  // NOLINT(bugprone-use-after-move)
  EXPECT_TRUE(a.done());
  EXPECT_TRUE(b.valid());
  b = answer(2);
  Task<int>& same = b;
  b = std::move(same);
  int got = 0;
  deliver(std::move(b), got);
  EXPECT_EQ(got, 2);
  EXPECT_FALSE(Task<int>().valid());
}

Task<std::unique_ptr<std::string>> owned(Gate& gate) {
  auto text = std::make_unique<std::string>("moved, never copied");
  co_await gate;
  co_return text;
}

Spawned take_owned(Gate& gate, std::string& out) {
  const auto text = co_await owned(gate);
  out = *text;
}

TEST(Task, HandsOverWhatCanOnlyBeMoved) {
  Gate gate;
  std::string got;
  take_owned(gate, got);
  gate.let_through();
  EXPECT_EQ(got, "moved, never copied");
}

Task<int> nest(int depth, Gate& gate) {
  if (depth == 0) {
    co_await gate;
    co_return 0;
  }
  const int below = co_await nest(depth - 1, gate);
  co_return below + 1;
}

TEST(Task, NestsAThousandDeepWithAndWithoutWaiting) {
  for (const bool open : {true, false}) {
    Gate gate;
    gate.open = open;
    int got = -1;
    deliver(nest(1000, gate), got);
    EXPECT_EQ(got, open ? 1000 : -1);
    gate.let_through();
    EXPECT_EQ(got, 1000);
  }
}

Task<void> count_down(int& left, std::vector<Gate>& gates) {
  for (Gate& gate : gates) {
    co_await gate;
    --left;
  }
}

Spawned run(int& left, std::vector<Gate>& gates, bool& ended) {
  co_await count_down(left, gates);
  ended = true;
}

TEST(Task, WaitsAsOftenAsItLikes) {
  std::vector<Gate> gates(100);
  int left = 100;
  bool ended = false;
  run(left, gates, ended);
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(left, 100 - i);
    gates[static_cast<std::size_t>(i)].let_through();
  }
  EXPECT_EQ(left, 0);
  EXPECT_TRUE(ended);
}

struct Witness {
  explicit Witness(int& n) : alive(&n) { ++*alive; }
  Witness(Witness&& other) noexcept : alive(std::exchange(other.alive, nullptr)) {}
  ~Witness() {
    if (alive != nullptr) {
      --*alive;
    }
  }
  int* alive;
};

Spawned hold(Witness witness, Gate& gate) {
  co_await gate;
  EXPECT_EQ(*witness.alive, 1);
}

TEST(Spawned, RunsAtOnceAndFreesItselfAtTheEnd) {
  int alive = 0;
  Gate gate;
  Witness witness(alive);
  hold(std::move(witness), gate);
  EXPECT_EQ(alive, 1);
  EXPECT_TRUE(gate.waiter);
  gate.let_through();
  EXPECT_EQ(alive, 0);
}

TEST(FramePool, GivesABlockOfTheSameClassOutAgain) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "under a sanitizer every frame goes to the heap";
#endif
  for (const std::size_t size : {1U, 64U, 65U, 128U, 2047U, 2048U}) {
    void* a = allocate_frame(size);
    release_frame(a, size);
    void* b = allocate_frame(size);
    EXPECT_EQ(a, b) << size;
    release_frame(b, size);
  }
}

TEST(FramePool, KeepsBlocksOfAllSizesApart) {
  std::vector<std::pair<unsigned char*, std::size_t>> blocks;
  for (std::size_t size = 1; size <= 4500; size += 7) {
    auto* const block = static_cast<unsigned char*>(allocate_frame(size));
    std::fill_n(block, size, static_cast<unsigned char>(size));
    blocks.emplace_back(block, size);
  }
  for (const auto& [block, size] : blocks) {
    EXPECT_EQ(std::count(block, block + size, static_cast<unsigned char>(size)),
              static_cast<std::ptrdiff_t>(size));
    release_frame(block, size);
  }
}

TEST(FramePool, BelongsToOneThreadAndEndsWithIt) {
  for (int i = 0; i < 4; ++i) {
    std::thread([] {
      Gate gate;
      int got = -1;
      deliver(nest(600, gate), got);  // more frames than are kept
      gate.let_through();
      EXPECT_EQ(got, 600);
    }).join();
  }
}

#if GTEST_HAS_DEATH_TEST
TEST(TaskDeathTest, MayNotBeDroppedWhileItWaits) {
  Gate gate;
  EXPECT_DEATH(
      {
        Task<int> waiting = answer_behind(gate, 1);
        waiting.start();
      },
      "internal error");
}
#endif

}  // namespace
}  // namespace weir
