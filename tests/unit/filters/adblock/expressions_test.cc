// SPDX-License-Identifier: Apache-2.0
//
// Expressions within their bounds: an automaton that outgrows its memory is slower, and the answer
// is the same; and what a hundred take whose automata would grow for ever, as the allocator counts.
#include "filters/adblock/expressions.h"

#include <gtest/gtest.h>
#include <malloc.h>
#include <re2/re2.h>

#include <random>
#include <string>

namespace weir::adblock {
namespace {

bool found(const Expressions& expressions, std::uint32_t id, std::string_view text) {
  filters::Work work(10'000'000);
  const bool yes = expressions.found(id, text, work);
  EXPECT_FALSE(work.spent());
  return yes;
}

std::string letters(std::mt19937& random, std::size_t count) {
  std::string out(count, 'a');
  for (char& c : out) {
    c = static_cast<char>('a' + random() % 3);
  }
  return out;
}

TEST(Expressions, AnAutomatonThatOutgrowsItsMemoryIsOnlySlower) {
  // Each needs states without number: what was read some letters ago decides.
  constexpr const char* kGreedy[] = {"a[abc]{14}c", "(?:a|b[abc]{9})[abc]{20}ab?$", "[a-z]{1,700}x",
                                     "^(?:[ab]|c{2}){20,300}$"};
  std::mt19937 random(1);  // the same each time
  unsigned yes = 0;
  unsigned no = 0;
  for (const char* const source : kGreedy) {
    Expressions expressions;
    ASSERT_TRUE(expressions.add(source, false).has_value());
    expressions.finish();
    RE2::Options options(RE2::Latin1);
    options.set_max_mem(64 << 20);
    const RE2 unbounded(source, options);
    for (int i = 0; i < 300; ++i) {
      std::string text = letters(random, 20 + random() % 200);
      text += i % 8 == 0 ? "x" : "";
      const bool wanted = RE2::PartialMatch(text, unbounded);
      ASSERT_EQ(found(expressions, 0, text), wanted) << source << " on " << text;
      ++(wanted ? yes : no);
    }
  }
  EXPECT_GT(yes, 100U);
  EXPECT_GT(no, 100U);
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
TEST(Expressions, WhatTheyTakeIsBounded) {
  constexpr std::uint32_t kMany = 100;
  std::mt19937 random(1);
  const auto before = ::mallinfo2().uordblks;
  Expressions expressions;
  for (std::uint32_t i = 0; i < kMany; ++i) {
    ASSERT_TRUE(expressions.add("a[abc]{" + std::to_string(9 + i % 20) + "}d", false).has_value());
  }
  expressions.finish();
  for (int round = 0; round < 20; ++round) {
    const std::string text = letters(random, 400);
    for (std::uint32_t id = 0; id < kMany; ++id) {
      found(expressions, id, text);
    }
  }
  EXPECT_LT(::mallinfo2().uordblks - before, kMany * filters::kExpressionMemory);
}
#endif

}  // namespace
}  // namespace weir::adblock
