// SPDX-License-Identifier: Apache-2.0
//
// See foresee.h. Each condition gives the set of answers that the engine may have found; they are
// combined member by member as the engine does it. What two conditions share is not seen, so more
// may look possible than is; never less.
#include "filters/policy/foresee.h"

#include <algorithm>
#include <array>
#include <functional>
#include <span>

#include "filters/policy/compile_conditions.h"
#include "filters/policy/compiled.h"
#include "filters/policy/evaluate.h"
#include "proxy/base/ascii.h"

namespace weir::filters {
namespace {

// The answers that the engine may have found for one condition.
class Guesses {
 public:
  Guesses() = default;
  explicit Guesses(Outcomes one) { add(one); }
  static Guesses either() {
    Guesses out(Outcomes::no());
    out.add(Outcomes::yes());
    return out;
  }

  void add(Outcomes one) {
    if (std::ranges::find(all(), one) == all().end()) {
      members_[count_++] = one;
    }
  }
  void add(const Guesses& others) {
    for (const Outcomes one : others.all()) {
      add(one);
    }
  }
  std::span<const Outcomes> all() const { return {members_.data(), count_}; }
  bool may_hold() const {
    return std::ranges::any_of(all(), [](Outcomes one) { return one.holds(); });
  }
  bool holds() const { return count_ == 1 && may_hold(); }
  bool unsure() const { return count_ > 1; }
  // That it does not hold now, and may later.
  bool may_wait() const {
    return std::ranges::any_of(all(), [](Outcomes one) { return !one.holds() && one.may_hold(); });
  }

  Guesses operator!() const {
    Guesses out;
    for (const Outcomes one : all()) {
      out.add(!one);
    }
    return out;
  }
  template <class Combine>
  Guesses with(const Guesses& other, Combine combine) const {
    Guesses out;
    for (const Outcomes one : all()) {
      for (const Outcomes two : other.all()) {
        out.add(combine(one, two));
      }
    }
    return out;
  }

 private:
  std::array<Outcomes, 8> members_{Outcomes::no(), Outcomes::no(), Outcomes::no(), Outcomes::no(),
                                   Outcomes::no(), Outcomes::no(), Outcomes::no(), Outcomes::no()};
  std::size_t count_ = 0;
};

bool of_content(ConditionKind kind) {
  using Kind = ConditionKind;
  return kind == Kind::Url || kind == Kind::PathPrefix || kind == Kind::Query ||
         kind == Kind::Kind || kind == Kind::RequestSize || kind == Kind::Extension ||
         condition_phase(kind) == Phase::Response;
}

// Conditions of one subject in one phase.
class Guesser {
 public:
  Guesser(const Policy::Compiled& policy, Phase phase, const Subject& subject,
          const Unknown& unknown, Arena& arena)
      : policy_(policy),
        phase_(phase),
        subject_(subject),
        unknown_(unknown),
        arena_(arena),
        evaluator_(policy, phase, subject, arena) {}

  Guesses rule(const CompiledRule& rule) {
    open_ = nullptr;
    gave_up_ = false;
    Guesses out(Outcomes::yes());
    for (std::uint32_t i = rule.first; i < rule.first + rule.count; ++i) {
      out = out.with(condition(policy_.tables.nodes[i]), std::bit_and<>());
    }
    return out;
  }
  bool gave_up() const { return gave_up_; }
  // The first condition of the rule asked last that is not known.
  std::string open_words() const;

 private:
  Guesses condition(const Node& node);
  Guesses group(const Node& node);
  Guesses leaf(const Node& node);
  Guesses list(const Node& node, Outcomes said);
  Guesses unlisted(const Node& node) const;
  void judge_readings(const Node& node, Guesses& out);
  bool due(const Node& node) const;
  bool field_known(const Node& node) const;

