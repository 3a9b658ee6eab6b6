// SPDX-License-Identifier: Apache-2.0
//
// Policy::ends: when the schedules will have it otherwise. What does not depend on the time is
// taken to stay as it is, so only the schedules move; rules are asked anew whenever others are on.
#include <algorithm>
#include <array>
#include <utility>

#include "filters/policy/compile_actions.h"
#include "filters/policy/compiled.h"
#include "filters/policy/evaluate.h"

namespace weir::filters {
namespace {

constexpr Micros kHorizon = 15 * 86'400 * kSecond;
constexpr Micros kFar = INT64_MAX / 2;  // nobody's clock

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

// What the rules say while certain schedules are on. Of the rule that has decided, conditions that
// must hold with its schedules go on holding: some of them nobody could answer here.
class ByTime {
 public:
  ByTime(const Policy::Compiled& policy, const Subject& subject, Arena& arena,
         std::uint32_t decided)
      : policy_(policy),
        subject_(subject),
        evaluator_(policy,
                   subject.status != 0   ? Phase::Response
                   : subject.destination ? Phase::Address
                                         : Phase::Request,
                   subject, arena),
        decided_(decided) {}

  // Whether the time may change who passes, who now does as told.
  bool matters(bool now) const {
    for (std::uint32_t i = 0; i < policy_.rules.size() && i <= decided_; ++i) {
      const CompiledRule& rule = policy_.rules[i];
      if (decides(rule) && rule.has_schedule &&
          (i == decided_ || lets_pass(rule.decision) != now)) {
        return true;
      }
    }
    return false;
  }

  bool pass(ScheduleMask on) {
    on_ = on;
    for (std::uint32_t i = 0; i < policy_.rules.size(); ++i) {
      const CompiledRule& rule = policy_.rules[i];
      if (!decides(rule)) {
        continue;
      }
      const Outcomes outcome = all(rule.first, rule.count, i == decided_);
      if (i == decided_ ? outcome.may_hold() : outcome.holds()) {
        return lets_pass(rule.decision);
      }
    }
    return policy_.document.allow_by_default;
  }

 private:
  bool decides(const CompiledRule& rule) const {
    return !rule.dry_run && rule.decides_about(subject_.host_only);
  }

  Outcomes all(std::uint32_t first, std::uint32_t count, bool stays) {
    Outcomes out = Outcomes::yes();
    for (std::uint32_t i = first; i < first + count; ++i) {
      out = out & condition(policy_.tables.nodes[i], stays);
      if (!out.may_hold()) {
        break;
      }
    }
    return out;
  }

  Outcomes condition(const Node& node, bool stays) {
    using Kind = ConditionKind;
    if (node.kind == Kind::Schedule) {
      return Outcomes::of((node.mask & on_) != 0);
    }
    if (!names_schedule(policy_.tables, node)) {
      return stays ? Outcomes::open() : evaluator_.ask(node, false);
    }
    if (node.kind == Kind::All) {
      return all(node.first, node.count, stays);
    }
    if (node.kind == Kind::Not) {
      return !all(node.first, node.count, false);
    }
    Outcomes out = Outcomes::no();
    for (std::uint32_t i = node.first; i < node.first + node.count; ++i) {
      out = out | condition(policy_.tables.nodes[i], false);
    }
    return out;
  }

  const Policy::Compiled& policy_;
  const Subject& subject_;
  Evaluator evaluator_;
  const std::uint32_t decided_;
  ScheduleMask on_ = 0;
};

// The schedules as time goes by. Each is asked only when it may have changed.
class Clock {
 public:
  Clock(const std::vector<Schedule>& schedules, WallTime now) : schedules_(schedules), at_(now) {
    for (std::size_t i = 0; i < schedules_.size(); ++i) {
      look(i);
    }
  }

  ScheduleMask on() const { return on_; }
  // To the next time at which one may turn on or off.
  void move() {
    const auto end = looks_.begin() + static_cast<std::ptrdiff_t>(schedules_.size());
    const auto next = std::min_element(looks_.begin(), end);
    by_ = static_cast<std::size_t>(next - looks_.begin());
    at_ = *next;
    for (std::size_t i = by_; i < schedules_.size(); ++i) {
      if (looks_[i] == at_) {
        look(i);
      }
    }
  }
  ScheduleEnd now() const { return {at_, schedules_[by_].utc_offset(at_)}; }

 private:
  void look(std::size_t i) {
    const ScheduleMask bit = ScheduleMask{1} << i;
    on_ = schedules_[i].holds(at_) ? on_ | bit : on_ & ~bit;
    looks_[i] = schedules_[i].next_look(at_);
  }

  const std::vector<Schedule>& schedules_;
  WallTime at_;
  std::array<WallTime, 64> looks_{};  // when to ask each again
  ScheduleMask on_ = 0;
  std::size_t by_ = 0;  // whose time it is
};

// Which schedules were on when nothing had changed; more than there is room for are asked again.
class Seen {
 public:
  bool add(ScheduleMask on) {
    const auto end = masks_.begin() + static_cast<std::ptrdiff_t>(count_);
    if (std::find(masks_.begin(), end, on) != end) {
      return false;
    }
    if (count_ < masks_.size()) {
      masks_[count_++] = on;
    }
    return true;
  }

 private:
  std::array<ScheduleMask, 16> masks_{};
  std::size_t count_ = 0;
};

}  // namespace

std::optional<ScheduleEnd> Policy::ends(const Verdict& verdict, const Subject& subject,
                                        Arena& arena) const {
  ByTime rules(*compiled_, subject, arena, verdict.rule);
  const bool passes_now = lets_pass(verdict.decision);
  if (!rules.matters(passes_now) || subject.now.us > kFar || subject.now.us < -kFar) {
    return std::nullopt;
  }
  Clock clock(compiled_->schedules, subject.now);
  Seen seen;
  for (; clock.now().at.us - subject.now.us <= kHorizon; clock.move()) {
    const ScheduleMask on = clock.on();
    if (seen.add(on) && rules.pass(on) != passes_now) {
      const ScheduleEnd end = clock.now();
      return end.at == subject.now ? std::nullopt : std::optional(end);
    }
  }
  return std::nullopt;
}

}  // namespace weir::filters
