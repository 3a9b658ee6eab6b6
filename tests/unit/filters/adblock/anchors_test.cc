// SPDX-License-Identifier: Apache-2.0
//
// Patterns and their anchors against URLs, one row each.
#include <gtest/gtest.h>

#include "tests/unit/filters/adblock/judging.h"

namespace weir::filters {
namespace {

struct Row {
  const char* rule;
  const char* url;
  bool blocks;
};

constexpr Row kRows[] = {
    // A host and what is below it.
    {"||ads.example^", "https://ads.example/x", true},
    {"||ads.example^", "https://ads.example/", true},
    {"||ads.example^", "http://a.b.ads.example:8080/x", true},
    {"||ads.example^", "https://badads.example/", false},
    {"||ads.example^", "https://ads.example.evil.test/", false},
    {"||ads.example^", "https://other.test/?u=https://ads.example/", false},
    {"||ADS.example^", "https://ads.EXAMPLE./x", true},
    {"||ads.example/x", "a:/b://ads.example/x", true},  // whatever the scheme is made of
    {"||1.2.3.4^", "http://1.2.3.4/x", true},
    {"||1.2.3.4^", "http://1.2.3.40/x", false},
    {"ads.example", "https://www.ads.example/", true},
    {"ads.example", "https://other.test/ads.example", false},
    {"0.0.0.0 ads.example", "https://ads.example/", true},
    {"127.0.0.1 localhost", "https://localhost/", false},
    {"::1\tads.example # why", "https://ads.example/", true},
    {"_ads.js", "https://x.test/my_ads.js?1", true},
    // A place in a host's URL.
    {"||ads.example/path", "https://www.ads.example/path/more", true},
    {"||ads.example/path", "https://x.test/ads.example/path", false},
    {"||ads.ex", "https://ads.example/", true},
    {"||example^*/ad.js", "https://cdn.example/x/ad.js", true},
    {"||example^*/ad.js", "https://cdn.example/ad.js", false},
    {"||cdn.*/ad.js", "https://cdn.example/x/ad.js", true},
    {"||cdn.*/ad.js", "https://mycdn.example/x/ad.js", false},
    {"||b.example/x", "https://a.b.example/x", true},
    {"||user.example^", "https://x.test/@user.example/", false},
    // Begin and end.
    {"|https://a.test/x", "https://a.test/xy", true},
    {"|http://a.test/", "https://a.test/", false},
    {"|https://a.test/x|", "https://a.test/x", true},
    {"|https://a.test/x|", "https://a.test/x?y", false},
    {"swf|", "https://a.test/x.swf", true},
    {"swf|", "https://a.test/x.swf?1", false},
    {"/ad^|", "https://a.test/ad", true},
    {"/ad^|", "https://a.test/ad/", true},
    {"/a*/b|", "https://a.test/ax/c/b", true},
    {"/a*/b|", "https://a.test/ax/b/c", false},
    {"/a*b^|", "https://a.test/a/b/b", true},
    // Escapes are read as those of URLs are.
    {"?utm=%41b", "https://a.test/?utm=%41b", true},
    {"/%61ds/x", "https://a.test/ads/x", true},
    {"/q%7E/x", "https://a.test/q~/x", true},
    {"/a%2fb$match-case", "https://a.test/a%2fb", true},
    {"/a%2fb", "https://a.test/a/b", false},
    {"/100%2*z", "https://a.test/100%25z", true},
    // Separators.
    {"/ad^", "https://a.test/ad", true},
    {"/ad^", "https://a.test/ad?x", true},
    {"/ad^", "https://a.test/ad.js", false},
    {"/ad^", "https://a.test/ad-x", false},
    {"/ad^", "https://a.test/ad_x", false},
    {"/ad^", "https://a.test/ad%20", false},
    {"^ad^x^", "https://a.test/ad=x:", true},
    {"^^", "https://a.test/", true},
    // Wildcards and plain text, wherever they lie.
    {"ad*track", "https://a.test/bad/x/tracker", true},
    {"ad*track", "https://a.test/track/ad", false},
    {"*ad*", "https://a.test/xadx", true},
    {"banner", "https://a.test/mybanners", true},
    {"BANNER", "https://a.test/Banner", true},
    {"/a.b/", "https://a.test/axb", true},  // an expression
    {"/a.b/*", "https://a.test/axb/", false},
    {"/a.b/*", "https://a.test/a.b/", true},
    {"://ads.", "https://ads.example/", true},
    {"-ad-", "https://a.test/x-ad-y", true},
    {"%2Fad%2F", "https://a.test/?u=%2fad%2F", true},
    {"/%61ds/*", "https://a.test/%61ds/", true},
    {"/%61ds/*", "https://a.test/ads/", true},  // to a judge, one and the same URL
    {"/ads/*", "https://a.test/%61ds/", true},
    // Expressions.
    {"/^https:\\/\\/[a-z]{3}\\.test\\//", "https://abc.test/", true},
    {"/^https:\\/\\/[a-z]{3}\\.test\\//", "https://ab.test/", false},
    {"/banner\\d+/", "https://a.test/BANNER12", true},
    {"/banner\\d+/$match-case", "https://a.test/BANNER12", false},
    {"/x(a|b)y$/", "https://a.test/xby", true},
    {"/foo$|bar/$script", "https://a.test/bar", true},
    {"/a{2,3}b/", "https://a.test/aab", true},
    {"/\\/ad[.]js/", "https://a.test/ad.js", true},
    // No rule at all.
    {"! ||ads.example^", "https://ads.example/", false},
    {"[Adblock Plus 2.0]", "https://ads.example/", false},
    {"# ads.example", "https://ads.example/", false},
    {"ads.example##.banner", "https://ads.example/", false},
    {"ads.example#@#.banner", "https://ads.example/", false},
    {"ads.example$$script", "https://ads.example/", false},
    {"a", "https://a.test/", false},
    {"", "https://a.test/", false},
};

TEST(Anchors, MatchAsTheSyntaxSays) {
  for (const auto& row : kRows) {
    const Judging judging(row.rule);
    EXPECT_EQ(judging.blocks({row.url}), row.blocks) << row.rule << " on " << row.url;
  }
}

TEST(Anchors, TheLineThatBlocksIsNamed) {
  const Judging judging(std::vector<std::string>{"! nothing\n", "! one\r\n||ads.example^  \r\nx"});
  Arena arena;
  Subject subject;
  ASSERT_TRUE(parse_url("https://ads.example/", subject, arena));
  ListVerdict verdict;
  judging.filters->judge(subject, {}, arena, verdict);
  EXPECT_EQ(verdict.by.list, 1);
  EXPECT_EQ(verdict.by.line, 2U);
  EXPECT_EQ(verdict.by.list_name, "list1");
  EXPECT_EQ(verdict.by.text(), "||ads.example^");
}

}  // namespace
}  // namespace weir::filters
