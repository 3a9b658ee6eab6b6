// SPDX-License-Identifier: Apache-2.0
//
// Policy::judge and what goes with it. A verdict is carried from phase to phase and may only be
// overruled by a rule that stands before the one which decided; so whatever the order in which
// things become known, the outcome is that of asking all rules in order.
#include <algorithm>
#include <array>
#include <utility>

#include "filters/policy/compile_actions.h"
#include "filters/policy/compiled.h"
#include "filters/policy/evaluate.h"
#include "filters/policy/trace.h"

namespace weir::filters {
namespace {

class Judging {
 public:
  Judging(const Policy::Compiled& policy, Phase phase, const Subject& subject, Arena& arena,
          Verdict& verdict, Trace* trace)
      : policy_(policy),
        evaluator_(policy, phase, subject, arena),
        phase_(phase),
        subject_(subject),
        verdict_(verdict),
        trace_(trace) {}

  void run();

 private:
  bool consider(std::uint32_t index);
  bool decides(const CompiledRule& rule) const;
  void add_adjustments(std::uint32_t index);
  void decide(std::uint32_t index, const Evaluator::Answer& answer);
  void give_up(std::uint32_t index, const Evaluator::Answer& answer);
  void try_out(std::uint32_t index, const Evaluator::Answer& answer);
  void explain(std::uint32_t index, RuleTrace::Result result);

