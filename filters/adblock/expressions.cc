// SPDX-License-Identifier: Apache-2.0
//
// The first to ask compiles; who loses the race throws its own away.
#include "filters/adblock/expressions.h"

#include <re2/re2.h>

#include <memory>

namespace weir::adblock {
namespace {

constexpr std::int64_t kMemory = 1 << 20;  // for one expression and its automata

RE2::Options options(bool ignore_case, std::int64_t memory) {
  RE2::Options out;
  out.set_case_sensitive(!ignore_case);
  out.set_encoding(RE2::Options::EncodingLatin1);
  out.set_log_errors(false);
  out.set_max_mem(memory);
  return out;
}

re2::StringPiece piece(std::string_view text) {
  return {text.data(), text.size()};
}

}  // namespace

Expressions::~Expressions() {
  for (auto& entry : all_) {
    delete entry.compiled.load();
  }
}

tl::expected<std::uint32_t, const char*> Expressions::add(std::string_view source,
                                                          bool ignore_case) {
  using Error = tl::unexpected<const char*>;
  if (budget_.spent()) {
    return Error(filters::kExpressionsTooLarge);
  }
  if (filters::counts_too_high(source)) {
    return Error(filters::kExpressionTooLarge);
  }
  const RE2 expression(piece(source), options(ignore_case, filters::kExpressionMemory));
  const bool large = expression.error_code() == RE2::ErrorPatternTooLarge ||
                     expression.ProgramSize() > filters::kExpressionSizeMost;
  budget_.take(large ? filters::kExpressionSizeMost : expression.ProgramSize());
  if (large || !expression.ok()) {
    return Error(large ? filters::kExpressionTooLarge : "expression");
  }
  all_.emplace_back(source, ignore_case, expression.ProgramSize());
  return static_cast<std::uint32_t>(all_.size() - 1);
}

const RE2& Expressions::compiled(const Entry& entry) const {
  RE2* known = entry.compiled.load(std::memory_order_acquire);
  if (known == nullptr) {
    auto made = std::make_unique<RE2>(entry.source, options(entry.ignore_case, kMemory));
    if (entry.compiled.compare_exchange_strong(known, made.get(), std::memory_order_acq_rel)) {
      known = made.release();
    }
  }
  return *known;
}

bool Expressions::found(std::uint32_t id, std::string_view text, filters::Work& work,
                        std::size_t* end) const {
  const Entry& entry = all_[id];
  if (!work.spend(filters::expression_steps(entry.size, text.size()))) {
    return false;
  }
  re2::StringPiece whole;
  const bool yes = compiled(entry).Match(piece(text), 0, text.size(), RE2::UNANCHORED, &whole,
                                         end == nullptr ? 0 : 1);
  if (yes && end != nullptr) {
    *end = static_cast<std::size_t>(whole.data() - text.data()) + whole.size();
  }
  return yes;
}

}  // namespace weir::adblock
