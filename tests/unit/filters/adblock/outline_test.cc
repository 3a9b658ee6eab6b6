// SPDX-License-Identifier: Apache-2.0
//
// An outline matches whatever its expression does: what it turns away, RE2 never sees.
#include "filters/adblock/outline.h"

#include <gtest/gtest.h>
#include <re2/re2.h>

#include <algorithm>
#include <random>
#include <string>

#include "filters/adblock/pattern.h"
#include "proxy/base/ascii.h"
#include "tests/unit/filters/adblock/judging.h"

namespace weir::adblock {
namespace {

using filters::Judging;

TEST(Outline, LongEscapesAreOneCharacter) {
  struct Case {
    const char* filter;
    const char* url;
    bool blocked;
  };
  constexpr Case kCases[] = {
      {"/\\x61ds/", "http://a.example/ads.js", true},
      {"/\\x61ds/", "http://a.example/61ds.js", false},
      {"/\\x{61}ds/", "http://a.example/ads.js", true},
      {"/\\/b\\141d\\./", "http://a.example/bad.js", true},
      {"/\\/\\pLds\\./", "http://a.example/ads.js", true},
      {"/\\/\\p{Latin}+ds\\./", "http://a.example/bads.js", true},
      {"/\\Q.js$\\E/", "http://a.example/x.js$y", true},
      {"/zz\\Q(\\E|ads/", "http://a.example/ads.js", true},
  };
  for (const auto& [filter, url, blocked] : kCases) {
    const Judging judging(std::string(filter) + "\n");
    EXPECT_EQ(judging.ask({url}).block, blocked) << filter << " on " << url;
  }
}

template <std::size_t N>
std::string pick(std::mt19937& random, const char* const (&from)[N]) {
  return from[random() % N];
}

TEST(Outline, TurnsNothingAwayThatTheExpressionFinds) {
  constexpr const char* kUnits[] = {"a",          "b",       "ads",  "[ab]", "[^a]",   "[a]",
                                    "[]]",        ".",       "\\.",  "\\/",  "(a|b)",  "(?:ab|c)",
                                    "(?:a\\)|b)", "([)]|a)", "\\d",  "\\w",  "\\b",    "\\x61",
                                    "\\x{62}",    "\\141",   "\\06", "\\pL", "\\p{L}", "\\PN",
                                    "\\Qa.\\E",   "\\Q(\\E", "^",    "$",    "\\$",    "\\^"};
  constexpr const char* kCounts[] = {"",  "",   "",    "",      "+",    "*",
                                     "?", "+?", "{2}", "{0,2}", "{,2}", "{2"};
  constexpr const char* kPieces[] = {"a", "b", "ads", "c", "A", "/", ".", "1", "61", "$", "(", ")"};
  std::mt19937 random(1);  // the same each time
  unsigned found = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::string expression = random() % 4 == 0 ? "^" : "";
    for (auto units = 1 + random() % 5; units > 0; --units) {
      expression += pick(random, kUnits) + pick(random, kCounts);
    }
    expression += random() % 4 == 0 ? "$" : random() % 10 == 0 ? "|b" : "";
    RE2::Options options(RE2::Latin1);
    options.set_case_sensitive(false);
    options.set_log_errors(false);
    const RE2 exact(expression, options);
    if (!exact.ok()) {
      continue;
    }
    const Outline outline = outline_of(expression);
    const PatternView pattern{outline.pattern, outline.start, false, outline.end};
    for (int k = 0; k < 20; ++k) {
      std::string text;
      for (auto pieces = random() % 8; pieces > 0; --pieces) {
        text += pick(random, kPieces);
      }
      const bool yes = RE2::PartialMatch(text, exact);
      found += yes ? 1U : 0U;
      std::string lower = text;
      std::ranges::transform(lower, lower.begin(), to_lower);
      filters::Work work(10'000);
      UrlView url;
      url.text = lower;
      url.work = &work;
      ASSERT_TRUE(!yes || match_anywhere(url, pattern) != kNoMatch) << expression << " on " << text;
    }
  }
  EXPECT_GT(found, 20'000U);
}

}  // namespace
}  // namespace weir::adblock
