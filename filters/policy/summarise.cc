// SPDX-License-Identifier: Apache-2.0
//
// Policy::summarise: see adjustments.h for how several rules that speak of one thing combine.
#include <algorithm>

#include "filters/policy/compiled.h"

namespace weir::filters {
namespace {

void add(const Adjustments::One& one, Adjustments& out) {
  using Kind = ActionKind;
  const Action& action = *one.action;
  switch (action.kind) {  // NOLINT: decisions are no adjustments
    case Kind::SetRequestField:
    case Kind::AddRequestField:
    case Kind::RemoveRequestField:
    case Kind::ReplaceRequestField:
      return out.request_fields.add(one);
    case Kind::SetResponseField:
    case Kind::AddResponseField:
    case Kind::RemoveResponseField:
    case Kind::ReplaceResponseField:
      return out.response_fields.add(one);
    case Kind::StripQuery:
      return out.strip_query.add(one);
    case Kind::SafeSearch:
      out.safe_search |= one.prepared->engines;
      return;
    case Kind::Youtube:
      out.youtube = std::max(out.youtube.value_or(Youtube::Moderate), action.youtube);
      return;
    case Kind::Cache:
      out.no_cache = action.no_cache;
      out.cache_for = action.no_cache ? std::nullopt : std::optional(action.cache_for);
      return;
    case Kind::Bandwidth:
      return out.bandwidth.add(one);
    case Kind::RewriteBody:
      return out.rewrites.add(one);
    case Kind::Tag:
      return out.tags.add(one);
    case Kind::Log:
      out.log = std::max(out.log, action.log);
      return;
    default:
      return;
  }
}

}  // namespace

Adjustments Policy::summarise(const Verdict& verdict) const {
  Adjustments out;
  for (std::uint32_t i = 0; i < verdict.adjustment_count; ++i) {
    const auto& [rule, action] = verdict.adjustments[i];
    const auto& actions = compiled_->document.rules[rule].actions;
    const auto at = static_cast<std::size_t>(action - actions.data());
    add({rule, action, &compiled_->rules[rule].prepared[at]}, out);
  }
  if (verdict.edits.count > 0 || !verdict.edits.url.empty()) {
    out.edits = &verdict.edits;
  }
  return out;
}

}  // namespace weir::filters
