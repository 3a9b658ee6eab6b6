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
  void would_decide(std::uint32_t index, const Evaluator::Answer& answer);
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

// `intercept` decides about tunnels. What one carries is judged as if no rule had said it.
bool Judging::decides(const CompiledRule& rule) const {
  return rule.decides != nullptr && (rule.decision != Decision::Intercept || subject_.host_only);
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
      would_decide(index, answer);
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
        would_decide(index, other);
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

void Judging::would_decide(std::uint32_t index, const Evaluator::Answer& answer) {
  const CompiledRule& rule = policy_.rules[index];
  if (decides(rule) && index < verdict_.would_rule) {
    verdict_.would = rule.decision;
    verdict_.would_rule = index;
    verdict_.would_hit = answer.hit;
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

bool names_schedule(const NodeTables& tables, const Node& node) {
  using Kind = ConditionKind;
  const bool group = node.kind == Kind::Any || node.kind == Kind::Not || node.kind == Kind::All;
  for (std::uint32_t i = node.first; group && i < node.first + node.count; ++i) {
    if (names_schedule(tables, tables.nodes[i])) {
      return true;
    }
  }
  return node.kind == Kind::Schedule;
}

// What a rule that holds would say at other times, and until when it says the same. Conditions that
// must hold with the schedules go on holding; those beside a schedule in `any` or `not` are asked,
// once each.
class ByTime {
 public:
  ByTime(const Policy::Compiled& policy, Evaluator& evaluator)
      : policy_(policy), evaluator_(evaluator) {}

  Outcomes rule(const CompiledRule& rule, WallTime at) {
    at_ = at;
    next_ = {INT64_MAX};
    Outcomes out = Outcomes::yes();
    for (std::uint32_t i = rule.first; i < rule.first + rule.count; ++i) {
      out = out & condition(policy_.tables.nodes[i], false);
    }
    return out;
  }
  WallTime next() const { return next_; }
  const Schedule& next_by() const { return policy_.schedules[next_by_]; }

 private:
  Outcomes condition(const Node& node, bool beside) {
    using Kind = ConditionKind;
    if (node.kind == Kind::Schedule) {
      return scheduled(node);
    }
    if (!names_schedule(policy_.tables, node)) {
      return beside ? asked(node) : Outcomes::open();
    }
    const bool any = node.kind == Kind::Any;
    Outcomes out = Outcomes::of(!any);
    for (std::uint32_t i = node.first; i < node.first + node.count; ++i) {
      const Outcomes one = condition(policy_.tables.nodes[i], beside || node.kind != Kind::All);
      out = any ? out | one : out & one;
    }
    return node.kind == Kind::Not ? !out : out;
  }

  // Of more than there is room for nothing is said: then it may hold for ever.
  Outcomes asked(const Node& node) {
    for (std::size_t i = 0; i < known_; ++i) {
      if (answers_[i].node == &node) {
        return answers_[i].outcome;
      }
    }
    if (known_ == answers_.size()) {
      return Outcomes::open();
    }
    answers_[known_] = {&node, evaluator_.ask(node, false)};
    return answers_[known_++].outcome;
  }

  Outcomes scheduled(const Node& node) {
    bool on = false;
    for (std::size_t i = 0; i < policy_.schedules.size(); ++i) {
      if ((node.mask >> i & 1) != 0) {
        on = on || policy_.schedules[i].holds(at_);
        const WallTime look = policy_.schedules[i].next_look(at_);
        next_by_ = look < next_ ? i : next_by_;
        next_ = std::min(next_, look);
      }
    }
    return Outcomes::of(on);
  }

  struct Answer {
    const Node* node = nullptr;
    Outcomes outcome = Outcomes::open();
  };

  const Policy::Compiled& policy_;
  Evaluator& evaluator_;
  WallTime at_;
  WallTime next_;
  std::size_t next_by_ = 0;
  std::array<Answer, 8> answers_;
  std::size_t known_ = 0;
};

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

std::optional<ScheduleEnd> Policy::ends(std::uint32_t index, const Subject& subject,
                                        Arena& arena) const {
  constexpr Micros kHorizon = 15 * 86'400 * kSecond;
  constexpr Micros kFar = INT64_MAX / 2;  // nobody's clock
  const WallTime now = subject.now;
  if (index >= compiled_->rules.size() || !compiled_->rules[index].has_schedule || now.us > kFar ||
      now.us < -kFar) {
    return std::nullopt;
  }
  Evaluator evaluator(*compiled_, Phase::Request, subject, arena);
  ByTime look(*compiled_, evaluator);
  Micros utc_offset = 0;
  for (WallTime at = now; at.us - now.us <= kHorizon;) {
    if (!look.rule(compiled_->rules[index], at).may_hold()) {
      return at == now ? std::nullopt : std::optional(ScheduleEnd{at, utc_offset});
    }
    at = look.next();
    utc_offset = look.next_by().utc_offset(at);
  }
  return std::nullopt;
}

}  // namespace weir::filters
