// SPDX-License-Identifier: Apache-2.0
//
// How large the expressions of lists may be, and what trying one costs. RE2 is linear in the text,
// but an expression's program grows with the counts in it, and at worst each byte of the text costs
// a walk over the program: "[a-z]{1,900}x" takes a thousand times what "ads" does. Sizes are in
// instructions of that program; nearly all expressions of real lists have fewer than 500.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace weir::filters {

constexpr int kExpressionSizeMost = 1500;
// What RE2 may take for the programs of one and their automata, which grow with use. On what is
// larger it gives up early; an automaton that outgrows its share is begun anew or done without,
// which is slower and never another answer.
constexpr std::int64_t kExpressionMemory = 64 << 10;
// With it for each step of the program, an automaton has room for the states that RE2 wants at
// least: without, a large expression would be tried step by step for ever.
constexpr std::int64_t kMemoryAStep = 640;

// Reasons, as reports have them.
constexpr const char* kExpressionTooLarge = "expression too large";
constexpr const char* kExpressionsTooLarge = "expressions too large together";

// What the expressions of one list may come to: half a second of compiling, about. One that turns
// out too large has cost its share, too.
class ExpressionBudget {
 public:
  bool spent() const { return left_ <= 0; }
  void take(int size) { left_ -= kEach + std::clamp(size, 0, kExpressionSizeMost); }

 private:
  static constexpr std::int64_t kEach = 25;
  std::int64_t left_ = 600'000;
};

// Whether the counts in an expression alone make it too large, which saves finding out: the last
// number of each "{n,m}".
constexpr bool counts_too_high(std::string_view expression) {
  int sum = 0;
  int number = 0;
  bool counts = false;
  for (std::size_t i = 0; i < expression.size() && sum <= kExpressionSizeMost; ++i) {
    const char c = expression[i];
    if (c == '\\') {
      ++i;
    } else if (c == '{' || c == ',') {
      counts = counts || c == '{';
      number = 0;
    } else if (counts && c >= '0' && c <= '9') {
      number = std::min(number * 10 + (c - '0'), kExpressionSizeMost + 1);
    } else {
      sum += counts && c == '}' ? number : 0;
      counts = false;
    }
  }
  return sum > kExpressionSizeMost;
}

// Steps (work.h) of trying an expression on a text. Mostly a byte is one look into a table; the
// share of the program is for the worst, when the automaton outgrows its memory.
constexpr std::size_t expression_steps(int size, std::size_t bytes) {
  return 100 + bytes * (1 + static_cast<std::size_t>(std::max(size, 0)) / 16);
}

}  // namespace weir::filters
