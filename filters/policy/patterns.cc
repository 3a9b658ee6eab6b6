// SPDX-License-Identifier: Apache-2.0
//
// See patterns.h. Latin-1 mode makes every byte a character, so that a text which is not UTF-8
// cannot slip past an expression. When the automaton of RE2 runs out of memory, RE2 goes on with a
// slower one that needs little; it never says "not found" for lack of memory.
#include "filters/policy/patterns.h"

#include <algorithm>

#include <re2/re2.h>

#include "filters/expression_budget.h"

namespace weir::filters {
namespace {

constexpr std::int64_t kMemoryEach = 2 << 20;
constexpr std::int64_t kMemoryJoined = 8 << 20;

RE2::Options options(std::int64_t memory) {
  RE2::Options out(RE2::Latin1);
  out.set_log_errors(false);
  out.set_max_mem(memory);
  out.set_dot_nl(true);
  return out;
}

}  // namespace

tl::expected<std::unique_ptr<re2::RE2>, std::string> compile_pattern(std::string_view expression) {
  if (expression.size() > kPatternLengthMost) {
    return tl::unexpected<std::string>("it is longer than " + std::to_string(kPatternLengthMost) +
                                       " bytes; split it");
  }
  auto out = std::make_unique<RE2>(re2::StringPiece(expression.data(), expression.size()),
                                   options(kMemoryEach));
  if (out->ok() && out->ProgramSize() > kExpressionSizeMost) {
    return tl::unexpected<std::string>(
        "it is too large: it has high counts, or repeats what repeats; lower them");
  }
  if (!out->ok()) {
    return tl::unexpected<std::string>("it is no RE2 expression: " + out->error());
  }
  return out;
}

std::string expression_fault(std::string_view expression, std::string_view with) {
  const auto made = compile_pattern(expression);
  std::string wrong;
  if (!made || (*made)->CheckRewriteString({with.data(), with.size()}, &wrong)) {
    return made ? "" : made.error();
  }
  wrong.resize(wrong.size() - (wrong.ends_with('.') ? 1 : 0));
  return "\"" + std::string(with) + "\" cannot be put in: " + wrong;
}

bool pattern_found(const re2::RE2& pattern, std::string_view text) {
  const re2::StringPiece piece(text.data(), text.size());
  return pattern.Match(piece, 0, piece.size(), RE2::UNANCHORED, nullptr, 0);
}

Patterns::Patterns() = default;
Patterns::~Patterns() = default;
Patterns::Patterns(Patterns&&) noexcept = default;
Patterns& Patterns::operator=(Patterns&&) noexcept = default;

std::string Patterns::add(const std::string& expression) {
  auto made = compile_pattern(expression);
  if (!made) {
    return made.error();
  }
  each_.push_back(std::move(*made));
  // An open \Q would quote the expressions that follow it.
  joinable_ = joinable_ && expression.find("\\Q") == std::string::npos;
  return {};
}

void Patterns::join() {
  if (each_.size() < 2 || !joinable_) {
    return;
  }
  std::string all;
  for (const auto& one : each_) {
    all += (all.empty() ? "(?:" : "|(?:") + one->pattern() + ")";
  }
  auto made = std::make_unique<RE2>(all, options(kMemoryJoined));
  if (made->ok()) {
    joined_ = std::move(made);
  }
}

bool Patterns::found(std::string_view text) const {
  if (joined_) {
    return pattern_found(*joined_, text);
  }
  return std::ranges::any_of(each_, [text](const auto& one) { return pattern_found(*one, text); });
}

}  // namespace weir::filters
