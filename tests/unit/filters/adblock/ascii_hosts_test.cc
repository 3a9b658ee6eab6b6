// SPDX-License-Identifier: Apache-2.0
//
// Filters that name hosts in other scripts: each of them says the same as its twin in A-labels, and
// what cannot be written in ASCII is a fault with its line.
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "tests/unit/filters/adblock/judging.h"

namespace weir::filters {
namespace {

struct Twins {
  const char* written;
  const char* ascii;
  Request blocked;
  Request passes;
};

const Twins kTwins[] = {
    {"||münchen.example^",
     "||xn--mnchen-3ya.example^",
     {"https://www.xn--mnchen-3ya.example/x"},
     {"https://munchen.example/x"}},
    {"||MÜNCHEN.example^$script",
     "||xn--mnchen-3ya.example^$script",
     {"https://xn--mnchen-3ya.example/x"},
     {"https://xn--mnchen-3ya.example/x", ResourceKind::Image}},
    {"||öl.example/ad",
     "||xn--l-0ga.example/ad",
     {"https://xn--l-0ga.example/ad.js"},
     {"https://xn--l-0ga.example/b"}},
    {"||öl.example/ö",
     "||xn--l-0ga.example/%c3%b6",
     {"https://xn--l-0ga.example/%C3%B6"},
     {"https://xn--l-0ga.example/o"}},
    {"||реклама.рф",
     "||xn--80aanufhx.xn--p1ai",
     {"https://xn--80aanufhx.xn--p1ai/x"},
     {"https://xn--80aanufhx.test/x"}},
    {"||реклама.рф*$image",
     "||xn--80aanufhx.xn--p1ai*$image",
     {"https://xn--80aanufhx.xn--p1ai/x", ResourceKind::Image},
     {"https://xn--80aanufhx.xn--p1ai/x", ResourceKind::Font}},
    {"||*.öl.example/ad",
     "||*.xn--l-0ga.example/ad",
     {"https://a.xn--l-0ga.example/ad"},
     {"https://xn--l-0ga.example/b"}},
    {"|https://öl.example/ad",
     "|https://xn--l-0ga.example/ad",
     {"https://xn--l-0ga.example/ad"},
     {"http://xn--l-0ga.example/ad"}},
    {"://öl.example:8080/",
     "://xn--l-0ga.example:8080/",
     {"http://xn--l-0ga.example:8080/"},
     {"http://xn--l-0ga.example/"}},
    {"広告.example",
     "xn--4rrt1v.example",
     {"https://a.xn--4rrt1v.example/x"},
     {"https://a.example/%E5%BA%83%E5%91%8A.example"}},
    {"0.0.0.0 faß.example",
     "0.0.0.0 xn--fa-hia.example",
     {"https://xn--fa-hia.example/"},
     {"https://fass.example/"}},
};

// The same with the host in an option: there, "öl" stands for its A-label.
struct Option {
  const char* written;
  Request blocked;
  Request passes;
};

constexpr auto kScript = ResourceKind::Script;

const Option kOptions[] = {
    {"*$script,domain=öl.example|b.test",
     {"https://a.test/", kScript, "www.xn--l-0ga.example"},
     {"https://a.test/", kScript, "c.test"}},
    {"/ad.$from=~öl.example",
     {"https://a.test/ad.js"},
     {"https://a.test/ad.js", kScript, "xn--l-0ga.example"}},
    {"/ad.$domain=öl.*",
     {"https://a.test/ad.js", kScript, "xn--l-0ga.co.uk"},
     {"https://a.test/ad.js", kScript, "oel.co.uk"}},
    {"/ad.$to=ÖL.example", {"https://a.xn--l-0ga.example/ad.js"}, {"https://a.example/ad.js"}},
    {"*$script,3p,domain=p.test,denyallow=öl.example",
     {"https://a.test/", kScript, "p.test"},
     {"https://xn--l-0ga.example/", kScript, "p.test"}},
};

std::string with_a_labels(std::string text) {
  for (const std::string_view letters : {"öl", "ÖL"}) {
    for (auto at = text.find(letters); at != text.npos; at = text.find(letters)) {
      text.replace(at, letters.size(), "xn--l-0ga");
    }
  }
  return text;
}

void expect_twins(const std::string& written, const std::string& ascii, const Request& blocked,
                  const Request& passes) {
  for (const std::string& list : {written, ascii}) {
    const Judging judging{list};
    EXPECT_TRUE(judging.blocks(blocked)) << list;
    EXPECT_FALSE(judging.blocks(passes)) << list;
    EXPECT_EQ(judging.reports[0].rules, 1U) << list;
  }
  const Judging both{written + "\n" + ascii};
  EXPECT_EQ(both.reports[0].duplicates, 1U) << written;
}

TEST(AsciiHosts, BothSpellingsSayTheSame) {
  for (const Twins& twins : kTwins) {
    expect_twins(twins.written, twins.ascii, twins.blocked, twins.passes);
  }
  for (const Option& option : kOptions) {
    expect_twins(option.written, with_a_labels(option.written), option.blocked, option.passes);
  }
}

TEST(AsciiHosts, AnExceptionAndABadfilterMayUseTheOther) {
  const Request request{"https://xn--l-0ga.example/x"};
  EXPECT_FALSE(Judging("||xn--l-0ga.example^\n@@||öl.example^").blocks(request));
  EXPECT_FALSE(Judging("||xn--l-0ga.example^\n||öl.example^$badfilter").blocks(request));
  EXPECT_EQ(Judging("||öl.example^").ask(request).by, "||öl.example^");
}

TEST(AsciiHosts, PathsAndLooseWordsStayAsBrowsersSendThem) {
  EXPECT_TRUE(Judging("/öl/x").blocks({"https://a.test/%C3%B6l/x"}));
  EXPECT_TRUE(Judging("||a.test/öl").blocks({"https://a.test/%C3%B6l"}));
  EXPECT_TRUE(Judging("öl.example/x").blocks({"https://a.test/%C3%B6l.example/x"}));
}

TEST(AsciiHosts, WhatHasNoAsciiIsAFault) {
  for (const char* line :
       {"||m\xfcnchen.example^", "||öl*öl.example^", "||\xe2\x80\x8b.example^",
        "||\xe2\x84\x80.example^", "||x\xef\xbc\x84y.example^", "\xf0\x9f\x92\xa9\xff.example",
        "/ad.$domain=a.test|\xff.test", "||a.test^$to=\xc3.test"}) {
    const Judging judging{"! one\n" + std::string(line)};
    const ListReport& report = judging.reports[0];
    EXPECT_EQ(report.rules, 0U) << line;
    ASSERT_EQ(report.faults.size(), 1U) << line;
    EXPECT_EQ(report.faults[0].line, 2U);
    EXPECT_EQ(report.faults[0].reason, "a host name cannot be written in ASCII") << line;
  }
}

}  // namespace
}  // namespace weir::filters
