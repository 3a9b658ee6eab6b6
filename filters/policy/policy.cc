// SPDX-License-Identifier: Apache-2.0
//
// See policy.h. Compiling is done in the order in which the parts need each other: groups and
// schedules, conditions (which find the list sets), lists, what rules need of which phase, actions.
#include "filters/policy/policy.h"

#include <algorithm>
#include <set>
#include <string_view>
#include <utility>

#include "filters/policy/compile_actions.h"
#include "filters/policy/compile_conditions.h"
#include "filters/policy/compiled.h"

namespace weir::filters {
namespace {

constexpr std::size_t kMasksMost = 64;

using Problems = std::vector<Policy::Problem>;

template <class Items>
void check_names(const Items& items, std::string_view what, std::size_t most, Problems& problems) {
  std::set<std::string, std::less<>> seen;
  for (const auto& item : items) {
    if (!seen.insert(item.name).second) {
      problems.push_back(
          {{},
           0,
           std::string(what) + " \"" + item.name + "\" is defined twice; rename one or join them"});
    }
  }
  if (items.size() > most) {
    problems.push_back({{},
                        0,
                        "there are " + std::to_string(items.size()) + " of " + std::string(what) +
                            "; at most " + std::to_string(most) + " are possible"});
  }
}

std::uint64_t mac_number(const MacAddress& mac) {
  std::uint64_t out = 0;
  for (const auto byte : mac) {
    out = out << 8 | byte;
  }
  return out;
}

// Sorted by key, the bits of equal keys joined.
template <class Key>
void join_sorted(std::vector<std::pair<Key, GroupMask>>& pairs) {
  std::ranges::sort(pairs);
  std::size_t kept = 0;
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    if (kept > 0 && pairs[kept - 1].first == pairs[i].first) {
      pairs[kept - 1].second |= pairs[i].second;
    } else {
      pairs[kept++] = pairs[i];
    }
  }
  pairs.resize(kept);
}

ClientGroups make_groups(const std::vector<GroupDocument>& groups) {
  ClientGroups out;
  std::vector<AddressMap::Entry> clients;
  for (std::size_t i = 0; i < std::min(groups.size(), kMasksMost); ++i) {
    const GroupMask bit = GroupMask{1} << i;
    for (const auto& prefix : groups[i].clients) {
      clients.push_back({prefix, bit});
    }
    for (const auto& user : groups[i].users) {
      out.users.emplace_back(user, bit);
    }
    for (const auto& listener : groups[i].listeners) {
      out.listeners.emplace_back(listener, bit);
    }
    for (const auto& device : groups[i].devices) {
      out.devices.emplace_back(device, bit);
    }
    for (const auto& mac : groups[i].macs) {
      out.macs.emplace_back(mac_number(mac), bit);
    }
  }
  out.clients = AddressMap(clients);
  join_sorted(out.users);
  join_sorted(out.listeners);
  join_sorted(out.devices);
  join_sorted(out.macs);
  return out;
}

template <class Key, class Wanted>
GroupMask bits_of(const std::vector<std::pair<Key, GroupMask>>& pairs, const Wanted& wanted) {
  const auto at =
      std::lower_bound(pairs.begin(), pairs.end(), wanted,
                       [](const auto& pair, const Wanted& w) { return pair.first < w; });
  return at != pairs.end() && at->first == wanted ? at->second : 0;
}

void make_schedules(Policy::Compiled& out, Problems& problems) {
  for (const auto& document : out.document.schedules) {
    auto made = Schedule::make(document);
    if (made) {
      out.schedules.push_back(std::move(*made));
    } else {
      problems.push_back(
          {document.file, document.line, "schedule \"" + document.name + "\": " + made.error()});
    }
  }
}

void make_lists(Policy::Compiled& out, std::vector<List> lists, Problems& problems) {
  if (lists.size() != out.document.lists.size()) {
    problems.push_back({{}, 0, "not every list has been read; see to it that all files are there"});
    return;
  }
  auto built = ListSets::build(std::move(lists), out.sets, out.document.third_party_hosts);
  for (auto& error : built.errors) {
    problems.push_back({{}, 0, "the lists: " + error});
  }
  out.lists = std::move(built.sets);
  out.reports = std::move(built.reports);
}

// When a condition can be answered at the earliest and at the latest, and what it asks for.
struct Needs {
  Phase first;
  Phase last;
};

Needs needs_of(const Policy::Compiled& policy, const Node& node, CompiledRule& rule, bool top) {
  using Kind = ConditionKind;
  const Phase phase = condition_phase(node.kind);
  Needs out{phase, phase};
  rule.sizes = rule.sizes || node.kind == Kind::ResponseSize;
  rule.has_schedule = rule.has_schedule || node.kind == Kind::Schedule;
  if (node.kind == Kind::List && policy.lists) {
    out.last = policy.lists->needs_address(node.first) ? Phase::Address : Phase::Request;
    rule.dry_lists = rule.dry_lists || policy.lists->has_dry_run(node.first);
    rule.takes_edits = rule.takes_edits || top;
  }
  rule.asks_address =
      rule.asks_address || node.kind == Kind::Destination || out.last == Phase::Address;
  if (node.kind == Kind::ServerName) {
    out.last = Phase::Response;  // a tunnel's greeting comes after its address
  }
  const bool nests = node.kind == Kind::Any || node.kind == Kind::Not || node.kind == Kind::All;
  if (nests && node.count > 0) {
    const bool all = node.kind == Kind::All;
    out = {all ? Phase::Request : Phase::Response, Phase::Request};
    for (std::uint32_t i = node.first; i < node.first + node.count; ++i) {
      const Needs one = needs_of(policy, policy.tables.nodes[i], rule, false);
      out.first = all ? std::max(out.first, one.first) : std::min(out.first, one.first);
      out.last = std::max(out.last, one.last);
    }
  }
  return out;
}

bool asks_for(const NodeTables& tables, ConditionKind kind) {
  return std::ranges::find(tables.nodes, kind, &Node::kind) != tables.nodes.end();
}

void find_needs(Policy::Compiled& out) {
  for (std::size_t index = 0; index < out.rules.size(); ++index) {
    CompiledRule& rule = out.rules[index];
    for (std::uint32_t i = rule.first; i < rule.first + rule.count; ++i) {
      const Needs needs = needs_of(out, out.tables.nodes[i], rule, true);
      rule.first_phase = std::max(rule.first_phase, needs.first);
      rule.last_phase = std::max(rule.last_phase, needs.last);
    }
    rule.dry_run = out.document.rules[index].dry_run;
  }
  for (const auto& node : out.tables.nodes) {
    const bool address =
        node.kind == ConditionKind::List && out.lists && out.lists->needs_address(node.first);
    const Phase phase = address ? Phase::Address : condition_phase(node.kind);
    out.phases[static_cast<std::size_t>(phase)] = true;
  }
  out.sniffs = asks_for(out.tables, ConditionKind::MediaType);
  out.needs_page = asks_for(out.tables, ConditionKind::Kind);
  for (std::uint32_t set = 0; out.lists && set < out.sets.size(); ++set) {
    out.needs_page = out.needs_page || out.lists->needs_page(set);
  }
}

void check_ids(const PolicyDocument& document, Problems& problems) {
  std::set<std::string, std::less<>> seen;
  for (const auto& rule : document.rules) {
    if (rule.id.empty()) {
      problems.push_back({rule.file, rule.line, "a rule has no id; give it one"});
    } else if (!seen.insert(rule.id).second) {
      problems.push_back({rule.file, rule.line,
                          "rule \"" + rule.id + "\" has the id of a rule before it; rename one"});
    }
  }
}

}  // namespace

