// SPDX-License-Identifier: Apache-2.0
//
// Lists whose author means harm: what they may cost is bounded, in loading and in deciding, and
// what is left out is reported with its reason.
#include <gtest/gtest.h>

#include <string>

#include "filters/adblock/host_sets.h"
#include "filters/adblock/match.h"
#include "filters/adblock/parse.h"
#include "filters/expression_budget.h"
#include "tests/unit/filters/adblock/judging.h"

namespace weir::filters {
namespace {

std::string repeated(std::string_view text, std::size_t times) {
  std::string out;
  for (std::size_t n = 0; n < times; ++n) {
    out += text;
  }
  return out;
}

// Many rules that lie under the one token "ads", each with something that the URL lacks.
std::string crowd(std::size_t rules, const std::string& begin, const std::string& options) {
  std::string out;
  for (std::size_t n = 0; n < rules; ++n) {
    out += begin + "/ads/*" + std::to_string(n) + "~$script,subdocument" + options + "\n";
  }
  return out;
}

TEST(HostileList, MakesADecisionThatCostsTooMuchABlockWhichSaysSo) {
  const Judging list(crowd(100'000, "", "") + "||other.example^\n");
  const Request request{"https://a.example/" + repeated("ads/", 1750)};
  const auto verdict = list.verdict(request);
  EXPECT_TRUE(verdict.gave_up);
  EXPECT_TRUE(verdict.block);
  EXPECT_EQ(verdict.by.list_name, "list0");
  EXPECT_TRUE(verdict.by.text().starts_with("/ads/*"));
  EXPECT_FALSE(list.verdict({"https://a.example/" + repeated("adz/", 1750)}).gave_up);
}

// The last filter of all may be the one at which it is spent, in any of its steps.
TEST(HostileList, GivesUpAtEveryStepAlike) {
  std::string list;
  for (char c = 'c'; c <= 'v'; ++c) {
    list += std::string("/tok/*ba") + c + "c\n";
  }
  const Judging judging(list + "zx\n");
  bool gave_up = false;
  for (std::size_t n = 6100; n < 6400; n += 3) {
    const auto verdict = judging.verdict({"http://x.test/tok/" + repeated("ab", n)});
    EXPECT_TRUE(verdict.gave_up || !gave_up) << n;
    EXPECT_EQ(verdict.block, verdict.gave_up) << n;
    EXPECT_EQ(verdict.by.list_name, verdict.gave_up ? "list0" : "") << n;
    gave_up = verdict.gave_up;
  }
  EXPECT_TRUE(gave_up);
}

TEST(HostileList, DoesNotLetAnExceptionOrAnEditPassWhatCostsTooMuch) {
  const Request request{"https://a.example/" + repeated("ads/", 1000) + "?x=1",
                        ResourceKind::Subdocument};
  for (const auto& list : {"||a.example^\n" + crowd(20'000, "@@", ""),
                           crowd(20'000, "", ",csp=x") + "||a.example^$csp=y\n",
                           crowd(20'000, "", ",removeparam=/[abc]|y/"),
                           "||a.example^\n" + crowd(20'000, "", ",redirect-rule=empty")}) {
    const auto verdict = Judging(list).verdict(request);
    EXPECT_TRUE(verdict.block) << list.substr(0, 80);
    EXPECT_TRUE(verdict.gave_up) << list.substr(0, 80);
    EXPECT_EQ(verdict.edits.count, 0U);
  }
}

TEST(HostileList, WalksTheRulesOfATokenOnceHoweverOftenTheUrlHasIt) {
  // 3,000 rules looked at once are within bounds; looked at for each word they are not.
  std::string list = crowd(3000, "", "");
  list += "/ads/good^\n";
  const Judging judging(list);
  const auto verdict = judging.verdict(
      {"https://a.example/" + repeated("ads/", 300) + "good/" + repeated("ads/", 9)});
  EXPECT_TRUE(verdict.block);
  EXPECT_FALSE(verdict.gave_up);
  EXPECT_EQ(verdict.by.text(), "/ads/good^");
}

TEST(HostileList, PaysForPatternsThatAreSlowToSearch) {
  const std::string url = "https://a.example/" + repeated("/", 7000);
  std::string list;
  for (int n = 0; n < 100; ++n) {
    list += repeated("^", 1000) + std::to_string(n) + "\n";
  }
  EXPECT_TRUE(Judging(list).verdict({url}).gave_up);
  list.clear();
  for (int n = 0; n < 100; ++n) {
    list += repeated("a", 1000) + "-*" + std::to_string(n) + "\n";
  }
  EXPECT_TRUE(Judging(list).verdict({"https://x.example/" + repeated("a", 7000) + "-"}).gave_up);
}

TEST(HostileList, PaysForExpressionsByTheirSize) {
  std::string list;
  for (int n = 0; n < 100; ++n) {
    list += "/[a-z0-9]{1,200}[a-z][a-z]{1,100}[~_]{1," + std::to_string(n + 1) + "}/$script\n";
  }
  const Judging judging(list);
  EXPECT_TRUE(judging.verdict({"https://x.example/" + repeated("ab12", 1750)}).gave_up);
  EXPECT_FALSE(judging.verdict({"https://x.example/"}).gave_up);
}

TEST(HostileList, MayNotHaveExpressionsOfAnySizeOrNumber) {
  const Judging large(
      "/[a-z]+[0-9]{1,900}[a-z]{1,200}/\n/ads[0-9]/\n||a.example^$domain=/x{999}y{999}/\n"
      "*$removeparam=/x{999}y{999}/\n");
  EXPECT_EQ(large.reports[0].rules, 1U);
  EXPECT_EQ(large.reports[0].unsupported.at(kExpressionTooLarge), 3U);

  std::string list;
  for (int n = 0; n < 5000; ++n) {
    list += "/x" + std::to_string(n) + "[a-z]+[0-9]{1,400}/\n";
  }
  const Judging many(std::vector<std::string>{list, "/ads[0-9]/\n"});
  EXPECT_GT(many.reports[0].rules, 100U);
  EXPECT_EQ(many.reports[0].rules + many.reports[0].unsupported.at(kExpressionsTooLarge), 5000U);
  EXPECT_EQ(many.reports[1].rules, 1U);  // another list has room of its own
}

TEST(HostileList, HasItsCountsAddedUpBeforeAnythingIsCompiled) {
  EXPECT_TRUE(counts_too_high("[a-z]{900}x{1,601}"));
  EXPECT_TRUE(counts_too_high("a{9999999999999}"));
  for (const auto* fine : {"[a-z]{900}x{1,600}", "a{9,1}", "a\\{9999}", "a{9999", "a9999}",
                           "a{x9999}", "", "{", "\\"}) {
    EXPECT_FALSE(counts_too_high(fine)) << fine;
  }
}

TEST(HostileList, MayNotHaveEveryRequestAskedAboutThousandsOfRules) {
  std::string list;
  for (int n = 0; n < 5000; ++n) {
    list += "*x" + std::to_string(n) + "*\n";
  }
  const Judging judging(list);
  EXPECT_EQ(judging.reports[0].rules, 2000U);
  EXPECT_EQ(judging.reports[0].unsupported.at("too many rules without a whole word"), 3000U);
  EXPECT_TRUE(judging.blocks({"https://a.example/x1999x"}));
}

TEST(HostileList, ReportsWhatIsTooLargeInALine) {
  const std::string stars = "/a" + repeated("*b", adblock::kWildcardLimit);
  std::string hosts = "a0.example";
  for (std::size_t n = 1; n < adblock::kHostEntriesMost; ++n) {
    hosts += "|a" + std::to_string(n) + ".example";
  }
  const Judging judging(stars + "\n" + stars + "*c\n" +                         //
                        "/d/$domain=" + hosts + "\n" +                          //
                        "/e/$domain=" + hosts + "|one.example\n" +              //
                        "/f/$csp=" + repeated("x", 5000) + "\n" +               //
                        "/g/" + repeated("x", 300'000) + "\n" +                 //
                        "/h/" + repeated("x", adblock::kPatternLimit) + "\n" +  //
                        "/i/\n");
  const auto& report = judging.reports[0];
  EXPECT_EQ(report.rules, 3U);
  EXPECT_EQ(report.unsupported.at("more than 64 * in a pattern"), 1U);
  EXPECT_EQ(report.unsupported.at("more than 10000 host names in an option"), 1U);
  EXPECT_EQ(report.unsupported.at("value too long"), 1U);
  EXPECT_EQ(report.unsupported.at("line too long"), 1U);
  EXPECT_EQ(report.faulty, 1U);
  EXPECT_TRUE(judging.blocks({"https://x.example/d/", ResourceKind::Script, "a9999.example"}));
}

}  // namespace
}  // namespace weir::filters