  const Policy::Compiled& policy_;
  Evaluator evaluator_;
  const Phase phase_;
  const Subject& subject_;
  Verdict& verdict_;
  Trace* trace_;
  bool may_pass_ = false;  // a rule that lets pass is still open
  bool may_open_ = false;  // one that asks for the address is
};

void Judging::run() {
  const auto count = static_cast<std::uint32_t>(policy_.rules.size());
  const std::uint32_t end = std::min(verdict_.rule, count);
  std::uint32_t index = 0;
  for (; index < end; ++index) {
    // What the request alone answers has been answered.
    if (phase_ != Phase::Request && policy_.rules[index].last_phase == Phase::Request) {
      continue;
    }
    if (consider(index)) {
      break;
    }
  }
  if (verdict_.rule == UINT32_MAX) {
    const bool wait = may_pass_ && phase_ != Phase::Response;
    verdict_.decision =
        policy_.document.allow_by_default || wait ? Decision::Default : Decision::Block;
  }
  verdict_.waits = may_open_ && refuses(verdict_.decision) && !verdict_.gave_up;
  for (index = index == end ? count : index + 1; trace_ != nullptr && index < count; ++index) {
    explain(index, RuleTrace::Result::AfterDecision);
  }
}

bool Judging::decides(const CompiledRule& rule) const {
  return rule.decides_about(subject_.host_only);
}

// Whether the rule has decided.
bool Judging::consider(std::uint32_t index) {
  using Result = RuleTrace::Result;
  const CompiledRule& rule = policy_.rules[index];
  const auto answer =
      evaluator_.ask(rule, rule.dry_run, rule.takes_edits ? &verdict_.edits : nullptr);
  if (answer.gave_up && !rule.dry_run) {
    explain(index, Result::Held);
    give_up(index, answer);
    return true;
  }
  const bool holds = answer.outcome.holds();
  const auto result = !holds         ? (answer.outcome.may_hold() ? Result::NotYet : Result::Failed)
                      : rule.dry_run ? Result::DryRun
                                     : Result::Held;
  explain(index, result);
  if (rule.dry_run) {
    if (holds) {
      try_out(index, answer);
    }
    return false;
  }
  if (!holds) {
    if (decides(rule) && !refuses(rule.decision) && answer.outcome.may_hold()) {
      may_pass_ = true;
      may_open_ = may_open_ || (rule.may_open && phase_ == Phase::Request);
    }
    if (rule.dry_lists) {
      const auto other = evaluator_.ask(rule, true, nullptr);
      if (other.outcome.holds()) {
        try_out(index, other);
      }
    }
    return false;
  }
  add_adjustments(index);
  if (!decides(rule)) {
    return false;
  }
  decide(index, answer);
  return true;
}

// Once for each rule, however often it is asked.
void Judging::add_adjustments(std::uint32_t index) {
  for (std::uint32_t i = 0; i < verdict_.adjustment_count; ++i) {
    if (verdict_.adjustments[i].rule == index) {
      return;
    }
  }
  for (const auto& action : policy_.document.rules[index].actions) {
    if (is_decision(action.kind)) {
      continue;
    }
    if (verdict_.adjustment_count < kAdjustmentsMost) {
      verdict_.adjustments[verdict_.adjustment_count++] = {index, &action};
    } else {
      ++verdict_.adjustments_lost;
    }
  }
}

// What rules behind this one in dry run have said no longer counts. Their adjustments stay: they
// have been carried out.
void Judging::decide(std::uint32_t index, const Evaluator::Answer& answer) {
  verdict_.decision = policy_.rules[index].decision;
  verdict_.rule = index;
  verdict_.action = policy_.rules[index].decides;
  verdict_.hit = answer.hit;
  verdict_.redirect = verdict_.decision == Decision::Block ? answer.redirect : std::string_view();
  if (verdict_.would_rule != UINT32_MAX && verdict_.would_rule >= index) {
    verdict_.would = Decision::Default;
    verdict_.would_rule = UINT32_MAX;
    verdict_.would_hit = {};
  }
  auto* const end = verdict_.trials.data() + verdict_.trial_count;
  auto* const stay = std::remove_if(verdict_.trials.data(), end,
                                    [index](std::uint32_t rule) { return rule >= index; });
  verdict_.trial_count = static_cast<std::uint32_t>(stay - verdict_.trials.data());
}

// Nobody knows what the rule's lists say of this request, and a request made so that they do not
// say it must not pass: whatever the rule is for, it blocks.
void Judging::give_up(std::uint32_t index, const Evaluator::Answer& answer) {
  decide(index, answer);
  verdict_.decision = Decision::Block;
  verdict_.action = nullptr;
  verdict_.redirect = {};
  verdict_.gave_up = true;
}

void Judging::try_out(std::uint32_t index, const Evaluator::Answer& answer) {
  const CompiledRule& rule = policy_.rules[index];
  if (decides(rule) && index < verdict_.would_rule) {
    verdict_.would = rule.decision;
    verdict_.would_rule = index;
    verdict_.would_hit = answer.hit;
  } else if (rule.decides == nullptr) {
    verdict_.add_trial(index);
  }
}

void Judging::explain(std::uint32_t index, RuleTrace::Result result) {
  if (trace_ != nullptr) {
    explain_rule(policy_, subject_, evaluator_, index, result, *trace_);
  }
}

// The next size above `counted` at which the node may change its answer.
void consider_sizes(const NodeTables& tables, const Node& node, std::uint64_t counted,
                    std::optional<std::uint64_t>& best) {
  const auto consider = [&](std::uint64_t size) {
    if (size > counted && size != UINT64_MAX && (!best || size < *best)) {
      best = size;
    }
  };
  using Kind = ConditionKind;
  if (node.kind == Kind::ResponseSize) {
    for (std::uint32_t i = node.first; i < node.first + node.count; ++i) {
      consider(tables.ranges[i].at_least);
      consider(tables.ranges[i].below);
    }
  }
  if (node.kind == Kind::Any || node.kind == Kind::Not || node.kind == Kind::All) {
    for (std::uint32_t i = node.first; i < node.first + node.count; ++i) {
      consider_sizes(tables, tables.nodes[i], counted, best);
    }
  }
}

}  // namespace

bool Policy::judge(Phase phase, const Subject& subject, Arena& arena, Verdict& verdict,
                   Trace* trace) const {
  const auto before = std::pair(verdict.decision, verdict.rule);
  Judging(*compiled_, phase, subject, arena, verdict, trace).run();
  return before != std::pair(verdict.decision, verdict.rule);
}

std::optional<std::uint64_t> Policy::size_limit(const Subject& subject,
                                                const Verdict& verdict) const {
  std::optional<std::uint64_t> best;
  if (subject.response_length && !subject.response_counted) {
    return best;
  }
  Arena arena;  // takes no memory before it is used
  Evaluator evaluator(*compiled_, Phase::Response, subject, arena);
  const std::uint64_t counted = subject.response_length.value_or(0);
  for (std::uint32_t i = 0; i < std::min<std::size_t>(verdict.rule, compiled_->rules.size()); ++i) {
    const CompiledRule& rule = compiled_->rules[i];
    if (!rule.sizes) {
      continue;
    }
    const Outcomes outcome = evaluator.ask(rule, rule.dry_run, nullptr).outcome;
    if (outcome.holds() || !outcome.may_hold()) {
      continue;
    }
    for (std::uint32_t n = rule.first; n < rule.first + rule.count; ++n) {
      consider_sizes(compiled_->tables, compiled_->tables.nodes[n], counted, best);
    }
  }
  return best;
}

}  // namespace weir::filters
