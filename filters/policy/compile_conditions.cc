// SPDX-License-Identifier: Apache-2.0
//
// See compile_conditions.h.
#include "filters/policy/compile_conditions.h"

#include <algorithm>
#include <array>
#include <utility>

#include "filters/classify.h"
#include "filters/policy/query.h"
#include "filters/url.h"
#include "proxy/base/arena.h"
#include "proxy/base/ascii.h"

namespace weir::filters {
namespace {

constexpr unsigned kDepthMost = 16;

std::string quoted(std::string_view text) {
  return "\"" + std::string(text) + "\"";
}

// How much answering costs, roughly in steps of ten.
std::uint8_t cost_of(ConditionKind kind) {
  using Kind = ConditionKind;
  switch (kind) {
    case Kind::Host:
    case Kind::ServerName:
    case Kind::Schedule:
    case Kind::PathPrefix:
    case Kind::Extension:
    case Kind::FileName:
    case Kind::MediaType:
      return 1;
    case Kind::Query:
    case Kind::RequestField:
    case Kind::ResponseField:
      return 2;
    case Kind::Url:
      return 3;
    case Kind::List:
      return 5;
    default:
      return 0;
  }
}

// A path as requests are normalised, so that "/%61ds" in a rule is "/ads" too.
std::string normal_path(const std::string& text) {
  Arena arena;
  Subject subject;
  subject.scheme = "http";
  subject.host = "a";
  subject.port = 80;
  set_url(subject, text, arena);
  return std::string(path_alone(subject.path));
}

template <class Table>
void run_of(const Table& table, Node& node, std::size_t from) {
  node.first = static_cast<std::uint32_t>(from);
  node.count = static_cast<std::uint32_t>(table.size() - from);
}

}  // namespace

std::string_view condition_name(ConditionKind kind) {
  switch (kind) {
#define CONDITION(id, name, ...) \
  case ConditionKind::id:        \
    return name;
#include "filters/conditions.def"
#undef CONDITION
    case ConditionKind::Any:
      return "any";
    case ConditionKind::Not:
      return "not";
    case ConditionKind::All:
      return "all";
  }
  return "all";
}

Phase condition_phase(ConditionKind kind) {
  switch (kind) {
#define CONDITION(id, name, phase, ...) \
  case ConditionKind::id:               \
    return Phase::phase;
#include "filters/conditions.def"
#undef CONDITION
    case ConditionKind::Any:
    case ConditionKind::Not:
    case ConditionKind::All:
      return Phase::Request;
  }
  return Phase::Request;
}

std::string one_of(const std::vector<std::string>& known) {
  constexpr std::size_t kShown = 8;
  std::string out;
  for (std::size_t i = 0; i < known.size() && i < kShown; ++i) {
    out += (i == 0 ? "" : i + 1 == known.size() ? " or " : ", ") + quoted(known[i]);
  }
  return known.empty() ? "none is defined" : out + (known.size() > kShown ? ", ..." : "");
}

void ConditionCompiler::problem(std::string message) {
  problems_.push_back(
      {rule_->file, rule_->line, "rule " + quoted(rule_->id) + ": " + std::move(message)});
}

void ConditionCompiler::compile(std::uint32_t index) {
  rule_ = &out_.document.rules[index];
  const Condition& when = rule_->when;
  CompiledRule& rule = out_.rules[index];
  if (when.kind == ConditionKind::All) {
    std::tie(rule.first, rule.count) = children(when.children, 0);
    return;
  }
  const Node top = node(when, 0);
  rule.first = static_cast<std::uint32_t>(out_.tables.nodes.size());
  rule.count = 1;
  out_.tables.nodes.push_back(top);
}

// Those below lie before those above; those of one parent lie together.
std::pair<std::uint32_t, std::uint32_t> ConditionCompiler::children(
    const std::vector<Condition>& conditions, unsigned depth) {
  std::vector<Node> made;
  for (const auto& condition : conditions) {
    made.push_back(node(condition, depth));
  }
  std::ranges::stable_sort(made, {}, &Node::cost);
  auto& nodes = out_.tables.nodes;
  const auto first = nodes.size();
  nodes.insert(nodes.end(), made.begin(), made.end());
  return {static_cast<std::uint32_t>(first), static_cast<std::uint32_t>(made.size())};
}

Node ConditionCompiler::node(const Condition& condition, unsigned depth) {
  Node out;
  out.kind = condition.kind;
  out.cost = cost_of(condition.kind);
  out.author = &condition;
  const bool nests = condition.kind == ConditionKind::Any || condition.kind == ConditionKind::Not ||
                     condition.kind == ConditionKind::All;
  if (!nests) {
    values(condition, out);
    return out;
  }
  if (depth >= kDepthMost) {
    problem("conditions are nested more than " + std::to_string(kDepthMost) +
            " deep; make several rules of them");
    return out;
  }
  if (condition.children.empty() && condition.kind != ConditionKind::All) {
    problem(quoted(condition_name(condition.kind)) + " is empty; name a condition or leave it out");
  }
  std::tie(out.first, out.count) = children(condition.children, depth + 1);
  for (std::uint32_t i = out.first; i < out.first + out.count; ++i) {
    out.cost = std::max(out.cost, out_.tables.nodes[i].cost);
  }
  out.cost = std::min<std::uint8_t>(out.cost, 4);  // lists at the top come last of all
  return out;
}

void ConditionCompiler::values(const Condition& condition, Node& node) {
  using Kind = ConditionKind;
  switch (condition.kind) {
    case Kind::Group:
    case Kind::Schedule:
      return names(condition, node);
    case Kind::Scheme:
    case Kind::Kind:
      return fixed_words(condition, node);
    case Kind::User:
    case Kind::Listener:
    case Kind::Method:
    case Kind::Extension:
    case Kind::PathPrefix:
    case Kind::MediaType:
    case Kind::FileName:
      return words(condition, node);
    case Kind::Client:
    case Kind::Destination:
      return networks(condition, node);
    case Kind::Port:
    case Kind::RequestSize:
    case Kind::Status:
    case Kind::ResponseSize:
      return ranges(condition, node);
    case Kind::Host:
    case Kind::ServerName:
      return hosts(condition, node);
    case Kind::List:
      return list(condition, node);
    case Kind::Url:
      return patterns(condition, node);
    case Kind::Query:
    case Kind::RequestField:
    case Kind::ResponseField:
      return matches(condition, node);
    case Kind::Any:
    case Kind::Not:
    case Kind::All:
      return;
  }
}

// Groups and schedules: a bit for each.
void ConditionCompiler::names(const Condition& condition, Node& node) {
  std::vector<std::string> known;
  if (condition.kind == ConditionKind::Group) {
    std::ranges::transform(out_.document.groups, std::back_inserter(known), &GroupDocument::name);
  } else {
    std::ranges::transform(out_.document.schedules, std::back_inserter(known),
                           &ScheduleDocument::name);
  }
  for (const auto& name : condition.texts) {
    const auto found = std::ranges::find(known, name) - known.begin();
    if (static_cast<std::size_t>(found) == known.size()) {
      problem("there is no " + std::string(condition_name(condition.kind)) + " " + quoted(name) +
              "; define it, or write " + one_of(known));
    } else if (found < 64) {
      node.mask |= std::uint64_t{1} << static_cast<unsigned>(found);
    }
  }
}

// Words of a known set: schemes and kinds.
void ConditionCompiler::fixed_words(const Condition& condition, Node& node) {
  std::vector<std::string> known = {"http", "https", "tunnel"};
  if (condition.kind == ConditionKind::Kind) {
    known.clear();
    for (unsigned i = 0; i <= static_cast<unsigned>(ResourceKind::Other); ++i) {
      known.emplace_back(kind_name(static_cast<ResourceKind>(i)));
    }
  }
  for (const auto& text : condition.texts) {
    const auto found = std::ranges::find(known, lowered(text)) - known.begin();
    if (static_cast<std::size_t>(found) == known.size()) {
      problem(quoted(text) + " is no " + std::string(condition_name(condition.kind)) + "; write " +
              one_of(known));
    } else {
      node.mask |= std::uint64_t{1} << static_cast<unsigned>(found);
    }
  }
}

void ConditionCompiler::words(const Condition& condition, Node& node) {
  using Kind = ConditionKind;
  auto& table = out_.tables.words;
  const auto from = table.size();
  for (const auto& text : condition.texts) {
    const bool fold = condition.kind == Kind::Method || condition.kind == Kind::Extension;
    const bool path = condition.kind == Kind::PathPrefix;
    if (text.empty() && condition.kind != Kind::Extension) {
      problem(quoted(condition_name(condition.kind)) + " has an empty value; leave it out");
    } else if (path && !text.starts_with('/')) {
      problem("path " + quoted(text) + " does not begin with a slash; write " + quoted("/" + text));
    } else if (condition.kind == Kind::Extension && text.starts_with('.')) {
      problem("extension " + quoted(text) + " has a dot; write " + quoted(text.substr(1)));
    } else if (condition.kind == Kind::MediaType && text.find('/') == std::string::npos) {
      problem("media_type " + quoted(text) + " has no slash; write one like \"image/*\"");
    } else {
      table.push_back(fold ? lowered(text) : path ? normal_path(text) : text);
    }
  }
  std::sort(table.begin() + static_cast<std::ptrdiff_t>(from), table.end());
  run_of(table, node, from);
}

void ConditionCompiler::ranges(const Condition& condition, Node& node) {
  auto& table = out_.tables.ranges;
  const auto from = table.size();
  for (const auto& range : condition.ranges) {
    if (range.at_least >= range.below) {
      problem(quoted(condition_name(condition.kind)) + " has an empty range; `below` must be " +
              "greater than `at_least`");
    }
    table.push_back(range);
  }
  run_of(table, node, from);
}

void ConditionCompiler::networks(const Condition& condition, Node& node) {
  std::vector<AddressMap::Entry> entries;
  for (const auto& prefix : condition.networks) {
    entries.push_back({prefix, 1});
  }
  node.first = static_cast<std::uint32_t>(out_.tables.networks.size());
  out_.tables.networks.emplace_back(entries);
}

void ConditionCompiler::hosts(const Condition& condition, Node& node) {
  HostMatcher hosts;
  for (const auto& pattern : condition.texts) {
    if (const auto wrong = hosts.add(pattern)) {
      problem(std::string(condition_name(condition.kind)) + " " + quoted(pattern) + ": " + *wrong);
    }
  }
  node.first = static_cast<std::uint32_t>(out_.tables.hosts.size());
  out_.tables.hosts.push_back(std::move(hosts));
}

void ConditionCompiler::patterns(const Condition& condition, Node& node) {
  Patterns patterns;
  for (const auto& expression : condition.texts) {
    const std::string wrong = patterns.add(expression);
    if (!wrong.empty()) {
      problem("url " + quoted(expression) + ": " + wrong);
    }
  }
  patterns.join();
  node.first = static_cast<std::uint32_t>(out_.tables.patterns.size());
  out_.tables.patterns.push_back(std::move(patterns));
}

void ConditionCompiler::matches(const Condition& condition, Node& node) {
  auto& table = out_.tables.matches;
  const auto from = table.size();
  const bool field = condition.kind != ConditionKind::Query;
  for (const auto& match : condition.matches) {
    CompiledMatch made;
    made.author = &match;
    if (field && (match.name.empty() || !all(match.name, kTchar))) {
      problem(quoted(match.name) + " is no field name; write one like \"user-agent\"");
    }
    if (match.how == ValueMatch::How::Expression) {
      auto expression = compile_pattern(match.text);
      if (!expression) {
        problem(std::string(condition_name(condition.kind)) + " " + quoted(match.name) + ": " +
                expression.error());
        continue;
      }
      made.expression = std::move(*expression);
    }
    table.push_back(std::move(made));
  }
  run_of(table, node, from);
}

// Each combination of lists is one set, whoever names it.
void ConditionCompiler::list(const Condition& condition, Node& node) {
  std::vector<std::string> known;
  std::ranges::transform(out_.document.lists, std::back_inserter(known), &ListDocument::name);
  std::vector<std::uint16_t> set;
  for (const auto& name : condition.texts) {
    const auto found = std::ranges::find(known, name) - known.begin();
    if (static_cast<std::size_t>(found) == known.size()) {
      problem("there is no list " + quoted(name) + "; define it, or write " + one_of(known));
    } else {
      set.push_back(static_cast<std::uint16_t>(found));
    }
  }
  std::ranges::sort(set);
  set.erase(std::unique(set.begin(), set.end()), set.end());
  const auto at = std::ranges::find(out_.sets, set) - out_.sets.begin();
  if (static_cast<std::size_t>(at) == out_.sets.size()) {
    out_.sets.push_back(std::move(set));
  }
  node.first = static_cast<std::uint32_t>(at);
}

}  // namespace weir::filters
