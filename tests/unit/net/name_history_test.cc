// SPDX-License-Identifier: Apache-2.0
//
// What is remembered of names and addresses, for how long, and what goes when there is no room.
#include "proxy/net/name_history.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <string>
#include <thread>
#include <vector>

namespace weir {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Not;

const IpAddress kOne = *IpAddress::parse("192.0.2.1");
const IpAddress kTwo = *IpAddress::parse("2001:db8::2");

Instant at(Micros time) {
  return Instant() + kSecond + time;
}

void learn(NameHistory& history, std::string_view name, const IpAddress& address, Micros time) {
  history.learn(name, std::array{address}, at(time));
}

TEST(NameHistory, KnowsWhatItHasLearnedAndNothingElse) {
  NameHistory history;
  history.learn("a.test", std::array{kOne, kTwo}, at(0));
  EXPECT_TRUE(history.knows("a.test", kOne, at(0)));
  EXPECT_TRUE(history.knows("a.test", kTwo, at(0)));
  EXPECT_FALSE(history.knows("b.test", kOne, at(0)));
  EXPECT_FALSE(history.knows("a.test", *IpAddress::parse("192.0.2.3"), at(0)));
  EXPECT_FALSE(history.knows("", kOne, at(0)));
  EXPECT_THAT(history.names_of(*IpAddress::parse("192.0.2.3"), at(0)), IsEmpty());
}

// What makes a content network's other addresses no contradiction.
TEST(NameHistory, KeepsEarlierAnswersBesideLaterOnes) {
  NameHistory history;
  learn(history, "a.test", kOne, 0);
  learn(history, "a.test", kTwo, kSecond);
  EXPECT_TRUE(history.knows("a.test", kOne, at(kSecond)));
  EXPECT_TRUE(history.knows("a.test", kTwo, at(kSecond)));
}

TEST(NameHistory, NamesTheMostRecentLastAndEachOnce) {
  NameHistory history;
  for (const auto* name : {"a.test", "b.test", "c.test", "a.test", "a.test"}) {
    learn(history, name, kOne, 0);
  }
  EXPECT_THAT(history.names_of(kOne, at(0)), ElementsAre("b.test", "c.test", "a.test"));
}

TEST(NameHistory, ForgetsANameADayAfterItWasLastHeard) {
  NameHistory history;
  learn(history, "a.test", kOne, 0);
  EXPECT_TRUE(history.knows("a.test", kOne, at(NameHistory::kRemembered)));
  EXPECT_FALSE(history.knows("a.test", kOne, at(NameHistory::kRemembered + 1)));
  learn(history, "a.test", kOne, NameHistory::kRemembered);
  EXPECT_TRUE(history.knows("a.test", kOne, at(2 * NameHistory::kRemembered)));
}

TEST(NameHistory, DoesNotKeepANameBecauseItsAddressHasAnother) {
  NameHistory history;
  learn(history, "old.test", kOne, 0);
  learn(history, "new.test", kOne, NameHistory::kRemembered);
  const Instant later = at(NameHistory::kRemembered + 1);
  EXPECT_FALSE(history.knows("old.test", kOne, later));
  EXPECT_THAT(history.names_of(kOne, later), ElementsAre("new.test"));
}

TEST(NameHistory, KeepsTheMostRecentNamesOfAnAddressWithMany) {
  NameHistory history;
  for (std::size_t i = 0; i < 1000; ++i) {
    learn(history, std::to_string(i) + ".test", kOne, static_cast<Micros>(i));
  }
  const auto names = history.names_of(kOne, at(1000));
  EXPECT_EQ(names.size(), NameHistory::kNamesEach);
  EXPECT_EQ(names.back(), "999.test");
  EXPECT_EQ(names.front(), std::to_string(1000 - NameHistory::kNamesEach) + ".test");
}

TEST(NameHistory, IsBoundedAndKeepsWhatIsNew) {
  const auto address = [](std::uint32_t i) { return IpAddress::v4(0x0a000000 + i); };
  constexpr std::uint32_t kMany = 3 * NameHistory::kAddresses;
  for (const bool at_once : {false, true}) {
    NameHistory history;
    for (std::uint32_t i = 0; i < kMany; ++i) {
      learn(history, "a.test", address(i), at_once ? 0 : i);
    }
    EXPECT_LE(history.size(), NameHistory::kAddresses);
    EXPECT_GE(history.size(), NameHistory::kAddresses / 8 * 7);
    EXPECT_TRUE(history.knows("a.test", address(kMany - 1), at(kMany)));
    EXPECT_TRUE(at_once || history.knows("a.test", address(kMany - 5000), at(kMany)));
    EXPECT_FALSE(!at_once && history.knows("a.test", address(0), at(kMany)));
  }
}

TEST(NameHistory, MayBeAskedFromManyThreads) {
  NameHistory history;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&history, t] {
      for (int i = 0; i < 500; ++i) {
        learn(history, std::to_string(t) + ".test", kOne, i);
        EXPECT_TRUE(history.knows(std::to_string(t) + ".test", kOne, at(i)));
        EXPECT_THAT(history.names_of(kOne, at(i)), Not(IsEmpty()));
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  EXPECT_EQ(history.names_of(kOne, at(500)).size(), 4U);
}

}  // namespace
}  // namespace weir
