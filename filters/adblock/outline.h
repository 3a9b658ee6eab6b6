// SPDX-License-Identifier: Apache-2.0
//
// The outline of a regular expression: a pattern with '*' that matches at least all the expression
// does. It finds the expression's tokens, and turns most URLs away at a small part of its cost.
#pragma once

#include <string>
#include <string_view>

namespace weir::adblock {

// Whether it says how often what stands before it may come.
constexpr bool quantifier(char c) {
  return c == '*' || c == '+' || c == '?' || c == '{';
}

struct Outline {
  std::string pattern;  // lower case; empty: anything
  bool start = false;   // matches only at the URL's beginning
  bool end = false;     // matches only to the URL's end
};

Outline outline_of(std::string_view expression);

}  // namespace weir::adblock
