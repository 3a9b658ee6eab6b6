// SPDX-License-Identifier: Apache-2.0
//
// What a policy is made into: conditions as nodes in one array, their values in tables beside it.
// Only the files of this folder see it. Immutable once compiled.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <re2/re2.h>

#include "filters/policy/address_map.h"
#include "filters/policy/host_matcher.h"
#include "filters/policy/patterns.h"
#include "filters/policy/policy.h"
#include "filters/policy/schedule.h"

namespace weir::filters {

// One condition. `first` and `count` say where its children or values lie; which table is its
// kind's matter.
struct Node {
  ConditionKind kind = ConditionKind::All;
  std::uint8_t cost = 0;  // cheap conditions are asked first
  bool strict = false;    // of several readings all must fit, not any: see mark_bodies()
  std::uint32_t first = 0;
  std::uint32_t count = 0;
  std::uint64_t mask = 0;             // Group, Schedule, Scheme, Kind
  const Condition* author = nullptr;  // as written, in the document
};

struct CompiledMatch {
  const ValueMatch* author = nullptr;
  std::unique_ptr<re2::RE2> expression;  // How::Expression
};

struct NodeTables {
  std::vector<Node> nodes;
  std::vector<std::string> words;  // each node's run is sorted
  std::vector<Range> ranges;
  std::vector<AddressMap> networks;
  std::vector<HostMatcher> hosts;
  std::vector<Patterns> patterns;
  std::vector<CompiledMatch> matches;
};

struct PreparedAction {
  std::vector<std::unique_ptr<re2::RE2>> matches;  // one per FieldEdit
  std::uint32_t engines = 0;                       // SafeSearch: a bit per SearchEngine
};

struct CompiledRule {
  std::uint32_t first = 0;  // the nodes of its `when`, all of which must hold, by cost
  std::uint32_t count = 0;
  Phase last_phase = Phase::Request;   // in which one of its conditions is answered
  Phase first_phase = Phase::Request;  // in which it can hold at the earliest
  bool dry_run = false;
  bool dry_lists = false;    // names lists in dry run
  bool takes_edits = false;  // lists may change what it does not block
  bool has_schedule = false;
  bool sizes = false;  // asks for the size of the response
  bool asks_address = false;
  bool may_open = false;  // may let pass by the address what a rule behind it would block
  BodyNeeds later;        // what it does with bodies once the answer is known
  Decision decision = Decision::Default;
  const Action* decides = nullptr;
  std::vector<PreparedAction> prepared;  // one per action

  // `intercept` decides about tunnels. What one carries is judged as if no rule had said it.
  bool decides_about(bool host_only) const {
    return decides != nullptr && (decision != Decision::Intercept || host_only);
  }
};

struct ClientGroups {
  AddressMap clients;
  std::vector<std::pair<std::string, GroupMask>> users;      // sorted
  std::vector<std::pair<std::string, GroupMask>> listeners;  // sorted
  std::vector<std::pair<std::string, GroupMask>> devices;    // sorted
  std::vector<std::pair<std::uint64_t, GroupMask>> macs;     // sorted
};

struct Policy::Compiled {
  PolicyDocument document;
  ClientGroups groups;
  std::vector<Schedule> schedules;
  std::vector<std::vector<std::uint16_t>> sets;  // the lists of each list set
  std::unique_ptr<const ListSets> lists;
  std::vector<ListReport> reports;
  NodeTables tables;
  std::vector<CompiledRule> rules;
  bool phases[3] = {true, false, false};
  bool needs_page = false;
  bool sniffs = false;
  BodyNeeds later;  // those of all rules
};

// After conditions and actions are compiled: what rules will need of bodies, and which way they err
// where an answer can be read as several types, or a path in several ways. What refuses takes any
// reading that fits, what lets pass wants them all; under `not` it is the other way round.
void mark_bodies(Policy::Compiled& out);

}  // namespace weir::filters
