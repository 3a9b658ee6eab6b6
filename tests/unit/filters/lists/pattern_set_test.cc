// SPDX-License-Identifier: Apache-2.0
//
// The set of patterns and its gate of literals, against trying each alone.
#include "filters/pattern_set.h"

#include <gtest/gtest.h>
#include <re2/re2.h>

#include <algorithm>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "filters/literal_gate.h"

namespace weir::filters {
namespace {

constexpr auto kAll = [](std::uint32_t) { return true; };

TEST(LiteralGate, FindsEveryLiteralOnceWhateverTheCase) {
  LiteralGate::Builder builder;
  builder.add("banner", 1);
  builder.add("ads", 2);
  builder.add("banner", 3);
  builder.add("://", 4);
  builder.add("absent", 5);
  const LiteralGate gate = std::move(builder).build();
  Arena arena;
  Work work(kPatternWorkMost);
  std::multiset<std::uint32_t> found;
  gate.each("http://x/ADS/ads/BanNer/banne/banner", arena, work,
            [&found](std::uint32_t id) { found.insert(id); });
  EXPECT_EQ(found, (std::multiset<std::uint32_t>{1, 2, 3, 4}));
  found.clear();
  for (const auto* text : {"", "a", "ad", "ba", "nner", "banne"}) {
    gate.each(text, arena, work, [&found](std::uint32_t id) { found.insert(id); });
  }
  EXPECT_TRUE(found.empty());
}

TEST(LiteralGate, SaysWhatASearchSays) {
  std::mt19937 random(4);
  const auto word = [&random](std::size_t least, std::size_t span) {
    std::string out(least + random() % span, ' ');
    std::ranges::generate(out, [&random] { return static_cast<char>('a' + random() % 3); });
    return out;
  };
  for (int round = 0; round < 50; ++round) {
    std::vector<std::string> literals;
    LiteralGate::Builder builder;
    for (std::uint32_t n = 0; n < 60; ++n) {
      literals.push_back(word(3, 5));
      builder.add(literals.back(), n);
    }
    const LiteralGate gate = std::move(builder).build();
    for (int n = 0; n < 50; ++n) {
      const std::string text = word(0, 40);
      std::multiset<std::uint32_t> expected;
      for (std::uint32_t i = 0; i < literals.size(); ++i) {
        if (text.find(literals[i]) != std::string::npos) {
          expected.insert(i);
        }
      }
      std::multiset<std::uint32_t> found;
      Arena arena;
      Work work(kPatternWorkMost);
      gate.each(text, arena, work, [&found](std::uint32_t id) { found.insert(id); });
      ASSERT_EQ(found, expected) << text;
    }
  }
}

TEST(PatternSet, SaysWhyAnExpressionCannotBeUsed) {
  PatternSet::Builder builder;
  EXPECT_EQ(builder.add("(open", 1), "RE2 refuses it: missing ): (open");
  EXPECT_EQ(builder.add(std::string(2049, 'a'), 1), "the expression is longer than 2048 bytes");
  const std::string large =
      "the expression is too large: it has high counts, or repeats what repeats";
  EXPECT_EQ(builder.add("((a{1,100}){1,100}){1,100}", 1).substr(0, 16), "RE2 refuses it: ");
  EXPECT_EQ(builder.add("[a-z]+[0-9]{1,900}[a-z]{1,200}", 1), large);
  EXPECT_EQ(builder.add("fine", 1), "");
  EXPECT_EQ(builder.size(), 1U);
}

TEST(PatternSet, BoundsWhatTheExpressionsOfOneListMayComeTo) {
  PatternSet::Builder builder;
  std::string why;
  std::uint32_t taken = 0;
  for (; why.empty() && taken < 10'000; ++taken) {
    why = builder.add("x" + std::to_string(taken) + "[a-z]+[0-9]{1,400}", taken);
  }
  EXPECT_EQ(why, "the expressions of the list are too large together");
  EXPECT_GT(taken, 100U);
  EXPECT_NE(builder.add("small", 1), "");
  builder.begin_list();
  EXPECT_EQ(builder.add("small", 1), "");
}

TEST(PatternSet, StopsWhenAQuestionWouldCostTooMuch) {
  PatternSet::Builder builder;
  for (std::uint32_t n = 0; n < 5000; ++n) {
    ASSERT_EQ(builder.add("ads.*x" + std::to_string(n) + "[0-9]$", n), "");
  }
  auto set = std::move(builder).build();
  ASSERT_TRUE(set);
  std::string url = "http://a/ads";
  for (int n = 0; n < 800; ++n) {
    url += "x" + std::to_string(n);
  }
  Arena arena;
  Work work(10'000);
  set->first(url, arena, work, kAll);
  EXPECT_TRUE(work.spent());
  Work enough(kPatternWorkMost);
  EXPECT_EQ(set->first("http://a/ads/x7_x78", arena, enough, kAll), 7U);
  EXPECT_FALSE(enough.spent());
}

TEST(PatternSet, GivesTheFirstLineThatIsWanted) {
  PatternSet::Builder builder;
  for (const auto& [pattern, value] : std::vector<std::pair<const char*, std::uint32_t>>{
           {"ads", 9}, {"[0-9]", 7}, {"ad.*s", 5}, {"absent", 1}, {"^http", 12}}) {
    EXPECT_EQ(builder.add(pattern, value), "");
  }
  auto set = std::move(builder).build();
  ASSERT_TRUE(set);
  Arena arena;
  Work work(kPatternWorkMost);
  EXPECT_EQ(set->first("http://x/ads1", arena, work, kAll), 5U);
  EXPECT_EQ(set->first("http://x/ads1", arena, work, [](std::uint32_t v) { return v > 5; }), 7U);
  EXPECT_EQ(set->first("http://x/ads1", arena, work, [](std::uint32_t v) { return v > 7; }), 9U);
  EXPECT_EQ(set->first("ftp:", arena, work, kAll), PatternSet::kNone);
  EXPECT_EQ(PatternSet().first("x", arena, work, kAll), PatternSet::kNone);
}

// A piece of expression, often one that RE2 must take apart to find literals.
std::string piece(std::mt19937& random) {
  static const std::vector<std::string> kPieces = {"abc",
                                                   "bca",
                                                   "a",
                                                   "b",
                                                   "cab",
                                                   ".*",
                                                   ".",
                                                   "[ab]",
                                                   "[^c]",
                                                   "(abc|b)",
                                                   "c+",
                                                   "(cc)?",
                                                   "(?i:ABC)",
                                                   "a{2,3}",
                                                   "(a|b|c)",
                                                   "\\b",
                                                   "(abca|bcab|cabc)",
                                                   "[a-c]{3}",
                                                   "(abc){0}",
                                                   "(?i)CaB",
                                                   "(?:bbb|aaa)*",
                                                   "(cab|)"};
  return kPieces[random() % kPieces.size()];
}

TEST(PatternSet, SaysWhatEachExpressionSaysAlone) {
  std::mt19937 random(5);
  for (int round = 0; round < 30; ++round) {
    PatternSet::Builder builder;
    std::vector<std::unique_ptr<RE2>> alone;
    for (std::uint32_t n = 0; n < 30; ++n) {
      std::string pattern = random() % 6 == 0 ? "^" : "";
      const std::size_t pieces = 1 + random() % 4;
      for (std::size_t i = 0; i < pieces; ++i) {
        pattern += piece(random);
      }
      pattern += random() % 6 == 0 ? "$" : "";
      ASSERT_EQ(builder.add(pattern, n), "") << pattern;
      alone.push_back(std::make_unique<RE2>(pattern));
    }
    const auto set = std::move(builder).build();
    ASSERT_TRUE(set);
    for (int n = 0; n < 100; ++n) {
      std::string url(random() % 14, ' ');
      std::ranges::generate(url,
                            [&random] { return "abcABC"[random() % (random() % 2 == 0 ? 6 : 3)]; });
      for (std::uint32_t i = 0; i < alone.size(); ++i) {
        Arena arena;
        Work work(kPatternWorkMost);
        const auto only = [i](std::uint32_t value) { return value == i; };
        ASSERT_EQ(set->first(url, arena, work, only) == i, RE2::PartialMatch(url, *alone[i]))
            << alone[i]->pattern() << " in " << url;
      }
    }
  }
}

TEST(PatternSet, NeverTakesALackOfMemoryForANo) {
  PatternSet::Builder builder;
  // No literals, and automata that are too large to be built whole.
  for (std::uint32_t n = 0; n < 20; ++n) {
    ASSERT_EQ(builder.add("[ab].{" + std::to_string(30 + n) + "}[xy]", n), "");
  }
  const auto set = std::move(builder).build();
  ASSERT_TRUE(set);
  std::mt19937 random(6);
  std::string noise(4000, ' ');
  std::ranges::generate(noise, [&random] { return "abcd"[random() % 4]; });
  Arena arena;
  Work work(kPatternWorkMost);
  EXPECT_EQ(set->first(noise, arena, work, kAll), PatternSet::kNone);
  EXPECT_EQ(set->first(noise + "x", arena, work, [](std::uint32_t v) { return v > 3; }) !=
                PatternSet::kNone,
            true);
}

}  // namespace
}  // namespace weir::filters
