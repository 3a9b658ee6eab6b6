// SPDX-License-Identifier: Apache-2.0
//
// What filters change about what they do not block, and the resource they name for what they do.
#include <gtest/gtest.h>

#include "tests/unit/filters/adblock/judging.h"

namespace weir::filters {
namespace {

using enum ResourceKind;
using What = ListEdits::What;
using Edits = std::vector<std::pair<What, std::string>>;

TEST(Modifiers, ParametersAreRemoved) {
  struct Row {
    const char* list;
    const char* url;
    const char* after;  // empty: unchanged
  };
  constexpr Row kRows[] = {
      {"$removeparam=utm", "https://a.test/?utm=1&x=2", "https://a.test/?x=2"},
      {"$removeparam=utm", "https://a.test/?x=2&utm", "https://a.test/?x=2"},
      {"$removeparam=utm", "https://a.test/?utm=1", "https://a.test/"},
      {"$removeparam=utm", "https://a.test/?utm2=1", ""},
      {"$removeparam=utm", "https://a.test/utm", ""},
      {"$queryprune=Utm", "https://a.test/?utm=1", ""},
      {"||a.test^$removeparam=utm", "https://b.test/?utm=1", ""},
      {"||a.test^$removeparam=utm,image", "https://a.test/?utm=1", ""},
      {"||a.test^$removeparam", "https://a.test/?x=1&y", "https://a.test/"},
      {"||a.test^$removeparam=/^u/", "https://a.test/?ux=1&y=2&u=3", "https://a.test/?y=2"},
      {"||a.test^$removeparam=/^U/i", "https://a.test/?ux=1&y=2", "https://a.test/?y=2"},
      {"||a.test^$removeparam=/=a b$/", "https://a.test/?x=a%20b&y", "https://a.test/?y"},
      {"||a.test^$removeparam=/^u=/", "https://a.test/?u&y&u=3", "https://a.test/?y"},
      {"||a.test^$removeparam=|UTM_", "https://a.test/?utm_x=1&y&xutm_=3",
       "https://a.test/?y&xutm_=3"},
      {"||a.test^$removeparam=~|utm_", "https://a.test/?utm_x=1&y", "https://a.test/?utm_x=1"},
      {"||a.test^$removeparam=x,popup", "https://a.test/?x&y", ""},
      {"||a.test^$removeparam=x,popup,image", "https://a.test/?x&y", ""},
      {"||a.test^$removeparam=x|y", "https://a.test/?x&y", ""},
      {"||a.test^$removeparam=~x", "https://a.test/?x=1&y=2&z", "https://a.test/?x=1"},
      {"$removeparam=a\n$removeparam=b", "https://a.test/?a&c&b=1", "https://a.test/?c"},
      {"$removeparam=a\n@@||a.test^$removeparam=a", "https://a.test/?a", ""},
      {"$removeparam=a\n@@||a.test^$removeparam=b", "https://a.test/?a", "https://a.test/"},
      {"$removeparam=a\n@@||a.test^$removeparam", "https://a.test/?a", ""},
      {"$removeparam=a,important\n@@||a.test^$removeparam", "https://a.test/?a", "https://a.test/"},
      {"$removeparam=a\n||a.test^", "https://a.test/?a", ""},
      {"$removeparam=a\n||a.test^\n@@||a.test^", "https://a.test/?a", "https://a.test/"},
  };
  for (const auto& row : kRows) {
    EXPECT_EQ(Judging(row.list).ask({row.url}).url, row.after) << row.list << " on " << row.url;
  }
}

// Of more than are kept, it does not hang on where the index has them which are.
TEST(Modifiers, OfTooManyExceptionsCountFirstThenWhatStandsFirst) {
  std::string list;
  std::string url = "https://a.test/?";
  for (int n = 10; n < 80; ++n) {
    list += "$removeparam=p" + std::to_string(n) + "x\n";
    url += "p" + std::to_string(n) + "x&";
  }
  // Under the host and not under a token: it is met before the others.
  const std::string early = "|https:$removeparam=q,to=a.test\n";
  EXPECT_EQ(Judging(list + early).ask({url + "q"}).url,
            "https://a.test/?p74x&p75x&p76x&p77x&p78x&p79x&q");
  EXPECT_EQ(Judging(early + list).ask({url + "q"}).url,
            "https://a.test/?p73x&p74x&p75x&p76x&p77x&p78x&p79x");
  for (const char* lifts : {"@@|https:$removeparam,to=a.test\n", "@@.test/$removeparam\n"}) {
    EXPECT_EQ(Judging(list + lifts).ask({url}).url, "") << lifts;
  }
}

TEST(Modifiers, TheyNeverBlockAndTheirExceptionsNeverLiftABlock) {
  for (const auto* rule :
       {"||a.test^$csp=x", "||a.test^$removeparam", "||a.test^$redirect-rule=noop.js",
        "||a.test^$permissions=x", "||a.test^$removeheader=x"}) {
    EXPECT_FALSE(Judging(rule).blocks({"https://a.test/?x"})) << rule;
    EXPECT_TRUE(Judging(std::string("||a.test^\n@@") + rule).blocks({"https://a.test/?x"})) << rule;
  }
}

TEST(Modifiers, PoliciesAreForDocuments) {
  const auto edits = [](const char* list, ResourceKind kind) {
    return Judging(list).ask({"https://a.test/", kind}).edits;
  };
  const auto* both = "||a.test^$csp=script-src 'none'\n||a.test^$permissions=camera=()";
  const Edits expected = {{What::ContentSecurityPolicy, "script-src 'none'"},
                          {What::PermissionsPolicy, "camera=()"}};
  EXPECT_EQ(edits(both, Document), expected);
  EXPECT_EQ(edits(both, Subdocument), expected);
  EXPECT_TRUE(edits(both, Script).empty());
  EXPECT_TRUE(edits("||a.test^$csp=x\n@@||a.test^$csp", Document).empty());
  EXPECT_TRUE(edits("||a.test^$csp=x\n@@||a.test^$csp=x", Document).empty());
  EXPECT_EQ(edits("||a.test^$csp=x\n@@||a.test^$csp=y", Document).size(), 1U);
}

TEST(Modifiers, FieldsAreRemoved) {
  const Judging judging("||a.test^$removeheader=refresh\n||a.test^$removeheader=request:x-client");
  const Edits expected = {{What::RemoveResponseField, "refresh"},
                          {What::RemoveRequestField, "x-client"}};
  EXPECT_EQ(judging.ask({"https://a.test/", Image}).edits, expected);
}

TEST(Modifiers, ABlockedRequestIsGivenAResource) {
  const auto redirect = [](const char* list) {
    return Judging(list).ask({"https://a.test/x.js"}).redirect;
  };
  EXPECT_EQ(redirect("||a.test^$script,redirect=noop.js"), "noop.js");
  EXPECT_EQ(redirect("||a.test^$rewrite=abp-resource:blank-js"), "abp-resource:blank-js");
  EXPECT_EQ(redirect("||a.test^$empty"), "empty");
  EXPECT_EQ(redirect("||a.test^$redirect-rule=noop.js"), "");
  EXPECT_EQ(redirect("||a.test^\n/x.$redirect-rule=noop.js"), "noop.js");
  EXPECT_EQ(redirect("||a.test^\n/x.$redirect-rule=noop.js:5\n/x.js$redirect-rule=other:10"),
            "other");
  EXPECT_EQ(redirect("||a.test^\n/x.$redirect-rule=noop.js\n@@||a.test^$redirect-rule"), "");
  EXPECT_EQ(redirect("||a.test^$redirect=noop.js\n@@||a.test^$redirect-rule=noop.js"), "");
  EXPECT_EQ(redirect("||a.test^$redirect=a,csp=b"), "");
}

TEST(Reports, CountWhatBecameOfEachLine) {
  const Judging judging(std::vector<std::string>{
      "[Adblock Plus]\n! "
      "title\n||a.test^\n||a.test^\na.test##.x\n||b.test^$app=x\n||c.test^$popup\n"
      "||d.test^$domain=|\n!#if "
      "env_chromium\n||e.test^\n!#else\n||f.test^\n!#endif\n/(?=x)/\n||g.test^",
      "||a.test^$third-party\n||g.test^$badfilter\n||a.test^"});
  const auto& first = judging.reports[0];
  EXPECT_EQ(first.lines, 15U);
  EXPECT_EQ(first.comments, 5U);
  EXPECT_EQ(first.rules, 2U);
  EXPECT_EQ(first.duplicates, 1U);
  EXPECT_EQ(first.cosmetic, 1U);
  EXPECT_EQ(first.disabled, 2U);
  EXPECT_EQ(first.faulty, 1U);
  ASSERT_EQ(first.faults.size(), 1U);
  EXPECT_EQ(first.faults[0].line, 8U);
  EXPECT_EQ(first.unsupported.at("app"), 1U);
  EXPECT_EQ(first.unsupported.at("expression"), 1U);
  EXPECT_EQ(judging.reports[1].duplicates, 1U);
  EXPECT_EQ(judging.reports[1].rules, 2U);
}

TEST(Conditionals, NestAndNegate) {
  const Judging judging(
      "!#if env_firefox && !env_mobile\n||a.test^\n!#if (env_chromium || "
      "ext_ublock)\n||b.test^\n!#else\n||c.test^\n"
      "!#endif\n!#else\n||d.test^\n!#if ext_ublock\n||e.test^\n!#endif\n!#endif\n||f.test^\n!#if "
      "(\n||g.test^\n!#endif\n!#endif\n||h.test^");
  const std::string hosts = "abcdefgh";
  std::string blocked;
  for (const char host : hosts) {
    blocked += judging.blocks({std::string("https://") + host + ".test/"}) ? host : '-';
  }
  EXPECT_EQ(blocked, "ab---f-h");
}

TEST(Conditionals, AndFirstLinesAreReadAsWindowsWritesThem) {
  const Judging judging(
      "\xef\xbb\xbf||a.test^\r\n!#if env_firefox\r\n||b.test^\r\n!#else\r\n||c.test^\r\n!#endif\r\n"
      "!#if(ext_ublock)\r\n||d.test^\r\n!#endif\r\n");
  std::string blocked;
  for (const char host : {'a', 'b', 'c', 'd'}) {
    blocked += judging.blocks({std::string("https://") + host + ".test/"}) ? host : '-';
  }
  EXPECT_EQ(blocked, "ab-d");
}

}  // namespace
}  // namespace weir::filters
