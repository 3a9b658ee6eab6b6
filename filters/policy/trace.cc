// SPDX-License-Identifier: Apache-2.0
//
// See trace.h. The condition named is the first, in the order in which it was written, that the
// rule failed by or still waits for.
#include "filters/policy/trace.h"

#include <algorithm>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "filters/classify.h"
#include "filters/policy/compile_conditions.h"

namespace weir::filters {
namespace {

using Result = RuleTrace::Result;

std::string quoted(std::string_view text) {
  return "\"" + std::string(text) + "\"";
}

template <class Texts>
std::string joined(const Texts& texts) {
  std::string out;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    out += (i == 0 ? "" : i + 1 == texts.size() ? " or " : ", ") + quoted(texts[i]);
  }
  return out;
}

std::string match_words(const ValueMatch& match) {
  switch (match.how) {
    case ValueMatch::How::Present:
      return match.name + " present";
    case ValueMatch::How::Absent:
      return match.name + " absent";
    case ValueMatch::How::Wildcard:
      return match.name + ": " + quoted(match.text);
    case ValueMatch::How::Expression:
      return match.name + ": /" + match.text + "/";
  }
  return match.name;
}

std::string range_words(const Range& range) {
  if (range.below == range.at_least + 1) {
    return std::to_string(range.at_least);
  }
  if (range.below == UINT64_MAX) {
    return "at least " + std::to_string(range.at_least);
  }
  return std::to_string(range.at_least) + " to " + std::to_string(range.below - 1);
}

// The condition's values as written.
std::vector<std::string> values_of(const Condition& condition) {
  std::vector<std::string> out;
  for (const auto& text : condition.texts) {
    out.push_back(text);
  }
  for (const auto& network : condition.networks) {
    out.push_back(network.text());
  }
  for (const auto& range : condition.ranges) {
    out.push_back(range_words(range));
  }
  for (const auto& match : condition.matches) {
    out.push_back(match_words(match));
  }
  return out;
}

// "not x" or "not one of 3".
std::string expected(const Condition& condition) {
  const auto values = values_of(condition);
  return values.size() == 1 ? "not " + values.front()
                            : "not one of " + std::to_string(values.size());
}

std::string known(const std::optional<std::uint64_t>& value) {
  return value ? std::to_string(*value) : "not declared";
}

// What the subject has where the condition looks; empty where that would say nothing.
std::string actual(ConditionKind kind, const Subject& s) {
  switch (kind) {
    case ConditionKind::User:
      return s.user.empty() ? "nobody" : std::string(s.user);
    case ConditionKind::Listener:
      return std::string(s.listener);
    case ConditionKind::Client:
      return s.client.text();
    case ConditionKind::Method:
      return std::string(s.method);
    case ConditionKind::Scheme:
      return std::string(s.scheme);
    case ConditionKind::Port:
      return std::to_string(s.port);
    case ConditionKind::Host:
      return std::string(s.host);
    case ConditionKind::Url:
      return std::string(s.url);
    case ConditionKind::PathPrefix:
      return std::string(s.path);
    case ConditionKind::Kind:
      return std::string(kind_name(s.kind));
    case ConditionKind::ServerName:
      return s.server_name.empty() ? "absent" : std::string(s.server_name);
    case ConditionKind::RequestSize:
      return known(s.request_length);
    case ConditionKind::Destination:
      return s.destination ? s.destination->text() : "";
    case ConditionKind::Status:
      return std::to_string(s.status);
    case ConditionKind::MediaType:
      return std::string(s.media_type) +
             (s.sniffed_type.empty()
                  ? ""
                  : " (as browsers take it " + std::string(s.sniffed_type) + ")") +
             (s.bytes_type.empty() ? "" : " (by its bytes " + std::string(s.bytes_type) + ")");
    case ConditionKind::ResponseSize:
      return known(s.response_length);
    case ConditionKind::FileName:
      return s.file_names.empty() ? "without a name"
                                  : joined(s.file_names) + (s.more_file_names ? " and more" : "");
    default:
      return {};
  }
}

// A condition that does not hold.
std::string failure_words(const Node& node, const Subject& subject) {
  const Condition& condition = *node.author;
  const std::string name(condition_name(node.kind));
  switch (node.kind) {
    case ConditionKind::Group:
      return "the client is not in group " + joined(condition.texts);
    case ConditionKind::Schedule:
      return "schedule " + joined(condition.texts) + " is not on now";
    case ConditionKind::List:
      return "list " + joined(condition.texts) + " does not cover it";
    case ConditionKind::Any:
      return "none of the conditions under \"any\" holds";
    case ConditionKind::Not:
      return "what stands under \"not\" holds";
    case ConditionKind::All:
      return "a condition does not hold";
    case ConditionKind::Query:
    case ConditionKind::RequestField:
    case ConditionKind::ResponseField:
    case ConditionKind::Extension:
      return name + " is " + expected(condition);
    default:
      return name + " is " + actual(node.kind, subject) + ", " + expected(condition);
  }
}

std::string open_words(const Node& node, Outcomes outcome) {
  const std::string name(condition_name(node.kind));
  return outcome.may_hold() ? name + " is not known yet" : name + " cannot be known here";
}

const Node* first_to_blame(const NodeTables& tables, const CompiledRule& rule, Evaluator& evaluator,
                           bool failed, Outcomes& outcome) {
  const Node* blamed = nullptr;
  for (std::uint32_t i = rule.first; i < rule.first + rule.count; ++i) {
    const Node& node = tables.nodes[i];
    const Outcomes one = evaluator.ask(node, rule.dry_run);
    const bool guilty = failed ? !one.may_hold() : !one.holds();
    if (guilty && (blamed == nullptr || std::less<>()(node.author, blamed->author))) {
      blamed = &node;
      outcome = one;
    }
  }
  return blamed;
}

// The line of a list that spoke, at the rule's top.
void name_lines(const Policy::Compiled& policy, const CompiledRule& rule, Evaluator& evaluator,
                RuleTrace& out) {
  for (std::uint32_t i = rule.first; i < rule.first + rule.count; ++i) {
    const Node& node = policy.tables.nodes[i];
    for (const bool dry : {false, true}) {
      if (node.kind != ConditionKind::List || (dry && !policy.lists->has_dry_run(node.first))) {
        continue;
      }
      const ListVerdict& said = evaluator.list_verdict(node.first, dry);
      out.hit = out.hit ? out.hit : said.by;
      out.gave_up = out.gave_up || said.gave_up;
      out.exception = out.exception ? out.exception : said.exception;
    }
  }
}

RuleTrace& line_of(Trace& trace, std::uint32_t rule) {
  const auto at = std::ranges::lower_bound(trace.rules, rule, {}, &RuleTrace::rule);
  if (at != trace.rules.end() && at->rule == rule) {
    return *at;
  }
  return *trace.rules.insert(at, RuleTrace{});
}

}  // namespace

void explain_rule(const Policy::Compiled& policy, const Subject& subject, Evaluator& evaluator,
                  std::uint32_t rule, RuleTrace::Result result, Trace& trace) {
  RuleTrace& out = line_of(trace, rule);
  out = RuleTrace{};
  out.rule = rule;
  out.result = result;
  if (result == Result::AfterDecision) {
    return;
  }
  const CompiledRule& compiled = policy.rules[rule];
  out.asks_address = compiled.asks_address;
  if (result == Result::Failed || result == Result::NotYet) {
    Outcomes outcome = Outcomes::no();
    const Node* blamed =
        first_to_blame(policy.tables, compiled, evaluator, result == Result::Failed, outcome);
    if (blamed != nullptr) {
      out.condition =
          outcome.fails() ? failure_words(*blamed, subject) : open_words(*blamed, outcome);
    }
  }
  name_lines(policy, compiled, evaluator, out);
}

}  // namespace weir::filters