  const Policy::Compiled& policy_;
  const Phase phase_;
  const Subject& subject_;
  const Unknown& unknown_;
  Arena& arena_;
  Evaluator evaluator_;
  const Node* open_ = nullptr;
  bool gave_up_ = false;
};

Guesses Guesser::condition(const Node& node) {
  using Kind = ConditionKind;
  if (node.kind == Kind::Any || node.kind == Kind::Not || node.kind == Kind::All) {
    return group(node);
  }
  const Guesses out = leaf(node);
  open_ = open_ == nullptr && out.unsure() ? &node : open_;
  return out;
}

Guesses Guesser::group(const Node& node) {
  const bool any = node.kind == ConditionKind::Any;
  Guesses out(Outcomes::of(!any));
  for (std::uint32_t i = node.first; i < node.first + node.count; ++i) {
    const Guesses one = condition(policy_.tables.nodes[i]);
    out = any ? out.with(one, std::bit_or<>()) : out.with(one, std::bit_and<>());
  }
  return node.kind == ConditionKind::Not ? !out : out;
}

// Whether the proxy would know the answer by now.
bool Guesser::due(const Node& node) const {
  if (subject_.host_only && of_content(node.kind)) {
    return false;
  }
  if (node.kind == ConditionKind::ServerName) {
    return !subject_.host_only || subject_.greeting_seen;
  }
  const bool greeted = subject_.host_only && subject_.greeting_seen;
  return condition_phase(node.kind) <= (greeted ? std::max(phase_, Phase::Address) : phase_);
}

bool Guesser::field_known(const Node& node) const {
  const auto begin = policy_.tables.matches.begin() + node.first;
  return std::all_of(begin, begin + node.count, [this](const CompiledMatch& match) {
    return std::ranges::any_of(unknown_.fields_known, [&match](std::string_view name) {
      return same_ignoring_case(name, match.author->name);
    });
  });
}

Guesses Guesser::leaf(const Node& node) {
  const Outcomes said = evaluator_.ask(node, false);
  if (node.kind == ConditionKind::List) {
    return list(node, said);
  }
  if (!due(node)) {
    return Guesses(said);
  }
  const std::uint64_t bit = Unknown::bit(node.kind);
  const bool group = node.kind == ConditionKind::Group && (node.mask & unknown_.groups) != 0;
  const bool denied = (unknown_.denials & bit) != 0 || group;
  // What bytes show may speak against a declared type where all readings must fit.
  const bool firm = said.holds() && !(node.kind == ConditionKind::MediaType && node.strict);
  if ((unknown_.answers & bit) != 0) {
    if (node.kind == ConditionKind::RequestField && field_known(node)) {
      return Guesses(said);
    }
    Guesses out = Guesses::either();
    out.add(Outcomes::never());
    return out;
  }
  return denied && !firm ? Guesses::either() : Guesses(said);
}

// What the engine may find where the lists do not cover the URL: they may cover the address.
Guesses Guesser::unlisted(const Node& node) const {
  if (!policy_.lists->needs_address(node.first) ||
      (subject_.destination && evaluator_.address_due())) {
    return Guesses(Outcomes::no());
  }
  if (!evaluator_.address_due()) {
    return Guesses(Outcomes::open());
  }
  Guesses out(Outcomes::never());
  if ((unknown_.answers & Unknown::bit(ConditionKind::Destination)) != 0) {
    out.add(Guesses::either());
  }
  return out;
}

Guesses Guesser::list(const Node& node, Outcomes said) {
  gave_up_ = gave_up_ || evaluator_.list_verdict(node.first, false).gave_up;
  Guesses out = said.holds() ? Guesses(said) : unlisted(node);
  if (!subject_.host_only && (unknown_.kind || unknown_.page) &&
      policy_.lists->needs_page(node.first)) {
    judge_readings(node, out);
  }
  const bool more =
      subject_.host_only ? subject_.greeting_seen : policy_.lists->needs_page(node.first);
  const bool denied = (unknown_.denials & Unknown::bit(node.kind)) != 0 && more;
  if (denied && !out.holds()) {
    out.add(Outcomes::yes());
  }
  return out;
}

// The lists' answers for all that the request may have been for, and any page.
void Guesser::judge_readings(const Node& node, Guesses& out) {
  constexpr auto kLast = static_cast<unsigned>(ResourceKind::Other);
  Subject reading = subject_;
  bool important = true;
  for (unsigned kind = 0; kind <= kLast && !(out.may_hold() && out.unsure()); ++kind) {
    reading.kind = unknown_.kind ? static_cast<ResourceKind>(kind) : subject_.kind;
    const bool top = reading.kind == ResourceKind::Document;
    for (const bool other : {false, true}) {
      if (other && (top || !unknown_.page)) {
        break;
      }
      reading.party = top ? Party::First : other ? Party::Third : subject_.party;
      reading.page_host = top ? subject_.host : other ? std::string_view() : subject_.page_host;
      ListVerdict said;
      policy_.lists->judge(node.first, reading, false, arena_, said);
      out.add(said.block ? Guesses(Outcomes::yes()) : unlisted(node));
      important = important && said.important;
    }
    if (!unknown_.kind) {
      break;
    }
  }
  if (unknown_.page && !important && out.holds() &&
      policy_.lists->some_page_is_excepted(node.first, subject_, arena_)) {
    out.add(unlisted(node));
  }
}

std::string Guesser::open_words() const {
  using Kind = ConditionKind;
  if (open_ == nullptr) {
    return {};
  }
  if (open_->kind == Kind::List) {
    return subject_.host_only ? "list, for the server name in the tunnel's greeting"
           : policy_.lists->needs_page(open_->first)
               ? "list, for what the request was for and from which page"
               : "list, for the address";
  }
  if (open_->kind == Kind::Host) {
    return "host, for the server name in the tunnel's greeting";
  }
  std::string out(condition_name(open_->kind));
  for (std::uint32_t i = 0; open_->kind == Kind::RequestField && i < open_->count; ++i) {
    out += " " + policy_.tables.matches[open_->first + i].author->name;
  }
  return out;
}

Fate fate_of(Decision decision) {
  return refuses(decision)                ? Fate::Blocked
         : decision == Decision::Redirect ? Fate::Redirected
                                          : Fate::Passes;
}

// Whether the rule changes what the client is told of the answer's type.
bool retypes(const CompiledRule& rule, const RuleDocument& author) {
  const auto type = [](std::string_view name) { return same_ignoring_case(name, "Content-Type"); };
  return !rule.dry_run && std::ranges::any_of(author.actions, [&type](const Action& action) {
    const bool edits = action.kind >= ActionKind::SetResponseField &&
                       action.kind <= ActionKind::ReplaceResponseField;
    return edits && (std::ranges::any_of(action.names, type) ||
                     std::ranges::any_of(action.fields, type,
                                         [](const auto& field) { return field.first; }) ||
                     std::ranges::any_of(action.edits, type, &FieldEdit::name));
  });
}

// One of the ways in which it may go.
struct Way {
  std::uint32_t rule = UINT32_MAX;
  Decision decision = Decision::Default;
};

// Whether a rule that lets pass waits for a later phase; `surely`: whatever the engine found.
struct Open {
  bool maybe = false;
  bool surely = false;
  void note(const Guesses& guesses) {
    maybe = maybe || guesses.may_wait();
    surely = surely || (guesses.may_wait() && !guesses.unsure());
  }
};

class Foreseeing {
 public:
  Foreseeing(const Policy::Compiled& policy, const Unknown& unknown, Arena& arena)
      : policy_(policy), unknown_(unknown), arena_(arena) {}