Policy::Policy(std::unique_ptr<Compiled> compiled) : compiled_(std::move(compiled)) {}
Policy::~Policy() = default;

tl::expected<std::shared_ptr<const Policy>, Problems> Policy::compile(PolicyDocument document,
                                                                      std::vector<List> lists) {
  auto out = std::make_unique<Compiled>();
  out->document = std::move(document);
  Problems problems;
  check_names(out->document.groups, "group", kMasksMost, problems);
  check_names(out->document.schedules, "schedule", kMasksMost, problems);
  check_names(out->document.lists, "list", UINT16_MAX - 1, problems);
  check_ids(out->document, problems);
  out->groups = make_groups(out->document.groups);
  make_schedules(*out, problems);
  out->rules.resize(out->document.rules.size());
  ConditionCompiler conditions(*out, problems);
  for (std::uint32_t i = 0; i < out->rules.size(); ++i) {
    conditions.compile(i);
  }
  if (problems.empty()) {  // else lists may be missing from their sets
    make_lists(*out, std::move(lists), problems);
  }
  find_needs(*out);
  for (std::uint32_t i = 0; i < out->rules.size(); ++i) {
    compile_actions(*out, i, problems);
    CompiledRule& rule = out->rules[i];
    const bool edits = rule.decides == nullptr || rule.decision == Decision::Block;
    rule.takes_edits = rule.takes_edits && !rule.dry_run && edits;
    rule.may_open = rule.asks_address && rule.first_phase != Phase::Response &&
                    rule.decides != nullptr && !refuses(rule.decision) && !rule.dry_run;
  }
  if (!problems.empty()) {
    return tl::unexpected(std::move(problems));
  }
  mark_bodies(*out);
  return std::shared_ptr<const Policy>(new Policy(std::move(out)));
}

GroupMask Policy::groups_of(const IpAddress& client, std::string_view user,
                            std::string_view listener, const Device& device) const {
  const ClientGroups& groups = compiled_->groups;
  GroupMask out = groups.clients.bits(client);
  out |= user.empty() ? 0 : bits_of(groups.users, user);
  out |= bits_of(groups.listeners, listener);
  out |= device.mac ? bits_of(groups.macs, mac_number(*device.mac)) : 0;
  if (!device.name.empty()) {
    out |= bits_of(groups.devices, device.name) | bits_of(groups.devices, first_label(device.name));
  }
  return out;
}

bool Policy::has_phase(Phase phase) const {
  return compiled_->phases[static_cast<std::size_t>(phase)];
}

bool Policy::wants_sniffing() const {
  return compiled_->sniffs;
}

bool Policy::needs_page() const {
  return compiled_->needs_page;
}

const PolicyDocument& Policy::document() const {
  return compiled_->document;
}

const RuleDocument& Policy::rule(std::uint32_t index) const {
  return compiled_->document.rules[index];
}

const ListSets& Policy::lists() const {
  return *compiled_->lists;
}

std::span<const ListReport> Policy::list_reports() const {
  return compiled_->reports;
}

}  // namespace weir::filters
