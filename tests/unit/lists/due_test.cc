// SPDX-License-Identifier: Apache-2.0
//
// When a list is asked for again; where lists are kept; which addresses lie inside.
#include "proxy/lists/due.h"

#include <gtest/gtest.h>

#include <set>

#include "proxy/lists/download.h"
#include "proxy/lists/folder.h"
#include "tests/unit/lists/place.h"

namespace weir {
namespace {

constexpr Micros kHour = 3600 * kSecond;

filters::ListDocument daily() {
  filters::ListDocument list = a_list();
  list.interval = 24 * kHour;
  return list;
}

TEST(ListDue, IsAskedForEachIntervalOrALittleEarlier) {
  EXPECT_EQ(wait_after(daily(), true, 0, 0), 24 * kHour);
  const Micros soonest = wait_after(daily(), true, 0, UINT32_MAX);
  EXPECT_GE(soonest, 24 * kHour * 9 / 10);
  EXPECT_LT(soonest, 24 * kHour * 91 / 100);
}

TEST(ListDue, IsRetriedQuicklyWhileThereIsNone) {
  EXPECT_EQ(wait_after(daily(), false, 1, 0), kSecond);
  EXPECT_EQ(wait_after(daily(), false, 2, 0), 2 * kSecond);
  EXPECT_EQ(wait_after(daily(), false, 1, UINT32_MAX) / kMillisecond, 500);
  EXPECT_EQ(wait_after(daily(), false, 4'000'000'000U, 0), 300 * kSecond);
}

TEST(ListDue, IsRetriedWithPatienceWhileThereIsOne) {
  EXPECT_EQ(wait_after(daily(), true, 1, 0), 60 * kSecond);
  EXPECT_EQ(wait_after(daily(), true, 3, 0), 240 * kSecond);
  EXPECT_EQ(wait_after(daily(), true, 1000, 0), 24 * kHour);
}

TEST(ListDue, IsAskedForAtStartByWhenItWasLast) {
  const WallTime now{1'700'000'000 * kSecond};
  Kept kept;
  EXPECT_EQ(wait_at_start(daily(), kept, now, 0), 0);
  kept.current.sha256 = "a";
  kept.checked = WallTime{now.us - 6 * kHour};
  EXPECT_EQ(wait_at_start(daily(), kept, now, 0), 18 * kHour);
  kept.checked = WallTime{now.us - 60 * kHour};
  EXPECT_EQ(wait_at_start(daily(), kept, now, 0), 0);
  kept.checked = WallTime{now.us + kHour};  // the clock was set back
  EXPECT_EQ(wait_at_start(daily(), kept, now, 0), 0);
}

TEST(ListDue, DoesNotAskForAHeldVersionAgainAtEachStart) {
  const WallTime now{1'700'000'000 * kSecond};
  Kept kept;
  kept.held.sha256 = "a";
  kept.checked = now;
  EXPECT_EQ(wait_at_start(daily(), kept, now, 0), 24 * kHour);
}

struct Choice {
  std::map<std::string, std::string> variables;
  std::set<std::string> writable;
  std::set<std::string> readable;
  std::string folder;
};

std::string choose(const Choice& choice, const std::string& configured = "") {
  FolderSurroundings around;
  around.variable = [&](const char* name) {
    const auto found = choice.variables.find(name);
    return found == choice.variables.end() ? std::string() : found->second;
  };
  around.can_be_used = [&](const std::string& path) { return choice.writable.contains(path); };
  around.can_be_read = [&](const std::string& path) { return choice.readable.contains(path); };
  return lists_folder(configured, around);
}

TEST(ListsFolder, IsChosenInOrder) {
  const std::map<std::string, std::string> home = {{"HOME", "/home/a"}};
  for (const Choice& choice : {
           Choice{{{"STATE_DIRECTORY", "/s/one:/s/two"}, {"HOME", "/home/a"}},
                  {"/var/lib/weir"},
                  {},
                  "/s/one/lists"},
           Choice{home, {"/var/lib/weir"}, {}, "/var/lib/weir/lists"},
           Choice{home, {}, {"/var/lib/weir/lists"}, "/var/lib/weir/lists"},
           Choice{home, {}, {}, "/home/a/.local/state/weir/lists"},
           Choice{{{"HOME", "/home/a"}, {"XDG_STATE_HOME", "/x"}}, {}, {}, "/x/weir/lists"},
           Choice{{{"HOME", "/home/a"}, {"XDG_STATE_HOME", "x"}},
                  {},
                  {},
                  "/home/a/.local/state/weir/lists"},
           Choice{{}, {}, {}, ""},
       }) {
    EXPECT_EQ(choose(choice), choice.folder);
    EXPECT_EQ(choose(choice, "/mine"), "/mine");
  }
}

TEST(Download, KnowsWhichAddressesLieInside) {
  for (const char* text : {"127.0.0.1", "10.1.2.3", "192.168.0.1", "100.64.0.1", "169.254.169.254",
                           "0.0.0.0", "255.255.255.255", "224.0.0.1", "::1", "::", "fe80::1",
                           "fd00::1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::"}) {
    EXPECT_TRUE(is_inside(*IpAddress::parse(text))) << text;
  }
  for (const char* text : {"9.9.9.9", "2620:fe::fe", "64:ff9b::909:909"}) {
    EXPECT_FALSE(is_inside(*IpAddress::parse(text))) << text;
  }
}

}  // namespace
}  // namespace weir