  void phase(Phase phase, const Subject& subject);
  // A tunnel that has not been refused is judged anew once its server is named.
  void begin_again() { ways_.assign(ways_.empty() ? 0 : 1, Way{}); }
  Foreseen seen() const;

 private:
  struct Doubt {
    std::uint32_t rule;
    Fate fate;
    std::string condition;
  };

  void follow(Phase phase, const Subject& subject, const Way& way, std::vector<Way>& next);
  void keep(const Way& way, std::vector<Way>& next);
  void keep_blocked(const Way& way, const Open& open, std::vector<Way>& next);

  const Policy::Compiled& policy_;
  const Unknown& unknown_;
  Arena& arena_;
  std::vector<Way> ways_{Way{}};  // that go on; the last is the one on which no doubt came true
  std::vector<Way> ended_;
  std::vector<Doubt> doubts_;
  bool retyped_ = false;
};

void Foreseeing::keep(const Way& way, std::vector<Way>& next) {
  auto& to = fate_of(way.decision) == Fate::Passes ? next : ended_;
  to.push_back(way);
}

// A block waits for a rule before it that asks for the address.
void Foreseeing::keep_blocked(const Way& way, const Open& open, std::vector<Way>& next) {
  if (open.maybe) {
    next.push_back(way);
  }
  if (!open.surely) {
    ended_.push_back(way);
  }
}

// The rules before the one that has decided, as Judging::run() asks them.
void Foreseeing::follow(Phase phase, const Subject& subject, const Way& way,
                        std::vector<Way>& next) {
  Guesser guesser(policy_, phase, subject, unknown_, arena_);
  const auto end = std::min<std::size_t>(way.rule, policy_.rules.size());
  Open pass;     // for what the default would block
  Open address;  // for what a rule would
  for (std::uint32_t i = 0; i < end; ++i) {
    const CompiledRule& rule = policy_.rules[i];
    const bool decides = rule.decides_about(subject.host_only);
    const bool settled = phase != Phase::Request && rule.last_phase == Phase::Request;
    if (phase == Phase::Request && retypes(rule, policy_.document.rules[i])) {
      const Guesses guesses = guesser.rule(rule);
      retyped_ = retyped_ || guesses.may_hold() || guesses.may_wait();
    }
    if (rule.dry_run || settled || !decides) {
      continue;
    }
    const Guesses guesses = guesser.rule(rule);
    if (guesser.gave_up()) {
      return keep({i, Decision::Block}, next);
    }
    if (guesses.may_hold()) {
      refuses(rule.decision) ? keep_blocked({i, rule.decision}, address, next)
                             : keep({i, rule.decision}, next);
    }
    if (guesses.holds()) {
      return;
    }
    if (guesses.may_hold()) {
      doubts_.push_back({i, fate_of(rule.decision), guesser.open_words()});
    }
    if (!refuses(rule.decision)) {
      pass.note(guesses);
    }
    if (rule.may_open && phase == Phase::Request) {
      address.note(guesses);
    }
  }
  if (way.rule != UINT32_MAX) {
    return keep(way, next);
  }
  const bool last = phase == Phase::Response;
  if (policy_.document.allow_by_default || (pass.maybe && !last)) {
    next.push_back(Way{});
  }
  if (!policy_.document.allow_by_default && (!pass.surely || last)) {
    keep({UINT32_MAX, Decision::Block}, next);
  }
}

void Foreseeing::phase(Phase phase, const Subject& subject) {
  std::vector<Way> next;
  for (const Way& way : ways_) {
    follow(phase, subject, way, next);
  }
  const auto same = [](const Way& a, const Way& b) {
    return a.rule == b.rule && a.decision == b.decision;
  };
  std::ranges::stable_sort(next, {}, &Way::rule);
  next.erase(std::unique(next.begin(), next.end(), same), next.end());
  ways_ = std::move(next);
}

Foreseen Foreseeing::seen() const {
  Foreseen out;
  out.retyped = retyped_;
  for (const auto* ways : {&ended_, &ways_}) {
    for (const Way& way : *ways) {
      out.possible[static_cast<std::size_t>(fate_of(way.decision))] = true;
      out.rule = std::min(out.rule, way.rule);
    }
  }
  const auto rest = std::ranges::max_element(ended_, {}, &Way::rule);
  const Fate otherwise =
      !ways_.empty() || rest == ended_.end() ? Fate::Passes : fate_of(rest->decision);
  for (const Doubt& doubt : doubts_) {
    const bool first = out.open_rule == UINT32_MAX;
    if (!out.sure() && (first || (doubt.fate != otherwise && out.open_condition.empty()))) {
      out.open_rule = doubt.rule;
      out.open_condition = doubt.fate != otherwise ? doubt.condition : "";
    }
  }
  if (out.open_rule != UINT32_MAX && out.open_condition.empty()) {
    out.open_rule = doubts_.front().rule;
    out.open_condition = doubts_.front().condition;
  }
  return out;
}

}  // namespace

Foreseen Policy::foresee(const Subject& subject, const Unknown& unknown, bool answered,
                         Arena& arena) const {
  Foreseeing seeing(*compiled_, unknown, arena);
  Subject now = subject;
  now.destination.reset();
  if (subject.host_only) {
    now.server_name = {};
    now.greeting_seen = false;
  }
  seeing.phase(Phase::Request, now);
  now.destination = subject.destination;
  if (has_phase(Phase::Address)) {
    seeing.phase(Phase::Address, now);
  }
  if (subject.host_only) {
    now.server_name = subject.server_name;
    now.greeting_seen = true;
    seeing.begin_again();
    seeing.phase(Phase::Request, now);
  } else if (answered && has_phase(Phase::Response)) {
    seeing.phase(Phase::Response, now);
  }
  return seeing.seen();
}

}  // namespace weir::filters
