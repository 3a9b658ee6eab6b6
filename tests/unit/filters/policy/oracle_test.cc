// SPDX-License-Identifier: Apache-2.0
//
// Random policies and subjects against a naive evaluator, which knows three truths by brute force:
// it tries every way in which what is open or unknown could turn out. Seeded; a failure names its
// seed.
#include <algorithm>
#include <random>
#include <set>

#include "tests/unit/filters/policy/build.h"

namespace weir::filters::test {
namespace {

class Dice {
 public:
  explicit Dice(std::uint32_t seed) : engine_(seed) {}
  std::size_t below(std::size_t n) { return engine_() % n; }
  bool one_in(std::size_t n) { return below(n) == 0; }
  template <class T>
  const T& pick(const std::vector<T>& items) {
    return items[below(items.size())];
  }

 private:
  std::mt19937 engine_;
};

const std::vector<std::string> kHosts = {"a.test", "b.a.test", "c.test", "ads.test"};

Condition leaf(Dice& dice) {
  switch (dice.below(9)) {
    case 0:
      return is(Kind::Host, {dice.pick(kHosts)});
    case 1:
      return is(Kind::Host, {"." + dice.pick(kHosts)});
    case 2:
      return is(Kind::Method, {dice.one_in(2) ? "GET" : "POST"});
    case 3:
      return is(Kind::PathPrefix, {dice.one_in(2) ? "/x" : "/"});
    case 4:
      return within(Kind::Destination, {dice.one_in(2) ? "10.0.0.0/8" : "192.0.2.0/24"});
    case 5:
      return between(Kind::Status, 200 + dice.below(3) * 100, 500);
    case 6:
      return is(Kind::Group, {dice.one_in(2) ? "g0" : "g1"});
    case 7:
      return is(Kind::List, {"ads"});
    default:
      return is(Kind::MediaType, {dice.one_in(2) ? "image/*" : "text/html"});
  }
}

Condition some_condition(Dice& dice, unsigned depth) {
  if (depth == 0 || !dice.one_in(3)) {
    return leaf(dice);
  }
  std::vector<Condition> children;
  for (std::size_t i = 0; i <= dice.below(3); ++i) {
    children.push_back(some_condition(dice, depth - 1));
  }
  return group_of(dice.pick(std::vector<Kind>{Kind::Any, Kind::Not, Kind::All}),
                  std::move(children));
}

Draft some_policy(Dice& dice) {
  Draft draft;
  draft.document.allow_by_default = !dice.one_in(3);
  draft.group("g0", {"10.0.0.0/8"}).group("g1", {"192.0.2.0/24"}).list("ads", "ads.test\n");
  for (std::size_t i = 0; i < 1 + dice.below(6); ++i) {
    std::vector<Condition> when;
    for (std::size_t c = 0; c < dice.below(3); ++c) {
      when.push_back(some_condition(dice, 3));
    }
    const std::vector<Action> choices = {act(ActionKind::Allow), act(ActionKind::Block),
                                         act(ActionKind::Close), tag("t" + std::to_string(i))};
    draft.add(rule("r" + std::to_string(i), std::move(when), {dice.pick(choices)}, dice.one_in(6)));
  }
  return draft;
}

void make_subject(Dice& dice, Asked& asked) {
  Subject& s = asked.subject;
  s.groups = dice.below(4);
  s.destination = IpAddress::parse(dice.one_in(2) ? "10.0.0.9" : "198.51.100.1");
  if (dice.one_in(4)) {
    s.destination.reset();
  }
  s.status = static_cast<std::uint16_t>(200 + dice.below(4) * 100);
  s.media_type = dice.one_in(2) ? "image/png" : "text/html";
}

enum class Answer { No, Yes, Open, Never };

bool below(std::string_view host, std::string_view name) {
  return host == name || (host.ends_with(name) && host[host.size() - name.size() - 1] == '.');
}

Answer answer(const Condition& c, const Subject& s, Phase phase) {
  const auto known = [](bool holds) { return holds ? Answer::Yes : Answer::No; };
  switch (c.kind) {
    case Kind::Host:
      return known(c.texts[0].starts_with('.') ? below(s.host, c.texts[0].substr(1))
                                               : s.host == c.texts[0]);
    case Kind::Method:
      return known(s.method == c.texts[0]);
    case Kind::PathPrefix:
      return s.host_only ? Answer::Never : known(c.texts[0] == "/" || s.path == "/x");
    case Kind::Destination:
      return phase == Phase::Request ? Answer::Open
             : !s.destination        ? Answer::Never
                                     : known(c.networks[0].contains(*s.destination));
    case Kind::Group:
      return known((s.groups >> (c.texts[0] == "g1" ? 1 : 0) & 1) != 0);
    case Kind::List:
      return known(below(s.host, "ads.test"));
    case Kind::Status:
    case Kind::MediaType:
      if (s.host_only) {
        return Answer::Never;
      }
      return phase != Phase::Response ? Answer::Open
             : c.kind == Kind::Status
                 ? known(s.status >= c.ranges[0].at_least && s.status < c.ranges[0].below)
                 : known((c.texts[0] == "image/*") == (s.media_type == "image/png"));
    default:
      ADD_FAILURE() << "no such leaf";
      return Answer::Never;
  }
}

// Truth as 0 (no), 1 (never known), 2 (yes), where each leaf that is open takes what `open` says.
// One leaf may stand in several places; the engine does not know that they are one, so each place
// is tried by itself.
int truth(const Condition& c, const Subject& s, Phase phase, std::uint64_t& open, unsigned& used) {
  if (c.children.empty() && c.kind != Kind::All) {
    switch (answer(c, s, phase)) {
      case Answer::No:
        return 0;
      case Answer::Never:
        return 1;
      case Answer::Yes:
        return 2;
      case Answer::Open:
        ++used;
        const int out = static_cast<int>(open % 3);
        open /= 3;
        return out;
    }
  }
  int out = c.kind == Kind::Any ? 0 : 2;
  for (const auto& child : c.children) {
    const int one = truth(child, s, phase, open, used);
    out = c.kind == Kind::Any ? std::max(out, one) : std::min(out, one);
  }
  return c.kind == Kind::Not ? 2 - out : out;
}

struct Chance {
  bool holds = true;
  bool may_hold = false;
};

Chance chance_of(const Condition& when, const Subject& s, Phase phase) {
  Chance out;
  unsigned used = 0;
  std::uint64_t none = 0;
  truth(when, s, phase, none, used);
  std::uint64_t ways = 1;
  for (unsigned i = 0; i < std::min(used, 9U); ++i) {
    ways *= 3;
  }
  for (std::uint64_t way = 0; way < ways; ++way) {
    std::uint64_t open = way;
    used = 0;
    const int one = truth(when, s, phase, open, used);
    out.holds = out.holds && one == 2;
    out.may_hold = out.may_hold || one == 2;
  }
  return out;
}

// Whether the exchange passes when it is ended by the first phase that says so.
bool passes(const Policy& policy, Asked& asked) {
  Verdict verdict;
  for (const auto phase : {Phase::Request, Phase::Address, Phase::Response}) {
    policy.judge(phase, asked.subject, asked.arena, verdict);
    if (verdict.ends()) {
      return false;
    }
  }
  return true;
}

// Whether a rule that stands before `end` and lets pass waits for the response.
bool waits_for_response(const PolicyDocument& document, const Subject& s, std::uint32_t end) {
  for (std::uint32_t i = 0; i < std::min<std::size_t>(end, document.rules.size()); ++i) {
    const RuleDocument& one = document.rules[i];
    if (one.actions[0].kind == ActionKind::Allow && !one.dry_run &&
        chance_of(one.when, s, Phase::Address).may_hold) {
      return true;
    }
  }
  return false;
}

struct Naive {
  std::string decision = "default";
  std::uint32_t rule = UINT32_MAX;
  std::uint32_t would_rule = UINT32_MAX;
  std::set<std::uint32_t> adjusted;

