// SPDX-License-Identifier: Apache-2.0
//
// See expressions.h.
#include "filters/adblock/expressions.h"

#include <re2/re2.h>

#include <algorithm>

namespace weir::adblock {
namespace {

RE2::Options options(bool ignore_case, std::int64_t memory) {
  RE2::Options out;
  out.set_case_sensitive(!ignore_case);
  out.set_encoding(RE2::Options::EncodingLatin1);
  out.set_log_errors(false);
  out.set_never_capture(true);
  out.set_max_mem(memory);
  return out;
}

re2::StringPiece piece(std::string_view text) {
  return {text.data(), text.size()};
}

}  // namespace

Expressions::Expressions() = default;
Expressions::~Expressions() = default;

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
  sources_.push_back({std::string(source), ignore_case, expression.ProgramSize()});
  ends_.add(ends_of(source, ignore_case));
  return static_cast<std::uint32_t>(sources_.size() - 1);
}

void Expressions::finish() {
  all_.resize(sources_.size());
  for (std::uint32_t id = 0; id < sources_.size(); ++id) {
    if (!ends_.exact(id)) {
      const Source& source = sources_[id];
      const auto memory = std::max(filters::kExpressionMemory, filters::kMemoryAStep * source.size);
      all_[id] = std::make_unique<const RE2>(source.text, options(source.ignore_case, memory));
    }
  }
  std::vector<Source>().swap(sources_);
  ends_.finish();
}

bool Expressions::found(std::uint32_t id, std::string_view text, filters::Work& work,
                        std::size_t* end) const {
  if (!ends_.allow(id, text, work, end)) {
    return false;
  }
  if (all_[id] == nullptr) {
    return true;  // its ends are all of it
  }
  const RE2& expression = *all_[id];
  if (!work.spend(filters::expression_steps(expression.ProgramSize(), text.size()))) {
    return false;
  }
  re2::StringPiece whole;
  const bool yes = expression.Match(piece(text), 0, text.size(), RE2::UNANCHORED, &whole,
                                    end == nullptr ? 0 : 1);
  if (yes && end != nullptr) {
    *end = static_cast<std::size_t>(whole.data() - text.data()) + whole.size();
  }
  return yes;
}

}  // namespace weir::adblock
