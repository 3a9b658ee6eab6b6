// SPDX-License-Identifier: Apache-2.0
//
// The event loop: edges on a socket pair, the two passes of a turn, letters from other threads,
// resumption, deadlines and stopping. Nothing here sleeps: a turn waits for what a test has caused.
#include "proxy/net/loop.h"

#include <gtest/gtest.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "proxy/net/task.h"

namespace weir {
namespace {

struct Pair {
  Pair() {
    std::array<int, 2> fds{};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds.data()), 0);
    near = fds[0];
    far = fds[1];
  }
  ~Pair() {
    ::close(near);
    ::close(far);
  }
  void send(std::string_view text) const {
    EXPECT_EQ(::write(far, text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }
  std::string read(std::size_t most) const {
    std::string out(most, '\0');
    const ssize_t n = ::read(near, out.data(), most);
    out.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
    return out;
  }
  int near = -1;
  int far = -1;
};

using Diary = std::vector<std::string>;

struct Watcher : Watch {
  Watcher(std::string who, Diary& log) : name(std::move(who)), diary(&log) {}
  ~Watcher() = default;
  void note(std::uint32_t events) override {
    seen = events;
    diary->push_back("note " + name);
  }
  void act() override {
    diary->push_back("act " + name);
    if (then) {
      then();
    }
  }
  std::string name;
  Diary* diary;
  std::uint32_t seen = 0;
  std::function<void()> then;
};

TEST(Loop, TellsOfAnEdgeOnce) {
  Loop loop;
  Pair pair;
  Diary diary;
  Watcher watcher("a", diary);
  ASSERT_TRUE(loop.watch(pair.near, watcher, EPOLLIN));
  loop.turn(0);
  EXPECT_TRUE(diary.empty());
  pair.send("hello");
  loop.turn(-1);
  EXPECT_EQ(diary, (Diary{"note a", "act a"}));
  EXPECT_TRUE(watcher.seen & EPOLLIN);
  loop.turn(0);  // unread bytes are no new edge
  EXPECT_EQ(diary.size(), 2U);
  EXPECT_EQ(pair.read(2), "he");
  loop.turn(0);
  EXPECT_EQ(diary.size(), 2U);
  pair.send("!");
  loop.turn(-1);
  EXPECT_EQ(diary.size(), 4U);
  ::shutdown(pair.far, SHUT_WR);
  loop.turn(-1);
  EXPECT_EQ(diary.size(), 6U);
  loop.unwatch(pair.near, watcher);
}

TEST(Loop, TellsOfALevelUntilItIsGoneAndMayChangeTheEvents) {
  Loop loop;
  Pair pair;
  Diary diary;
  Watcher watcher("a", diary);
  ASSERT_TRUE(loop.watch_level(pair.near, watcher, EPOLLIN));
  pair.send("x");
  loop.turn(-1);
  loop.turn(-1);
  EXPECT_EQ(diary.size(), 4U);
  ASSERT_TRUE(loop.watch_level(pair.near, watcher, EPOLLOUT));
  loop.turn(-1);
  EXPECT_EQ(watcher.seen & (EPOLLIN | EPOLLOUT), static_cast<std::uint32_t>(EPOLLOUT));
  loop.unwatch(pair.near, watcher);
  const std::size_t before = diary.size();
  loop.turn(0);
  EXPECT_EQ(diary.size(), before);
}

TEST(Loop, RefusesWhatCannotBeWatched) {
  Loop loop;
  Diary diary;
  Watcher watcher("a", diary);
  EXPECT_FALSE(loop.watch(-1, watcher, EPOLLIN));
  EXPECT_EQ(errno, EBADF);
  EXPECT_FALSE(loop.watch_level(-1, watcher, EPOLLIN));
  Pair pair;
  ASSERT_TRUE(loop.watch(pair.near, watcher, EPOLLIN));
  EXPECT_FALSE(loop.watch(pair.near, watcher, EPOLLIN));
  EXPECT_EQ(errno, EEXIST);
  loop.unwatch(pair.near, watcher);
}

TEST(Loop, LetsEveryoneNoteBeforeAnyoneActs) {
  Loop loop;
  std::array<Pair, 3> pairs;
  Diary diary;
  Watcher a("a", diary);
  Watcher b("b", diary);
  Watcher c("c", diary);
  ASSERT_TRUE(loop.watch(pairs[0].near, a, EPOLLIN));
  ASSERT_TRUE(loop.watch(pairs[1].near, b, EPOLLIN));
  ASSERT_TRUE(loop.watch(pairs[2].near, c, EPOLLIN));
  for (const Pair& pair : pairs) {
    pair.send("x");
  }
  loop.turn(-1);
  EXPECT_EQ(diary, (Diary{"note a", "note b", "note c", "act a", "act b", "act c"}));
}

// The first to act destroys all others, by unwatch() or by forget() and close().
TEST(Loop, DoesNotCallAWatchDestroyedByAnEarlierOneOfTheBatch) {
  for (const bool forget : {false, true}) {
    Loop loop;
    Diary diary;
    std::vector<std::unique_ptr<Pair>> pairs(4);
    std::vector<std::unique_ptr<Watcher>> watchers(4);
    for (std::size_t i = 0; i < 4; ++i) {
      pairs[i] = std::make_unique<Pair>();
      watchers[i] = std::make_unique<Watcher>(std::to_string(i), diary);
      ASSERT_TRUE(loop.watch(pairs[i]->near, *watchers[i], EPOLLIN));
      watchers[i]->then = [&, i] {
        for (std::size_t other = 0; other < 4; ++other) {
          if (other == i || !watchers[other]) {
            continue;
          }
          forget ? loop.forget(*watchers[other])
                 : loop.unwatch(pairs[other]->near, *watchers[other]);
          watchers[other].reset();
          pairs[other].reset();
        }
      };
      pairs[i]->send("x");
    }
    loop.turn(-1);
    EXPECT_EQ(diary.size(), 5U);  // four notes, one act
    loop.turn(0);
    EXPECT_EQ(diary.size(), 5U);
  }
}

TEST(Loop, LetsAWatchDestroyItself) {
  Loop loop;
  Pair pair;
  Diary diary;
  auto watcher = std::make_unique<Watcher>("a", diary);
  ASSERT_TRUE(loop.watch(pair.near, *watcher, EPOLLIN));
  watcher->then = [&] {
    const auto keep_alive = std::move(watcher->then);
    loop.unwatch(pair.near, *watcher);
    watcher.reset();
  };
  pair.send("x");
  loop.turn(-1);
  EXPECT_EQ(watcher, nullptr);
  pair.send("x");
  loop.turn(0);
  EXPECT_EQ(diary.size(), 2U);
}

TEST(Loop, MayWatchAnotherDescriptorWithAWatchThatWasForgottenInTheBatch) {
  Loop loop;
  Pair first;
  Pair second;
  Pair third;
  Diary diary;
  Watcher a("a", diary);
  Watcher b("b", diary);
  ASSERT_TRUE(loop.watch(first.near, a, EPOLLIN));
  ASSERT_TRUE(loop.watch(second.near, b, EPOLLIN));
  a.then = [&] {
    loop.unwatch(second.near, b);
    EXPECT_TRUE(loop.watch(third.near, b, EPOLLIN));
  };
  first.send("x");
  second.send("x");
  loop.turn(-1);
  EXPECT_EQ(diary, (Diary{"note a", "note b", "act a"}));
  third.send("x");
  loop.turn(-1);
  EXPECT_EQ(diary, (Diary{"note a", "note b", "act a", "note b", "act b"}));
  loop.unwatch(first.near, a);
  loop.unwatch(third.near, b);
}

TEST(Loop, ServesMoreDescriptorsThanFitIntoABatch) {
  Loop loop;
  Diary diary;
  std::vector<std::unique_ptr<Pair>> pairs(300);
  std::vector<std::unique_ptr<Watcher>> watchers;
  for (auto& pair : pairs) {
    pair = std::make_unique<Pair>();
    watchers.push_back(std::make_unique<Watcher>("x", diary));
    ASSERT_TRUE(loop.watch(pair->near, *watchers.back(), EPOLLIN));
    pair->send("x");
  }
  for (int turns = 0; turns < 3; ++turns) {
    loop.turn(0);
  }
  EXPECT_EQ(diary.size(), 600U);
}

TEST(Loop, RunsLettersInOrderOnItsOwnThread) {
  Loop loop;
  std::vector<int> got;
  const auto here = std::this_thread::get_id();
  std::thread poster([&] {
    for (int i = 0; i < 100; ++i) {
      loop.post([&got, &loop, here, i] {
        EXPECT_EQ(std::this_thread::get_id(), here);
        got.push_back(i);
        if (i == 99) {
          loop.stop();
        }
      });
    }
  });
  loop.run();
  poster.join();
  ASSERT_EQ(got.size(), 100U);
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(got[static_cast<std::size_t>(i)], i);
  }
}

TEST(Loop, TakesLettersFromManyThreadsAndLosesNone) {
  Loop loop;
  int count = 0;
  std::vector<std::thread> posters;
  for (int t = 0; t < 4; ++t) {
    posters.emplace_back([&] {
      for (int i = 0; i < 500; ++i) {
        loop.post([&] {
          if (++count == 2000) {
            loop.stop();
          }
        });
      }
    });
  }
  loop.run();
  for (std::thread& poster : posters) {
    poster.join();
  }
  EXPECT_EQ(count, 2000);
}

TEST(Loop, RunsALetterPostedByALetterInALaterTurn) {
  Loop loop;
  Diary diary;
  loop.post([&] {
    diary.push_back("first");
    loop.post([&] { diary.push_back("second"); });
  });
  loop.turn(-1);
  EXPECT_EQ(diary, (Diary{"first"}));
  loop.turn(-1);
  EXPECT_EQ(diary, (Diary{"first", "second"}));
}

TEST(Loop, StopsFromAnotherThread) {
  Loop loop;
  std::thread stopper([&loop] { loop.stop(); });
  loop.run();
  stopper.join();
}

Spawned yield_often(Loop& loop, std::string name, int times, Diary& diary) {
  for (int i = 0; i < times; ++i) {
    diary.push_back(name);
    co_await loop.yield();
  }
  diary.push_back(name + " ends");
}

TEST(Loop, GivesEachWhoYieldsATurn) {
  Loop loop;
  Diary diary;
  yield_often(loop, "a", 2, diary);
  yield_often(loop, "b", 2, diary);
  EXPECT_EQ(diary, (Diary{"a", "b"}));
  loop.turn(-1);  // waits for nothing: somebody is to be resumed
  EXPECT_EQ(diary, (Diary{"a", "b", "a", "b"}));
  loop.turn(-1);
  EXPECT_EQ(diary, (Diary{"a", "b", "a", "b", "a ends", "b ends"}));
}

TEST(Loop, ResumesInTheSameTurnWhoeverAWatchWantsResumed) {
  Loop loop;
  Pair pair;
  Diary diary;
  Watcher watcher("a", diary);
  ASSERT_TRUE(loop.watch(pair.near, watcher, EPOLLIN));
  watcher.then = [&] {
    yield_often(loop, "task", 1, diary);
    diary.push_back("act returns");
  };
  pair.send("x");
  loop.turn(-1);
  EXPECT_EQ(diary, (Diary{"note a", "act a", "task", "act returns", "task ends"}));
  loop.unwatch(pair.near, watcher);
}

struct Alarm : Deadline {
  explicit Alarm(Loop& l) : loop(&l) {}
  ~Alarm() = default;
  void due() override { at_turn = loop->now(); }
  Loop* loop;
  Instant at_turn;
};

TEST(Loop, WakesUpForADeadlineNeverTooEarly) {
  Loop loop;
  Alarm alarm(loop);
  const Instant at = loop.now() + 20 * kMillisecond;
  alarm.set(loop.wheel(), at);
  for (int turns = 0; turns < 1000 && !alarm.at_turn.set(); ++turns) {
    loop.turn(-1);
  }
  EXPECT_GE(alarm.at_turn, at);
}

TEST(Loop, WaitsNoLongerThanATurnMay) {
  Loop loop;
  Alarm alarm(loop);
  alarm.set(loop.wheel(), loop.now() + 3600 * kSecond);
  loop.turn(0);
  loop.turn(kMillisecond);
  EXPECT_FALSE(alarm.at_turn.set());
}

TEST(Loop, KnowsTheTimeOfPeople) {
  const Loop loop;
  const Micros before = ::time(nullptr) * kSecond;
  EXPECT_GE(loop.wall().us, before - 2 * kSecond);
  EXPECT_LE(loop.wall().us, before + 2 * kSecond);
}

}  // namespace
}  // namespace weir