  void ask(const PolicyDocument& document, const Subject& s, Phase phase) {
    bool wait = false;
    for (std::uint32_t i = 0; i < std::min<std::size_t>(rule, document.rules.size()); ++i) {
      const RuleDocument& one = document.rules[i];
      const Chance chance = chance_of(one.when, s, phase);
      const ActionKind kind = one.actions[0].kind;
      const bool decides = kind != ActionKind::Tag;
      if (one.dry_run) {
        would_rule = chance.holds && decides ? std::min(would_rule, i) : would_rule;
      } else if (!chance.holds) {
        wait = wait || (chance.may_hold && kind == ActionKind::Allow);
      } else if (!decides) {
        adjusted.insert(i);
      } else {
        rule = i;
        decision = kind == ActionKind::Allow   ? "allow"
                   : kind == ActionKind::Block ? "block"
                                               : "close";
        would_rule = would_rule > i ? UINT32_MAX : would_rule;
      }
    }
    if (rule == UINT32_MAX) {
      const bool pass = document.allow_by_default || (wait && phase != Phase::Response);
      decision = pass ? "default" : "block";
    }
  }
};

void compare(std::uint32_t seed) {
  Dice dice(seed);
  const Draft draft = some_policy(dice);
  const auto policy = draft.policy();
  ASSERT_NE(policy, nullptr);
  for (int i = 0; i < 20; ++i) {
    const std::string& host = dice.pick(kHosts);
    const bool tunnel = dice.one_in(4);
    Asked asked(tunnel ? host + ":443" : "http://" + host + (dice.one_in(2) ? "/x" : "/y"),
                tunnel           ? "CONNECT"
                : dice.one_in(2) ? "GET"
                                 : "POST");
    make_subject(dice, asked);
    Naive naive;
    Verdict verdict;
    for (const auto phase : {Phase::Request, Phase::Address, Phase::Response}) {
      const bool twice = dice.one_in(4);
      policy->judge(phase, asked.subject, asked.arena, verdict);
      if (twice) {
        EXPECT_FALSE(policy->judge(phase, asked.subject, asked.arena, verdict));
      }
      naive.ask(policy->document(), asked.subject, phase);
      std::set<std::uint32_t> adjusted;
      for (std::uint32_t a = 0; a < verdict.adjustment_count; ++a) {
        EXPECT_TRUE(adjusted.insert(verdict.adjustments[a].rule).second) << seed;
      }
      ASSERT_EQ(decision_name(verdict.decision), naive.decision) << "seed " << seed;
      ASSERT_EQ(verdict.rule, naive.rule) << "seed " << seed;
      ASSERT_EQ(verdict.would_rule, naive.would_rule) << "seed " << seed;
      ASSERT_EQ(adjusted, naive.adjusted) << "seed " << seed;
    }
    // In order, whenever things become known; only for an answer a block is not put off.
    const bool in_order = !refuses(verdict.decision);
    if (!in_order || !waits_for_response(policy->document(), asked.subject, UINT32_MAX)) {
      ASSERT_EQ(passes(*policy, asked), in_order) << "seed " << seed;
    }
  }
}

TEST(Oracle, RandomPoliciesAreJudgedAsANaiveEvaluatorDoes) {
  for (std::uint32_t seed = 0; seed < 1500; ++seed) {
    compare(seed);
    if (HasFatalFailure()) {
      return;
    }
  }
}

}  // namespace
}  // namespace weir::filters::test
