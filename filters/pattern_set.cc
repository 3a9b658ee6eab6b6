// SPDX-License-Identifier: Apache-2.0
//
// See pattern_set.h. Which literals an expression needs is RE2's own knowledge (FilteredRE2): it
// gives texts and says whether an expression can match when only some of them occur. From these a
// few are kept, so that no match is possible without one of the few.
#include "filters/pattern_set.h"

#include <re2/filtered_re2.h>
#include <re2/re2.h>
#include <re2/set.h>

#include <algorithm>
#include <numeric>
#include <utility>

#include "filters/expression_budget.h"
#include "filters/literal_gate.h"

namespace weir::filters {
namespace {

// For the automaton of one expression, which is built while it is used.
constexpr std::int64_t kMemory = 256 << 10;
constexpr std::int64_t kMemoryTogether = 64 << 20;
constexpr std::size_t kLiteralsMost = 64;       // of one expression; with more it is tried always
constexpr std::size_t kLiteralBytesMost = 256;  // a part of it does as well
constexpr std::size_t kWithoutLiteralMost = 1000;
constexpr const char* kTooLarge =
    "the expression is too large: it has high counts, or repeats what repeats";

RE2::Options options(std::int64_t memory) {
  RE2::Options out(RE2::Latin1);  // bytes, not characters: URLs are bytes
  out.set_log_errors(false);
  out.set_max_mem(memory);
  return out;
}

// A reason that is safe to print.
std::string reason_of(const RE2& expression) {
  std::string out = "RE2 refuses it: " + expression.error();
  out.resize(std::min<std::size_t>(out.size(), 200));
  std::ranges::replace_if(
      out, [](char c) { return c < 0x20 || c == 0x7f; }, '?');
  return out;
}

// How much a literal tells: what nearly every URL has, tells nothing.
std::size_t weight(std::string_view literal) {
  for (const auto* common : {"https://", "http://", "http", "://", "www."}) {
    if (const std::string_view text(common); literal.starts_with(text)) {
      literal.remove_prefix(text.size());
    }
  }
  for (const auto* common : {".com/", ".com", ".net", ".org"}) {
    if (const std::string_view text(common); literal.ends_with(text)) {
      literal.remove_suffix(text.size());
    }
  }
  return literal.size();
}

// The fewest and best literals one of which every match needs; none when there are no such.
std::vector<std::string> needed_literals(std::string_view pattern) {
  re2::FilteredRE2 filtered(static_cast<int>(kGateBytesLeast));
  int id = 0;
  std::vector<std::string> literals;
  if (filtered.Add(re2::StringPiece(pattern.data(), pattern.size()), options(kMemory), &id) !=
      RE2::NoError) {
    return {};
  }
  filtered.Compile(&literals);
  std::vector<int> possible;
  filtered.AllPotentials({}, &possible);
  if (!possible.empty() || literals.size() > kLiteralsMost) {
    return {};
  }
  // Try to do without each, the least telling first; `absent` may occur without a match.
  std::vector<int> order(literals.size());
  std::iota(order.begin(), order.end(), 0);
  std::ranges::stable_sort(
      order, {}, [&literals](int n) { return weight(literals[static_cast<std::size_t>(n)]); });
  std::vector<int> spared;
  std::vector<std::string> needed;
  for (const int n : order) {
    spared.push_back(n);
    std::ranges::sort(spared);
    filtered.AllPotentials(spared, &possible);
    if (!possible.empty()) {
      std::erase(spared, n);
      needed.push_back(literals[static_cast<std::size_t>(n)].substr(0, kLiteralBytesMost));
    }
  }
  const bool usable = std::ranges::all_of(
      needed, [](const std::string& text) { return text.size() >= kGateBytesLeast; });
  return usable ? needed : std::vector<std::string>();
}

struct Pattern {
  std::unique_ptr<RE2> expression;
  std::uint32_t value = 0;

  bool found_in(std::string_view url) const {
    return expression->Match(re2::StringPiece(url.data(), url.size()), 0, url.size(),
                             RE2::UNANCHORED, nullptr, 0);
  }
};

}  // namespace

struct PatternSet::Builder::Draft {
  std::vector<Pattern> patterns;
  std::vector<std::uint32_t> without_literal;
  LiteralGate::Builder gate;
  ExpressionBudget budget;
  std::size_t memory = 0;
};

struct PatternSet::Compiled {
  std::vector<Pattern> patterns;
  LiteralGate gate;
  std::vector<std::uint32_t> without_literal;  // indices, by value
  std::unique_ptr<RE2::Set> together;          // the same; null when it takes too much memory
  std::size_t memory = 0;

