// SPDX-License-Identifier: Apache-2.0
//
// See compile_actions.h. What an action could only do before the answer is known may not wait for
// the answer: such a rule would silently do nothing.
#include "filters/policy/compile_actions.h"

#include <algorithm>
#include <array>
#include <string>

#include <re2/re2.h>

#include "filters/policy/apply.h"
#include "filters/policy/compile_conditions.h"
#include "filters/policy/safe_search.h"
#include "proxy/base/ascii.h"

namespace weir::filters {
namespace {

Decision decision_of(ActionKind kind) {
  switch (kind) {
    case ActionKind::Allow:
      return Decision::Allow;
    case ActionKind::Block:
      return Decision::Block;
    case ActionKind::Redirect:
      return Decision::Redirect;
    case ActionKind::Tunnel:
      return Decision::Tunnel;
    case ActionKind::Intercept:
      return Decision::Intercept;
    case ActionKind::Route:
      return Decision::Route;
    case ActionKind::Close:
      return Decision::Close;
    default:
      return Decision::Default;
  }
}

bool before_the_answer(ActionKind kind) {
  switch (kind) {
    case ActionKind::Tunnel:
    case ActionKind::Intercept:
    case ActionKind::Route:
    case ActionKind::SetRequestField:
    case ActionKind::AddRequestField:
    case ActionKind::RemoveRequestField:
    case ActionKind::ReplaceRequestField:
    case ActionKind::StripQuery:
    case ActionKind::SafeSearch:
    case ActionKind::Youtube:
      return true;
    default:
      return false;
  }
}

class Checker {
 public:
  Checker(const RuleDocument& rule, std::vector<Policy::Problem>& problems)
      : rule_(rule), problems_(problems) {}

  PreparedAction check(const Action& action);
  void problem(const std::string& message) const {
    problems_.push_back({rule_.file, rule_.line, "rule \"" + rule_.id + "\": " + message});
  }

 private:
  void redirect(const Action& action) const;
  void field(const Action& action, const std::string& name) const;
  void value(const Action& action, const std::string& name, const std::string& text) const;
  void edit(const Action& action, const FieldEdit& edit, PreparedAction& out) const;
  void rewrite(const BodyRewrite& rewrite) const;
  void engines(const Action& action, PreparedAction& out) const;
  void names(const Action& action) const;
  std::string about(const Action& action) const { return std::string(action_name(action.kind)); }

