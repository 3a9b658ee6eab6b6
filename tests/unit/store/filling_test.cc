// SPDX-License-Identifier: Apache-2.0
//
// A body on its way that its last follower leaves: either it is given up, and whoever comes later
// knows at once that there is nothing to be had, or it goes on for whoever came in time.
#include "proxy/store/filling.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cstring>
#include <string>
#include <thread>

namespace weir::store {
namespace {

std::shared_ptr<Filling> filling_with(std::string_view text) {
  Filling::Plan plan;
  plan.keep_most = 1'000'000;
  auto filling = std::make_shared<Filling>(std::move(plan));
  std::memcpy(filling->space().data(), text.data(), text.size());
  filling->grew(text.size());
  return filling;
}

std::string heard_by(Follower& follower) {
  const Part part = follower.next(nullptr);
  return part.what == Part::What::Bytes ? std::string(part.bytes) : std::string();
}

TEST(Filling, IsNotGivenUpWhileSomebodyFollows) {
  const auto filling = filling_with("abc");
  {
    Follower first(filling, 0);
    EXPECT_FALSE(filling->give_up());
    EXPECT_FALSE(first.lost());
    EXPECT_TRUE(filling->joinable());
    EXPECT_EQ(heard_by(first), "abc");
  }
  EXPECT_TRUE(filling->give_up());
}

TEST(Filling, WhoComesInTimeKeepsIt) {
  const auto filling = filling_with("abc");
  bool left = false;
  filling->when_left([&] { left = true; });
  { const Follower first(filling, 0); }
  EXPECT_TRUE(left);  // and before anybody acts on that, the next one comes
  Follower second(filling, 0);
  EXPECT_FALSE(filling->give_up());
  EXPECT_FALSE(second.lost());
  EXPECT_EQ(heard_by(second), "abc");
}

TEST(Filling, WhoComesTooLateFindsItLost) {
  const auto filling = filling_with("abc");
  { const Follower first(filling, 0); }
  ASSERT_TRUE(filling->give_up());
  EXPECT_FALSE(filling->joinable());
  EXPECT_TRUE(Follower(filling, 0).lost()) << "though its bytes are still there";
  filling->fail(Failure::ClientGone);
  EXPECT_TRUE(Follower(filling, 0).lost());
}

// Whatever comes first, both know of it.
TEST(Filling, LeavingAndJoiningAtOnceAgree) {
  constexpr int kRounds = 500;
  for (int round = 0; round < kRounds; ++round) {
    const auto filling = filling_with("abc");
    std::atomic<bool> begun = false;
    std::atomic<bool> decided = false;
    bool lost = false;
    std::string heard;
    std::thread newcomer([&] {
      begun = true;
      Follower follower(filling, 0);
      lost = follower.lost();
      heard = heard_by(follower);
      while (!decided) {
        std::this_thread::yield();
      }
    });
    while (!begun) {
      std::this_thread::yield();
    }
    const bool given_up = filling->give_up();
    decided = true;
    newcomer.join();
    EXPECT_EQ(given_up, lost);
    EXPECT_TRUE(lost || heard == "abc");
  }
}

}  // namespace
}  // namespace weir::store
