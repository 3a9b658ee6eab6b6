// SPDX-License-Identifier: Apache-2.0
//
// What a Rewriter is made of; only rewrite.cc, which compiles it, and rewriting.cc, which runs it,
// include this.
#pragma once

#include <re2/re2.h>

#include <memory>
#include <string>
#include <vector>

#include "filters/body/rewrite.h"

namespace weir::filters {

struct ReplacementPiece {
  std::string text;
  int group = -1;  // not -1: this group of the match instead of the text
};

struct RewriteRule {
  std::string literal;              // empty: an expression
  std::unique_ptr<RE2> expression;  // null: a literal
  std::vector<ReplacementPiece> with;
  int groups = 0;  // the highest that `with` names; 0: at most the whole match
};

struct Rewriter::Compiled {
  std::vector<RewriteRule> rules;
  std::size_t longest_literal = 0;
  bool has_expressions = false;
};

constexpr int kGroupsMost = 9;

}  // namespace weir::filters
