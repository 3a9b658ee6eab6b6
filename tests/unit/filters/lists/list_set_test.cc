// SPDX-License-Identifier: Apache-2.0
//
// Sets of lists: who speaks, which line is named, what exceptions lift, what dry run leaves out.
#include "filters/lists/list_set.h"
#include "filters/lists/below.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "filters/lists/read_list.h"
#include "filters/url.h"

namespace weir::filters {
namespace {

List make(const char* name, ListFormat format, const std::string& text, bool dry_run = false) {
  auto list = read_list_text(text, format, 1 << 20);
  EXPECT_TRUE(list) << list.error();
  list->name = name;
  list->dry_run = dry_run;
  return std::move(*list);
}

class Sets {
 public:
  Sets(std::vector<List> lists, std::vector<std::vector<std::uint16_t>> sets)
      : built_(ListSets::build(std::move(lists), std::move(sets), false)) {
    EXPECT_TRUE(built_.errors.empty());
  }

  // "list:line text", "- list:line" when an exception lifted it, or "" when nothing spoke.
  std::string ask(const std::string& url, std::uint32_t set = 0, bool dry_run = false,
                  const char* destination = nullptr) {
    arena_.reset();
    Subject subject;
    subject.method = url.find("://") == std::string::npos ? "CONNECT" : "GET";
    EXPECT_TRUE(parse_url(url, subject, arena_)) << url;
    if (destination != nullptr) {
      subject.destination = IpAddress::parse(destination);
    }
    ListVerdict verdict;
    built_.sets->judge(set, subject, dry_run, arena_, verdict);
    const auto place = [](const ListHit& hit) {
      return std::string(hit.list_name) + ":" + std::to_string(hit.line);
    };
    if (verdict.exception) {
      return "- " + place(verdict.exception);
    }
    return verdict.block ? place(verdict.by) + " " + std::string(verdict.by.text()) : "";
  }

  const ListSets::Built& built() const { return built_; }

