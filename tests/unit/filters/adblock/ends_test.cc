// SPDX-License-Identifier: Apache-2.0
//
// What an expression's matches begin and end with: tables of what is turned away, and the one
// promise, that nothing is which RE2 would find, over expressions and texts made at random.
#include "filters/adblock/ends.h"

#include <gtest/gtest.h>
#include <re2/re2.h>

#include <random>
#include <string>

namespace weir::adblock {
namespace {

bool allows(std::string_view expression, std::string_view text, bool ignore_case = false) {
  EndsTable table;
  table.add(ends_of(expression, ignore_case));
  table.finish();
  filters::Work work(1000);
  return table.allow(0, text, work);
}

struct Case {
  const char* expression;
  const char* text;
  bool allowed;
};

void check(std::span<const Case> cases, bool ignore_case = false) {
  for (const Case& one : cases) {
    EXPECT_EQ(allows(one.expression, one.text, ignore_case), one.allowed)
        << one.expression << " on " << one.text;
  }
}

TEST(Ends, HeadsAreRunsOfClasses) {
  constexpr Case kCases[] = {
      {"^abc", "abcd", true},
      {"^abc", "abd", false},
      {"^abc", "ab", false},
      {"^[a-c]{2,3}\\.", "abc.", true},
      {"^[a-c]{2,3}\\.", "a.", false},
      {"^[a-c]{2,3}\\.", "abca.", false},
      {"^[^/]+/", "abc/", true},
      {"^[^/]+/", "/", false},
      {"^\\d\\w\\/", "1_/", true},
      {"^\\d\\w\\/", "_1/", false},
      {"^\\D", "1", false},
      {"^[]a]b", "]b", true},
      {"^[a-]b", "-b", true},
      {"^[+-]b", ",b", false},
      {"^a?b", "b", true},
      {"^a?b", "aab", false},
      {"^a*?b", "aab", true},
      {"^.x", "yx", true},
      {"^.x", "yz", false},
  };
  check(kCases);
}

TEST(Ends, AGroupIsARunOfAllItMayHold) {
  constexpr Case kCases[] = {
      {"^(?:com?|info)/", "com/", true},
      {"^(?:com?|info)/", "co/", true},
      {"^(?:com?|info)/", "c/", false},
      {"^(?:com?|info)/", "coxm/", false},
      {"^(a|b){2}c", "abc", true},
      {"^(a|b){2}c", "abbc", false},
      {"^(?:www\\.)?[a-z]{5,}\\.com\\/", "https.com/", true},
      {"^(?:www\\.)?[a-z]{5,}\\.com\\/", "a/", false},
      {"^((a)b)+c", "ababc", true},
      {"^((a)b)+c", "axbc", false},
  };
  check(kCases);
}

TEST(Ends, WhatMayOverlapIsOneRun) {
  constexpr Case kCases[] = {
      {"^a+ab", "aab", true},
      {"^a+ab", "ab", false},
      {"^[a-c]+b?[d-f]x", "abex", true},
      {"^[a-c]+d?[a-c]x", "adax", true},
      {"^[a-c]*(?:d[a-c]*)*x", "adadax", true},
      {"^.*end", "the end", true},
  };
  check(kCases);
}

TEST(Ends, TailsAreReadBackwards) {
  constexpr Case kCases[] = {
      {"\\/[a-z]{3}\\.js$", "x/abc.js", true},
      {"\\/[a-z]{3}\\.js$", "x/ab.js", false},
      {"\\/[a-z]{3}\\.js$", "x/abc.jsx", false},
      {"[0-9a-f]{32}$", "0123456789abcdef", false},
      {"^a[b-d]+$", "abcd", true},
      {"^a[b-d]+$", "abcde", false},
      {"^$", "", true},
      {"a\\$", "b", true},
      {"a$|b", "b", true},
  };
  check(kCases);
}

TEST(Ends, WhatIsNotUnderstoodEndsWhatIsKnown) {
  constexpr Case kCases[] = {
      {"^ab\\x41", "abz", true},
      {"^ab\\x41", "bz", false},
      {"^ab[[:digit:]]", "abz", true},
      {"^ab(?i)C", "abz", true},
      {"^ab\\Q.\\E", "abz", true},
      {"^ab\\pN", "abz", true},
      {"^a|b", "b", true},
      {"^a\\x41|b", "b", true},
      {"ab\\x41c$", "abz", true},
      {"^ab{", "az", true},  // a brace by itself
      {"^ab{2}{3}c", "abbbbbbc", true},
      {"^*abc", "xabc", true},
      {"^{0}abc", "xabc", true},
      {"^ab(?i)*c", "ac", true},
      {"^ab\\Q\\E*c", "ac", true},
      {"^a{01}b", "a{01}b", true},
      {"^a{1,02}b", "a{1,02}b", true},
      {"^a{1000000000}b", "a{1000000000}b", true},
      {"(?i)^ab", "AB", true},
  };
  check(kCases);
}

TEST(Ends, CaseMayBeIgnored) {
  constexpr Case kCases[] = {
      {"^aB[c-d]$", "AbD", true},      {"^aB[^c-d]$", "AbD", false},
      {"^aB[^c-d]$", "Abe", true},     {"^\xe9$", "\xc9", true},  // left to RE2
      {"^[^\xe9]b", "\xc3\x62", true},
  };
  check(kCases, true);
}

struct Whole {
  const char* expression;
  bool exact;
};

TEST(Ends, RunsThatCannotBeMistakenAreTheWholeExpression) {
  constexpr Whole kCases[] = {
      {"^https?:\\/\\/[a-z]{8,15}\\.xyz\\/$", true},
      {"^https:\\/\\/online\\.[a-z]{7,}\\.top\\/", true},
      {"\\.com\\/[_0-9a-zA-Z]+\\.jpg$", true},
      {"^a[0-9]*", true},
      {"^[^\\/]+\\/.", true},
      {"^abcdefghijklmnopqrstuvwxyz$", true},  // more than is kept of others
      {"abc", false},                          // may stand anywhere
      {"^a+?", false},                         // ends with the first
      {"^[a-c]+b", false},                     // which run has the "b"?
      {"^a\\b", false},
      {"^a^b", false},
      {"^a\\\\$", false},  // a backslash, then the end
      {"^(?:com|net)\\/", false},
      {"^(a)", false},
      {"^\\D", false},
      {"^a\\x41", false},
      {"^", false},
      {"", false},
  };
  for (const Whole& one : kCases) {
    EXPECT_EQ(ends_of(one.expression, false).exact, one.exact) << one.expression;
  }
  EXPECT_FALSE(ends_of("^\xe9$", true).exact);
  EXPECT_TRUE(ends_of("^\xe9$", false).exact);
}

TEST(Ends, SchemesAreTakenTogether) {
  constexpr Case kCases[] = {
      {"^https?:\\/\\/a", "http://a", true},   {"^https?:\\/\\/a", "https://a", true},
      {"^https?:\\/\\/a", "https://b", false}, {"^https:\\/\\/a", "http://a", false},
      {"^http:\\/\\/a", "https://a", false},   {"^https?:\\/\\/a", "wss://a", false},
      {"^wss?:\\/\\/a", "https://a", false},   {"^wss?:\\/\\/a", "ws://a", true},
      {"^[a-z]+:\\/\\/a", "https://a", true},  {"^.*a", "https://a", true},
      {"^https?:\\/\\/$", "https://", true},   {"^https?:\\/\\/$", "https://a", false},
      {"^https?:\\/+a", "https:///a", true},
  };
  check(kCases);
}

TEST(Ends, ManyAndLongOnesStayWithinTheirBounds) {
  EndsTable table;
  for (unsigned i = 0; i < 260; ++i) {  // more sets than are kept
    table.add(ends_of("^[" + std::string(1, static_cast<char>('a' + i % 26)) + "\\d" +
                          std::string(1, static_cast<char>('!' + i / 26 % 10)) + "]x",
                      false));
  }
  table.add(ends_of("^" + std::string(1000, 'x') + "$", false));
  table.add(ends_of("^" + std::string(500, '(') + "a" + std::string(500, ')'), false));
  table.finish();
  filters::Work work(10'000);
  EXPECT_TRUE(table.allow(0, "ax", work));
  EXPECT_FALSE(table.allow(0, "x", work));
  EXPECT_TRUE(table.allow(259, "nothing of it", work));
  EXPECT_TRUE(table.allow(260, std::string(1000, 'x'), work));
  EXPECT_FALSE(table.allow(260, "b", work));
  EXPECT_TRUE(table.allow(261, "a", work));
}

TEST(Ends, LookingCostsWork) {
  EndsTable table;
  table.add(ends_of("^[a-z]+[0-9]", false));
  table.add(ends_of("[a-z]+$", false));
  const std::string text(1000, 'a');
  filters::Work work(2000);
  EXPECT_FALSE(table.allow(0, text, work));
  EXPECT_LE(work.left(), 1500U);
  EXPECT_TRUE(table.allow(1, text, work));
  EXPECT_LE(work.left(), 1000U);
  filters::Work little(400);
  EXPECT_FALSE(table.allow(1, text, little));
  EXPECT_TRUE(little.spent());
}

std::string pick(std::mt19937& random, std::span<const char* const> from) {
  return from[random() % from.size()];
}

TEST(Ends, NothingIsTurnedAwayThatRe2FindsAndNothingElseIsExact) {
  constexpr const char* kUnits[] = {"a",
                                    "b",
                                    "[ab]",
                                    "[^a]",
                                    ".",
                                    "\\.",
                                    "\\/",
                                    "/",
                                    "(a|b)",
                                    "(?:ab|c)",
                                    "(?:a|)",
                                    "(b[ac]?)",
                                    "[a-c]",
                                    "\\d",
                                    "\\w",
                                    "x",
                                    "(?:[a-b]\\/){1,2}",
                                    "(?:a+b)",
                                    "\\b",
                                    "[.b]",
                                    "\\x61",
                                    "https?:\\/\\/",
                                    "^",
                                    "$",
                                    "(?i)",
                                    "\\Q\\E",
                                    "[^\xe9]",
                                    "\xe9"};
  constexpr const char* kCounts[] = {"",     "",   "",     "+",      "*",    "?",   "{2}", "{1,2}",
                                     "{2,}", "+?", "{01}", "{1,02}", "{,2}", "{0}", "{2"};
  constexpr const char* kPieces[] = {"a", "b",  "c",       "A",        "/",    ".",    "1",
                                     "x", "ab", "http://", "https://", "\xe9", "\xc9", "{01}"};
  std::mt19937 random(1);  // the same each time
  unsigned found = 0;
  unsigned known = 0;  // by the ends alone
  for (int i = 0; i < 20'000; ++i) {
    std::string expression = random() % 4 != 0 ? "^" : "";
    for (auto units = 1 + random() % 6; units > 0; --units) {
      expression += pick(random, kUnits) + pick(random, kCounts);
    }
    expression += random() % 3 == 0 ? "$" : random() % 20 == 0 ? "|b" : "";
    const bool ignore_case = random() % 4 == 0;
    RE2::Options options;
    options.set_encoding(RE2::Options::EncodingLatin1);
    options.set_case_sensitive(!ignore_case);
    options.set_log_errors(false);
    const RE2 exact(expression, options);
    if (!exact.ok()) {
      continue;
    }
    EndsTable table;
    table.add(ends_of(expression, ignore_case));
    for (int k = 0; k < 20; ++k) {
      std::string text;
      for (auto pieces = random() % 8; pieces > 0; --pieces) {
        text += pick(random, kPieces);
      }
      re2::StringPiece match;
      const bool yes = exact.Match(text, 0, text.size(), RE2::UNANCHORED, &match, 1);
      found += yes ? 1U : 0U;
      filters::Work work(10'000);
      std::size_t end = 0;
      const bool allowed = table.allow(0, text, work, &end);
      ASSERT_TRUE(allowed || !yes) << expression << " on " << text;
      if (table.exact(0)) {
        ++known;
        ASSERT_EQ(allowed, yes) << expression << " on " << text;
        ASSERT_TRUE(!yes || match.data() + match.size() == text.data() + end)
            << expression << " on " << text;
      }
    }
  }
  EXPECT_GT(found, 20'000U);
  EXPECT_GT(known, 20'000U);
}

}  // namespace
}  // namespace weir::adblock