  // False only when certainly none of `without_literal` is found.
  bool maybe_without_literal(std::string_view url) const {
    if (together == nullptr) {
      return true;
    }
    RE2::Set::ErrorInfo error{RE2::Set::kNoError};
    return together->Match(re2::StringPiece(url.data(), url.size()), nullptr, &error) ||
           error.kind != RE2::Set::kNoError;
  }
};

PatternSet::Builder::Builder() : draft_(std::make_unique<Draft>()) {}
PatternSet::Builder::~Builder() = default;
PatternSet::Builder::Builder(Builder&&) noexcept = default;
PatternSet::PatternSet() = default;
PatternSet::~PatternSet() = default;
PatternSet::PatternSet(PatternSet&&) noexcept = default;
PatternSet& PatternSet::operator=(PatternSet&&) noexcept = default;

std::size_t PatternSet::Builder::size() const {
  return draft_->patterns.size();
}

void PatternSet::Builder::begin_list() {
  draft_->budget = {};
}

std::string PatternSet::Builder::add(std::string_view pattern, std::uint32_t value) {
  if (pattern.size() > kPatternBytesMost) {
    return "the expression is longer than " + std::to_string(kPatternBytesMost) + " bytes";
  }
  if (draft_->budget.spent()) {
    return "the expressions of the list are too large together";
  }
  if (counts_too_high(pattern)) {
    return kTooLarge;
  }
  const re2::StringPiece text(pattern.data(), pattern.size());
  auto expression = std::make_unique<RE2>(text, options(kMemory));
  const bool large = expression->error_code() == RE2::ErrorPatternTooLarge ||
                     expression->ProgramSize() > kExpressionSizeMost;
  draft_->budget.take(large ? kExpressionSizeMost : expression->ProgramSize());
  if (large) {
    return kTooLarge;
  }
  if (!expression->ok()) {
    return reason_of(*expression);
  }
  const auto index = static_cast<std::uint32_t>(draft_->patterns.size());
  const auto literals = needed_literals(pattern);
  for (const std::string& literal : literals) {
    draft_->gate.add(literal, index);
  }
  if (literals.empty()) {
    draft_->without_literal.push_back(index);
  }
  draft_->memory += 1024 + 64 * pattern.size() +
                    16 * static_cast<std::size_t>(std::max(0, expression->ProgramSize()));
  draft_->patterns.push_back({std::move(expression), value});
  return {};
}

tl::expected<PatternSet, std::string> PatternSet::Builder::build() && {
  using Error = tl::unexpected<std::string>;
  if (draft_->memory > kPatternMemoryMost) {
    return Error("the expressions take more than 512 MiB");
  }
  auto compiled = std::make_unique<Compiled>();
  compiled->patterns = std::move(draft_->patterns);
  compiled->without_literal = std::move(draft_->without_literal);
  compiled->gate = std::move(draft_->gate).build();
  auto& loose = compiled->without_literal;
  std::ranges::sort(loose, {}, [&](std::uint32_t n) { return compiled->patterns[n].value; });
  if (!loose.empty()) {
    compiled->together = std::make_unique<RE2::Set>(options(kMemoryTogether), RE2::UNANCHORED);
    bool fits = true;
    for (const std::uint32_t n : loose) {
      fits = fits &&
             compiled->together->Add(compiled->patterns[n].expression->pattern(), nullptr) >= 0;
    }
    if (!fits || !compiled->together->Compile()) {
      compiled->together.reset();
    }
  }
  if (compiled->together == nullptr && loose.size() > kWithoutLiteralMost) {
    return Error(
        "too many expressions need no literal text, and together they take too much memory");
  }
  compiled->memory = draft_->memory + compiled->gate.memory();
  PatternSet set;
  set.compiled_ = std::move(compiled);
  return set;
}

std::uint32_t PatternSet::first_of(std::string_view url, Arena& arena, Work& work,
                                   Filter wanted) const {
  std::uint32_t best = kNone;
  std::uint32_t dearest = kNone;
  const auto ask = [&](std::uint32_t n) {
    const Pattern& pattern = compiled_->patterns[n];
    if (pattern.value >= best || !wanted(pattern.value)) {
      return;
    }
    if (!work.spend(expression_steps(pattern.expression->ProgramSize(), url.size()))) {
      dearest = std::min(dearest, pattern.value);
    } else if (pattern.found_in(url)) {
      best = pattern.value;
    }
  };
  compiled_->gate.each(url, arena, work, ask);
  const auto& loose = compiled_->without_literal;
  const bool may_better = std::ranges::any_of(loose, [&](std::uint32_t n) {
    return compiled_->patterns[n].value < best && wanted(compiled_->patterns[n].value);
  });
  if (may_better && compiled_->maybe_without_literal(url)) {
    std::ranges::for_each(loose, ask);
  }
  return std::min(best, dearest);
}

std::size_t PatternSet::size() const {
  return compiled_ == nullptr ? 0 : compiled_->patterns.size();
}

std::size_t PatternSet::memory() const {
  return compiled_ == nullptr ? 0 : compiled_->memory;
}

std::size_t PatternSet::without_literal() const {
  return compiled_ == nullptr ? 0 : compiled_->without_literal.size();
}

}  // namespace weir::filters
