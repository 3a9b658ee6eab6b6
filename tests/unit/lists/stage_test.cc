// SPDX-License-Identifier: Apache-2.0
//
// Which new versions of a list are held back, and for what reason.
#include "proxy/lists/stage.h"

#include <gtest/gtest.h>

#include "tests/unit/lists/place.h"

namespace weir {
namespace {

using filters::ListDocument;
using filters::ListFormat;

std::string names(int count) {
  std::string out;
  for (int i = 0; i < count; ++i) {
    out += "ads" + std::to_string(i) + ".example\n";
  }
  return out;
}

// Why it is held back; empty: it is taken.
std::string reason(const ListDocument& list, const std::string& bytes,
                   const std::optional<ListBefore>& before = std::nullopt) {
  const auto staged = stage_list(list, bytes, before);
  return staged ? std::string() : staged.error();
}

TEST(Stage, TakesAFirstVersionOfAnySize) {
  EXPECT_EQ(reason(a_list(), names(1)), "");
  EXPECT_EQ(reason(a_list(), names(5000)), "");
}

struct Size {
  std::uint32_t before;
  int now;
  std::uint32_t max_shrink;
  std::uint32_t max_grow;
  const char* reason;  // a part; empty: it is taken
};

class StageSize : public ::testing::TestWithParam<Size> {};

TEST_P(StageSize, IsHeldAgainstTheVersionInUse) {
  const Size& size = GetParam();
  ListDocument list = a_list();
  list.max_shrink = size.max_shrink;
  list.max_grow = size.max_grow;
  const std::string said =
      reason(list, names(size.now), ListBefore{ListFormat::Domains, size.before});
  EXPECT_EQ(said.empty(), std::string(size.reason).empty()) << said;
  EXPECT_NE(said.find(size.reason), std::string::npos) << said;
}

INSTANTIATE_TEST_SUITE_P(Table, StageSize,
                         ::testing::Values(Size{100, 100, 0, 0, ""}, Size{100, 50, 50, 200, ""},
                                           Size{100, 49, 50, 200, "shrinks from 100 rules to 49"},
                                           Size{100, 99, 0, 200, "max_shrink 0 %"},
                                           Size{100, 1, 100, 200, ""}, Size{100, 300, 50, 200, ""},
                                           Size{100, 301, 50, 200, "grows from 100 rules to 301"},
                                           Size{100, 101, 50, 0, "max_grow 0 %"},
                                           Size{100, 4000, 50, 4'000'000'000U, ""},
                                           Size{0, 300, 50, 200, ""}));

TEST(Stage, HoldsBackWhatHoldsNoRule) {
  for (const char* text : {"", "\n\n", "# nothing but words\n", "! Title: nothing\n"}) {
    EXPECT_NE(reason(a_list(), text), "") << text;
  }
}

TEST(Stage, HoldsBackWebPages) {
  for (const char* text : {"<!DOCTYPE html><p>moved", "\n <html>\nads.example",
                           "\xef\xbb\xbf<HTML>", "<?xml version=\"1.0\"?>\n"}) {
    EXPECT_EQ(reason(a_list(), text), "it is a web page") << text;
  }
}

TEST(Stage, HoldsBackWhatIsMostlyFaulty) {
  ListDocument list = a_list();
  list.format = ListFormat::Domains;
  EXPECT_EQ(reason(list, names(3) + "two words here\n"), "");
  const std::string said = reason(list, names(1) + "not a name\nno name either\n");
  EXPECT_NE(said.find("most of its lines are no rules; the first is line 2: "), std::string::npos)
      << said;
}

TEST(Stage, HoldsBackAnotherFormatUnlessItWasNamed) {
  ListDocument list = a_list();
  const ListBefore before{ListFormat::Hosts, 3};
  EXPECT_NE(reason(list, names(3), before).find("its format was hosts and is domains now"),
            std::string::npos);
  list.format = ListFormat::Domains;
  EXPECT_EQ(reason(list, names(3), before), "");
}

TEST(Stage, HoldsBackWhatIsNoText) {
  EXPECT_NE(reason(a_list(), std::string(100, '\x01')), "");
  EXPECT_NE(reason(a_list(), std::string("\x1f\x8b\x08\x00 cut", 8)), "");
}

TEST(Stage, HoldsBackWhatIsTooLarge) {
  ListDocument list = a_list();
  list.max_bytes = 100;
  EXPECT_NE(reason(list, names(50)), "");
}

struct Canary {
  const char* canary;
  const char* list;
  bool held;
};

class StageCanary : public ::testing::TestWithParam<Canary> {};

TEST_P(StageCanary, IsAskedOfTheListAlone) {
  const Canary& test = GetParam();
  ListDocument list = a_list();
  list.canaries = {"never.example", test.canary};
  const std::string said = reason(list, test.list);
  EXPECT_EQ(!said.empty(), test.held) << said;
  if (test.held) {
    EXPECT_NE(said.find(std::string("canary ") + test.canary + ", by line "), std::string::npos)
        << said;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Table, StageCanary,
    ::testing::Values(
        Canary{"good.example", "ads.example\n", false},
        Canary{"good.example", "ads.example\ngood.example\n", true},
        Canary{"www.good.example", "ads.example\ngood.example\n", true},
        Canary{"good.example", "||ads.example^\n||good.example^\n", true},
        Canary{"good.example", "||good.example^\n@@||good.example^\n||x.example^\n", false},
        Canary{"good.example", "||ads.example^\n||good.example/ads/\n", false},
        Canary{"good.example", "||ads.example^\n||good.example^$third-party\n", false},
        Canary{"https://good.example/ads/a.js", "||x.example^\n||good.example/ads/\n", true},
        Canary{"https://good.example/index.html", "||x.example^\n||good.example/ads/\n", false},
        Canary{"192.0.2.7", "198.51.100.0/24\n192.0.2.0/24\n", true},
        Canary{"192.0.2.7", "198.51.100.0/24\n", false},
        Canary{"2001:db8::1", "2001:db8::/32\n", true}));

TEST(Stage, AsksCanariesOfListsInDryRunToo) {
  ListDocument list = a_list();
  list.dry_run = true;
  list.canaries = {"good.example"};
  EXPECT_NE(reason(list, "good.example\n"), "");
}

}  // namespace
}  // namespace weir
