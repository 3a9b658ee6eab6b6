// SPDX-License-Identifier: Apache-2.0
//
// Answers conditions about one subject in one phase. Made on the stack for one call of
// Policy::judge; what lists say is kept in it, so that rules which name the same lists ask them
// once. Allocates nothing outside the arena.
#pragma once

#include <array>
#include <optional>
#include <string_view>

#include "filters/policy/compiled.h"
#include "filters/policy/outcomes.h"

namespace weir::filters {

class Evaluator {
 public:
  Evaluator(const Policy::Compiled& policy, Phase phase, const Subject& subject, Arena& arena)
      : policy_(policy), tables_(policy.tables), subject_(subject), arena_(arena), phase_(phase) {}

  struct Answer {
    Outcomes outcome = Outcomes::yes();
    ListHit hit;  // the list line that made it hold
    std::string_view redirect;
    bool gave_up = false;  // a list in force could not be asked to its end: `hit` says where
  };
  // Whether the rule holds. `with_dry`: lists in dry run speak too. `edits`: gets what lists change
  // when the rule's other conditions hold; may be null.
  Answer ask(const CompiledRule& rule, bool with_dry, ListEdits* edits);

  // For explaining: one condition, and what its lists said.
  Outcomes ask(const Node& node, bool with_dry);
  const ListVerdict& list_verdict(std::uint32_t set, bool dry);
  // Whether the address is known by now, if it ever is.
  bool address_due() const;

 private:
  Outcomes condition(const Node& node);
  Outcomes of_request(const Node& node);
  Outcomes of_response(const Node& node);
  Outcomes group(const Node& node);
  Outcomes list(const Node& node);
  Outcomes scheduled(const Node& node);
  Outcomes destination(const Node& node) const;
  Outcomes server_name(const Node& node) const;
  Outcomes size(const Node& node) const;
  bool host(const Node& node) const;
  bool word(const Node& node, std::string_view text, bool ignore_case) const;
  bool in_ranges(const Node& node, std::uint64_t value) const;
  bool path(const Node& node);
  bool query(const Node& node);
  bool fields(const Node& node, const FieldLookup& lookup) const;
  bool media(const Node& node) const;
  bool file_name(const Node& node) const;
  std::string_view extension() const;
  const Subject& by_server_name();
  void take_edits(const CompiledRule& rule, ListEdits& edits);

  struct Slot {
    Slot() {}  // leaves the verdict as it is: writing zeros would cost more than most rules do
    std::uint32_t key = UINT32_MAX;
    std::optional<ListVerdict> verdict;
  };

  const Policy::Compiled& policy_;
  const NodeTables& tables_;
  const Subject& subject_;
  Arena& arena_;
  const Phase phase_;
  bool with_dry_ = false;
  ListHit hit_;
  std::string_view redirect_;
  bool gave_up_ = false;
  ListHit gave_up_at_;
  ScheduleMask looked_ = 0;  // schedules whose bit in on_ is known
  ScheduleMask on_ = 0;
  std::string_view resolved_;  // the path without dot segments, once asked for
  std::string_view merged_;    // likewise, runs of slashes merged before
  std::optional<Subject> by_server_name_;
  std::array<Slot, 4> slots_;
};

}  // namespace weir::filters