 private:
  ListSets::Built built_;
  Arena arena_;
};

TEST(ListSets, NameTheLineThatSpoke) {
  std::string many = "# many\n";
  for (int n = 2; n <= 100; ++n) {
    many += "n" + std::to_string(n) + ".test # a remark\r\n";
  }
  Sets sets({make("many", ListFormat::Domains, many)}, {{0}});
  for (int n = 2; n <= 100; ++n) {
    const std::string name = "n" + std::to_string(n) + ".test";
    EXPECT_EQ(sets.ask("http://www." + name + "/x"),
              "many:" + std::to_string(n) + " " + name + " # a remark");
  }
  EXPECT_EQ(sets.ask("http://n1.test/"), "");
}

TEST(ListSets, EachFormatSpeaksInItsWay) {
  Sets sets({make("d", ListFormat::Domains, "d.test\n10.0.0.9\n"),
             make("h", ListFormat::Hosts, "0.0.0.0 x.test h.test\n"),
             make("u", ListFormat::Urls, "u.test/ads/\n"),
             make("p", ListFormat::Patterns, "# c\n/p[0-9]+/\n"),
             make("n", ListFormat::Networks, "192.0.2.0/24\n"),
             make("a", ListFormat::Adblock, "||a.test^\n")},
            {{0, 1, 2, 3, 4, 5}});
  EXPECT_EQ(sets.ask("http://www.d.test/"), "d:1 d.test");
  EXPECT_EQ(sets.ask("http://10.0.0.9/"), "d:2 10.0.0.9");
  EXPECT_EQ(sets.ask("http://[64:ff9b::10.0.0.9]/"), "d:2 10.0.0.9");
  EXPECT_EQ(sets.ask("https://h.test/"), "h:1 0.0.0.0 x.test h.test");
  EXPECT_EQ(sets.ask("https://u.test/ads/x"), "u:1 u.test/ads/");
  EXPECT_EQ(sets.ask("https://u.test/"), "");
  EXPECT_EQ(sets.ask("https://any.test/p12/"), "p:2 /p[0-9]+/");
  EXPECT_EQ(sets.ask("https://any.test/", 0, false, "192.0.2.7"), "n:1 192.0.2.0/24");
  EXPECT_EQ(sets.ask("https://any.test/", 0, false, "64:ff9b::192.0.2.7"), "n:1 192.0.2.0/24");
  EXPECT_EQ(sets.ask("https://192.0.2.8/"), "n:1 192.0.2.0/24");
  EXPECT_EQ(sets.ask("https://a.test/"), "a:1 ||a.test^");
  EXPECT_TRUE(sets.built().sets->needs_address(0));
}

TEST(ListSets, OnConnectOnlyWhatCoversTheHostCounts) {
  Sets sets({make("d", ListFormat::Domains, "d.test\n"),
             make("u", ListFormat::Urls, "u.test/ads/\nwhole.test/\n"),
             make("p", ListFormat::Patterns, "test\n")},
            {{0, 1, 2}});
  EXPECT_EQ(sets.ask("www.d.test:443"), "d:1 d.test");
  EXPECT_EQ(sets.ask("u.test:443"), "");
  EXPECT_EQ(sets.ask("whole.test:443"), "u:2 whole.test/");
}

TEST(ListSets, ASetSeesOnlyItsLists) {
  Sets sets({make("one", ListFormat::Domains, "both.test\none.test\n"),
             make("two", ListFormat::Hosts, "0.0.0.0 both.test\n0.0.0.0 two.test\n")},
            {{0}, {1}, {1, 0}, {}});
  EXPECT_EQ(sets.ask("http://both.test/", 0), "one:1 both.test");
  EXPECT_EQ(sets.ask("http://both.test/", 1), "two:1 0.0.0.0 both.test");
  EXPECT_EQ(sets.ask("http://both.test/", 2), "one:1 both.test");
  EXPECT_EQ(sets.ask("http://two.test/", 0), "");
  EXPECT_EQ(sets.ask("http://one.test/", 1), "");
  EXPECT_EQ(sets.ask("http://both.test/", 3), "");
}

TEST(ListSets, ExceptionsLiftWhatAnotherListOfTheSetNames) {
  Sets sets({make("names", ListFormat::Domains, "test.example\n"),
             make("adblock", ListFormat::Adblock, "! x\n@@||good.test.example^\n")},
            {{0, 1}, {0}});
  EXPECT_EQ(sets.ask("http://bad.test.example/"), "names:1 test.example");
  EXPECT_EQ(sets.ask("http://good.test.example/"), "- adblock:2");
  EXPECT_EQ(sets.ask("http://good.test.example/", 1), "names:1 test.example");
}

TEST(ListSets, DryRunListsSpeakOnlyWhenAsked) {
  Sets sets({make("live", ListFormat::Domains, "live.test\n"),
             make("dry", ListFormat::Domains, "dry.test\n", true),
             make("dry rules", ListFormat::Adblock, "||rules.test^\n", true)},
            {{0, 1, 2}, {0}});
  EXPECT_EQ(sets.ask("http://live.test/"), "live:1 live.test");
  EXPECT_EQ(sets.ask("http://dry.test/"), "");
  EXPECT_EQ(sets.ask("http://rules.test/"), "");
  EXPECT_EQ(sets.ask("http://dry.test/", 0, true), "dry:1 dry.test");
  EXPECT_EQ(sets.ask("http://rules.test/", 0, true), "dry rules:1 ||rules.test^");
  EXPECT_EQ(sets.ask("http://live.test/", 0, true), "");
  EXPECT_TRUE(sets.built().sets->has_dry_run(0));
  EXPECT_FALSE(sets.built().sets->has_dry_run(1));
}

TEST(ListSets, CountRulesAndWhatListsHaveInCommon) {
  Sets sets({make("one", ListFormat::Domains, "a.test\nb.test\na.test\nc.test\n"),
             make("two", ListFormat::Hosts, "0.0.0.0 b.test d.test\n"),
             make("unused", ListFormat::Adblock, "||x.test^\n@@||c.test^\n"),
             make("nets", ListFormat::Networks, "10.0.0.0/8\n10.0.0.0/8\n")},
            {{0, 1}});
  const auto& reports = sets.built().reports;
  EXPECT_EQ(reports[0].rules, 3U);
  EXPECT_EQ(reports[0].duplicates, 1U);
  EXPECT_EQ(reports[1].rules, 2U);
  EXPECT_EQ(reports[1].duplicates, 1U);
  EXPECT_EQ(reports[2].rules, 2U);
  EXPECT_EQ(reports[3].rules, 1U);
  EXPECT_EQ(reports[3].duplicates, 1U);
  const auto overlaps = sets.built().sets->overlaps();
  ASSERT_EQ(overlaps.size(), 4U);
  EXPECT_EQ(overlaps[0].names, 3U);
  EXPECT_EQ(overlaps[0].elsewhere, 1U);
  EXPECT_EQ(overlaps[0].contradicted, 1U);
  EXPECT_EQ(overlaps[1].names, 2U);
  EXPECT_EQ(overlaps[1].elsewhere, 1U);
  EXPECT_EQ(overlaps[1].contradicted, 0U);
}

TEST(ListSets, NamesAreSharedWhateverTheFormatOfTheirLists) {
  Sets sets({make("names", ListFormat::Domains, "a.test\nb.test\nc.test\nd.test\nd.test\n"),
             make("rules", ListFormat::Adblock,
                  "||A.test^\n||b.test^$script\n||c.test^\n||e.test^\n||e.test^\n"),
             make("more", ListFormat::Adblock, "||c.test^$badfilter\n||e.test^\n@@||d.test^\n")},
            {{0, 1, 2}});
  const auto overlaps = sets.built().sets->overlaps();
  EXPECT_EQ(overlaps[0].names, 4U);
  EXPECT_EQ(overlaps[0].elsewhere, 1U);
  EXPECT_EQ(overlaps[1].names, 2U);
  EXPECT_EQ(overlaps[1].elsewhere, 2U);
  EXPECT_EQ(overlaps[2].names, 1U);
  EXPECT_EQ(overlaps[2].elsewhere, 1U);
}

std::uint32_t below(ListFormat format, const std::string& text, const std::string& other = "") {
  const std::vector<List> lists = {make("other", ListFormat::Adblock, other),
                                   make("list", format, text)};
  return count_below(lists, 1);
}

TEST(ListSets, NamesBelowAnotherOfTheirListAreDead) {
  EXPECT_EQ(below(ListFormat::Domains,
                  "ads.test\na.ads.test\nb.a.ads.test\na.ads.test\nbads.test\n10.0.0.1\n"),
            2U);
  EXPECT_EQ(below(ListFormat::Hosts, "0.0.0.0 x.a.test a.test b.test\n"), 1U);
}

TEST(ListSets, RulesForHostsBelowAnotherOfTheirListAreDead) {
  const auto dead = [](const std::string& text, const std::string& other = "") {
    return below(ListFormat::Adblock, text, other);
  };
  EXPECT_EQ(dead("||a.test^\n||b.a.test^\nc.b.a.test\n||ba.test^\n||a.test/x\n||d.a.test/x\n"), 2U);
  EXPECT_EQ(dead("||a.test^\n||b.a.test^$script,3p,domain=x.test\n||c.a.test^$document\n"), 2U);
  EXPECT_EQ(dead("0.0.0.0 b.a.test\n||a.test^"), 1U);
  EXPECT_EQ(dead("||öl.test^\n||b.xn--l-0ga.test^"), 1U);
  EXPECT_EQ(dead("||a.test^\n||b.a.test^$important\n||c.a.test^$redirect=noop.js\n@@||d.a.test^"),
            0U)
      << "these do more";
  for (const char* option : {"script", "3p", "domain=~x.test", "to=b.a.test", "method=get",
                             "removeparam=x", "important", "badfilter"}) {
    EXPECT_EQ(dead("||b.a.test^\n||a.test^$" + std::string(option)), 0U) << option;
  }
  EXPECT_EQ(dead("||a.test^\n||b.a.test^", "||a.test^$badfilter"), 0U);
  EXPECT_EQ(dead("||b.a.test^", "||a.test^"), 0U) << "of another list";
  EXPECT_EQ(dead("!#if false\n||a.test^\n!#endif\n||b.a.test^"), 0U);
}

TEST(ListSets, TakeNoMoreMemoryForManyShortLinesThanForTheirText) {
  std::string text;
  for (int n = 0; n < 1 << 18; ++n) {
    text += n % 2 == 0 ? "\n" : "a.b\n";
  }
  text += "last.test\n";
  Sets sets({make("short", ListFormat::Domains, text)}, {{0}});
  EXPECT_LT(sets.built().sets->memory(), text.size() / 8);
  EXPECT_EQ(sets.ask("http://a.b/"), "short:2 a.b");
  EXPECT_EQ(sets.ask("http://last.test/"), "short:262145 last.test");
  EXPECT_EQ(sets.built().reports[0].rules, 2U);
  EXPECT_EQ(sets.built().reports[0].duplicates, (1U << 17) - 1);
}

TEST(ListSets, ABlockBecauseExpressionsCostTooMuchSaysSo) {
  std::string text;
  for (int n = 0; n < 5000; ++n) {
    text += "ads.*x" + std::to_string(n) + "[0-9]$\n";
  }
  auto built = ListSets::build({make("costly", ListFormat::Patterns, text)}, {{0}}, false);
  std::string url = "http://a.test/ads";
  for (int n = 0; n < 1500; ++n) {
    url += "x" + std::to_string(n);
  }
  Arena arena;
  Subject subject;
  ASSERT_TRUE(parse_url(url, subject, arena));
  ListVerdict verdict;
  built.sets->judge(0, subject, false, arena, verdict);
  EXPECT_TRUE(verdict.block);
  EXPECT_TRUE(verdict.gave_up);
}

}  // namespace
}  // namespace weir::filters
