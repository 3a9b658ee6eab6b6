// SPDX-License-Identifier: Apache-2.0
//
// What rules will need of the body of a response, found before it is asked for: a part of a body
// cannot be rewritten, nor does a part without its beginning show its type. And which way a rule
// errs where an answer or a path can be read in several ways: always towards refusing.
#include <algorithm>

#include "filters/policy/compiled.h"
#include "filters/policy/evaluate.h"

namespace weir::filters {
namespace {

// Whether a condition below asks for the media type. Marks which readings it takes on the way.
bool mark(NodeTables& tables, std::uint32_t first, std::uint32_t count, bool strict) {
  bool types = false;
  for (std::uint32_t i = first; i < first + count; ++i) {
    Node& node = tables.nodes[i];
    node.strict = strict;
    types = types || node.kind == ConditionKind::MediaType;
    const bool turns = node.kind == ConditionKind::Not;
    if (turns || node.kind == ConditionKind::Any || node.kind == ConditionKind::All) {
      types = mark(tables, node.first, node.count, strict != turns) || types;
    }
  }
  return types;
}

bool rewrites(const RuleDocument& document) {
  return std::ranges::find(document.actions, ActionKind::RewriteBody, &Action::kind) !=
         document.actions.end();
}

}  // namespace

void mark_bodies(Policy::Compiled& out) {
  for (std::size_t i = 0; i < out.rules.size(); ++i) {
    CompiledRule& rule = out.rules[i];
    const bool strict = rule.decides != nullptr && lets_pass(rule.decision);
    const bool types = mark(out.tables, rule.first, rule.count, strict);
    if (!rule.dry_run && rule.last_phase != Phase::Request) {
      rule.later = {rewrites(out.document.rules[i]), types && rule.decides != nullptr};
      out.later.rewrites = out.later.rewrites || rule.later.rewrites;
      out.later.types = out.later.types || rule.later.types;
    }
  }
}

BodyNeeds Policy::body_needs(const Subject& subject, const Verdict& verdict, Arena& arena) const {
  BodyNeeds out;
  if (!compiled_->later.rewrites && !compiled_->later.types) {
    return out;
  }
  Evaluator evaluator(*compiled_, Phase::Request, subject, arena);
  const std::size_t end = std::min<std::size_t>(verdict.rule, compiled_->rules.size());
  for (std::size_t i = 0; i < end; ++i) {
    const CompiledRule& rule = compiled_->rules[i];
    const bool news = (rule.later.rewrites && !out.rewrites) || (rule.later.types && !out.types);
    if (news && evaluator.ask(rule, false, nullptr).outcome.may_hold()) {
      out.rewrites = out.rewrites || rule.later.rewrites;
      out.types = out.types || rule.later.types;
    }
  }
  return out;
}

}  // namespace weir::filters
