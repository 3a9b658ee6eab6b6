// SPDX-License-Identifier: Apache-2.0
//
// Names as authors of lists write them: in any script, with symbols, as browsers ask for them.
#include "filters/lists/read_name.h"

#include <gtest/gtest.h>

namespace weir::filters {
namespace {

struct Row {
  const char* written;
  const char* name;
};

TEST(ReadName, MakesOfEveryScriptWhatBrowsersAskFor) {
  const Row rows[] = {
      {"Example.COM.", "example.com"},
      {"bücher.example", "xn--bcher-kva.example"},
      {"faß.example", "xn--fa-hia.example"},
      {"реклама.рф", "xn--80aanufhx.xn--p1ai"},
      {"広告。example", "xn--4rrt1v.example"},
      {"ａｄｓ.example", "ads.example"},
      {"😀.example", "xn--e28h.example"},
      {"a😀B.example", "xn--ab-no82a.example"},
      {"i❤.ws", "xn--i-7iq.ws"},
      {"i❤️.ws", "xn--i-7iq.ws"},  // with a variation selector
      {"♥♥.example", "xn--g6ha.example"},
      {"💩.bücher.💩.la", "xn--ls8h.xn--bcher-kva.xn--ls8h.la"},
      {"🇩🇪.example", "xn--h77hc.example"},
      {"*.😀.example", "xn--e28h.example"},
      {"xn--e28h.example", "xn--e28h.example"},
  };
  for (const Row& row : rows) {
    Arena arena;
    const auto name = read_name(row.written, arena);
    ASSERT_TRUE(name) << row.written << ": " << name.error();
    EXPECT_EQ(name->name, row.name) << row.written;
  }
}

TEST(ReadName, RefusesWhatNoBrowserAsksFor) {
  const std::string many = [] {
    std::string out;
    for (int i = 0; i < 60; ++i) {
      out += "😀💩";
    }
    return out + ".example";
  }();
  for (const std::string& bad :
       {std::string("-😀.example"), std::string("😀-.example"), std::string("😀é.example"),
        std::string("😀*.example"), std::string("😀..example"), std::string("\xf0\x9f\x98.example"),
        std::string("👨‍👩‍👧.example"), std::string("\xef\xb8\x8f.example"), many}) {
    Arena arena;
    EXPECT_FALSE(read_name(bad, arena)) << bad;
  }
}

}  // namespace
}  // namespace weir::filters