  const RuleDocument& rule_;
  std::vector<Policy::Problem>& problems_;
};

PreparedAction Checker::check(const Action& action) {
  PreparedAction out;
  for (const auto& [name, text] : action.fields) {
    field(action, name);
    value(action, name, text);
  }
  for (const auto& each : action.edits) {
    field(action, each.name);
    value(action, each.name, each.with);
    edit(action, each, out);
  }
  std::ranges::for_each(action.rewrites, [this](const auto& r) { rewrite(r); });
  names(action);
  if (action.kind == ActionKind::Redirect) {
    redirect(action);
  }
  if (action.kind == ActionKind::SafeSearch) {
    engines(action, out);
  }
  if (action.kind == ActionKind::Bandwidth && action.rate == 0) {
    problem("bandwidth needs a rate above 0 bytes per second; use `block` to let nothing through");
  }
  const bool status = action.status == 0 || (action.status >= 200 && action.status <= 599);
  if (action.kind == ActionKind::Block && !status) {
    problem("block cannot answer with status " + std::to_string(action.status) +
            "; write one from 200 to 599");
  }
  return out;
}

void Checker::redirect(const Action& action) const {
  constexpr std::array<std::uint16_t, 6> kStatuses = {0, 301, 302, 303, 307, 308};
  if (std::ranges::find(kStatuses, action.status) == kStatuses.end()) {
    problem("redirect cannot answer with status " + std::to_string(action.status) +
            "; write 301, 302, 303, 307 or 308");
  }
  const bool web = starts_with_ignoring_case(action.to, "http://") ||
                   starts_with_ignoring_case(action.to, "https://");
  if (!web || !all(action.to, kTargetChar)) {
    problem("redirect \"" + action.to + "\" is no absolute http or https URL without spaces");
  }
}

void Checker::field(const Action& action, const std::string& name) const {
  if (name.empty() || !all(name, kTchar)) {
    problem(about(action) + ": \"" + name + "\" is no field name; write one like \"x-client\"");
  } else if (!may_edit_field(name)) {
    problem(about(action) + ": \"" + name +
            "\" frames the message or belongs to one hop, and is left to the proxy; leave it out");
  }
}

void Checker::value(const Action& action, const std::string& name, const std::string& text) const {
  if (!all(text, kFieldVchar)) {
    problem(about(action) + ": the value for \"" + name +
            "\" has a line break or another control character; leave it out");
  }
}

void Checker::edit(const Action& action, const FieldEdit& edit, PreparedAction& out) const {
  auto made = compile_pattern(edit.match);
  if (!made) {
    problem(about(action) + " \"" + edit.name + "\": " + made.error());
    return;
  }
  std::string wrong;
  if (!(*made)->CheckRewriteString(re2::StringPiece(edit.with), &wrong)) {
    problem(about(action) + " \"" + edit.name + "\": \"" + edit.with +
            "\" cannot be put in: " + wrong);
    return;
  }
  out.matches.push_back(std::move(*made));
}

void Checker::rewrite(const BodyRewrite& rewrite) const {
  if (rewrite.find.empty()) {
    problem("rewrite_body finds an empty text; say what to replace");
    return;
  }
  if (!rewrite.expression) {
    return;
  }
  const auto made = compile_pattern(rewrite.find);
  std::string wrong;
  if (!made) {
    problem("rewrite_body \"" + rewrite.find + "\": " + made.error());
  } else if (!(*made)->CheckRewriteString(re2::StringPiece(rewrite.with), &wrong)) {
    problem("rewrite_body: \"" + rewrite.with + "\" cannot be put in: " + wrong);
  }
}

void Checker::engines(const Action& action, PreparedAction& out) const {
  out.engines = action.names.empty() ? kAllEngines : 0;
  std::vector<std::string> known;
  for (unsigned i = 0; (kAllEngines >> i & 1) != 0; ++i) {
    known.emplace_back(search_engine_name(static_cast<SearchEngine>(i)));
  }
  for (const auto& name : action.names) {
    if (const auto engine = search_engine(name)) {
      out.engines |= 1U << static_cast<unsigned>(*engine);
    } else {
      problem("safe_search: \"" + name + "\" is not an engine that can be forced; write true, " +
              one_of(known));
    }
  }
}

void Checker::names(const Action& action) const {
  for (const auto& name : action.names) {
    switch (action.kind) {  // NOLINT: the others have no names of their own
      case ActionKind::RemoveRequestField:
      case ActionKind::RemoveResponseField:
        field(action, name);
        break;
      case ActionKind::StripQuery:
      case ActionKind::Route:
        if (name.empty()) {
          problem(about(action) + " has an empty name; leave it out");
        }
        break;
      case ActionKind::Tag:
        if (name.empty() || name.size() > 64 || !all(name, kTchar)) {
          problem("tag \"" + name + "\" is no plain word of at most 64 letters, digits or marks");
        }
        break;
      default:
        break;
    }
  }
}

}  // namespace

std::string_view action_name(ActionKind kind) {
  switch (kind) {
#define POLICY_ACTION(id, name, ...) \
  case ActionKind::id:               \
    return name;
#include "filters/actions.def"
#undef POLICY_ACTION
  }
  return "allow";
}

bool is_decision(ActionKind kind) {
  return decision_of(kind) != Decision::Default;
}

void compile_actions(Policy::Compiled& out, std::uint32_t index,
                     std::vector<Policy::Problem>& problems) {
  const RuleDocument& document = out.document.rules[index];
  CompiledRule& rule = out.rules[index];
  Checker checker(document, problems);
  for (const auto& action : document.actions) {
    rule.prepared.push_back(checker.check(action));
    if (rule.first_phase == Phase::Response && before_the_answer(action.kind)) {
      checker.problem(std::string(action_name(action.kind)) +
                      " comes too late for a rule about the response; take the response's "
                      "conditions out");
    }
    if (!is_decision(action.kind)) {
      continue;
    }
    if (rule.decides != nullptr) {
      checker.problem("it has two decisions, " + std::string(action_name(rule.decides->kind)) +
                      " and " + std::string(action_name(action.kind)) + "; make two rules of it");
    }
    rule.decides = &action;
    rule.decision = decision_of(action.kind);
  }
  if (document.actions.empty()) {
    checker.problem("it does nothing; give it an action");
  }
}

}  // namespace weir::filters
