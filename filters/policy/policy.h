// SPDX-License-Identifier: Apache-2.0
//
// A compiled policy: groups, schedules, lists and rules in order. It judges a subject in up to
// three phases: the request, the address it would be sent to, and the response. In every phase the
// first rule in order that holds and decides wins; a rule whose conditions cannot be answered yet
// does not hold yet, and a later phase asks only the rules that stand before the one that decided.
// Adjustments of rules that hold add up until the decision. Immutable; shared by all workers.
//
// What cannot be known of a subject (a tunnel's path, a destination that only a parent resolves)
// holds neither as a condition nor under `not`. Where the default is to block, it waits for a later
// phase only while a rule that lets pass may still hold; in the last phase nothing is waited for.
// A rule that blocks waits for the address while one before it may let that pass, but not for the
// response: what is blocked is not asked for. A redirect waits for nothing.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <tl/expected.hpp>

#include "filters/document.h"
#include "filters/lists/list.h"
#include "filters/lists/list_set.h"
#include "filters/policy/adjustments.h"
#include "filters/policy/foresee.h"
#include "filters/subject.h"
#include "filters/verdict.h"
#include "proxy/base/arena.h"

namespace weir::filters {

// Why a rule held or not; one per rule considered, for `weir explain`.
struct RuleTrace {
  enum class Result : std::uint8_t { Held, Failed, NotYet, DryRun, AfterDecision };
  std::uint32_t rule = 0;
  Result result = Result::Failed;
  std::string condition;  // the first condition that failed or is not known yet, in words
  ListHit hit;
  ListHit exception;          // a list matched and this line of it lifted the match
  bool gave_up = false;       // at `hit`, as asking on would have cost too much
  bool asks_address = false;  // it is asked again once the address is known
};

struct Trace {
  std::vector<RuleTrace> rules;
};

// How the body of a response has to be asked for, since a rule may come to concern it.
struct BodyNeeds {
  bool rewrites = false;  // whole, and in codings that can be undone
  bool types = false;     // from its first byte, by which its type is judged
};

// By the clock on the wall of the schedule that ends then.
struct ScheduleEnd {
  WallTime at;
  Micros utc_offset = 0;
  bool operator==(const ScheduleEnd&) const = default;
};

class Policy {
 public:
  struct Compiled;  // for the files of this folder
  struct Problem {
    std::string file;
    std::uint32_t line = 0;
    std::string message;  // with the remedy
  };
  // `lists` in the order of document.lists, each read.
  static tl::expected<std::shared_ptr<const Policy>, std::vector<Problem>> compile(
      PolicyDocument document, std::vector<List> lists);
  ~Policy();

  // The groups of a client; `device` as far as the caller knows it.
  GroupMask groups_of(const IpAddress& client, std::string_view user, std::string_view listener,
                      const Device& device = {}) const;

  // Phase by phase; `verdict` is carried on. Returns true when the decision of the verdict changed.
  // A trace may be null; one that is used again gets one line per rule over all phases. Needs
  // subject.groups. `arena` holds what has to be composed. The Request phase may be asked again
  // once a tunnel's server name is known, the Response phase once more of the body has been
  // counted.
  bool judge(Phase phase, const Subject& subject, Arena& arena, Verdict& verdict,
             Trace* trace = nullptr) const;

  // What may be decided about a subject of which `unknown` is not known, over all phases.
  // `answered`: a response came, so that rules which wait for one are asked. A tunnel's server name
  // is as the subject says.
  Foreseen foresee(const Subject& subject, const Unknown& unknown, bool answered,
                   Arena& arena) const;

  // Whether any rule has to be asked in that phase, and whether one asks for the sniffed type.
  bool has_phase(Phase phase) const;
  bool wants_sniffing() const;
  // Whether a rule asks for what classify.h sets: kind, page and party.
  bool needs_page() const;
  // Where the size of a response is not declared: how many bytes may pass before judge must be
  // asked again, with response_length as counted and response_counted set. Nothing: no rule
  // objects.
  std::optional<std::uint64_t> size_limit(const Subject& subject, const Verdict& verdict) const;

  // What rules that wait for the response, may still hold and stand before the one that decided
  // would need of its body. To be asked before the request is sent; costs nothing without such
  // rules.
  BodyNeeds body_needs(const Subject& subject, const Verdict& verdict, Arena& arena) const;

  // A flat view of the verdict's adjustments, good for as long as both live. Allocates nothing.
  Adjustments summarise(const Verdict& verdict) const;

  // When schedules will have let go of it: from when on what is refused or redirected may pass, or
  // what passes will not, all rules asked. Looks two weeks ahead of subject.now.
  std::optional<ScheduleEnd> ends(const Verdict& verdict, const Subject& subject,
                                  Arena& arena) const;

  const PolicyDocument& document() const;
  const RuleDocument& rule(std::uint32_t index) const;
  const ListSets& lists() const;
  std::span<const ListReport> list_reports() const;

 private:
  explicit Policy(std::unique_ptr<Compiled> compiled);
  std::unique_ptr<Compiled> compiled_;
};

std::string_view decision_name(Decision decision);

}  // namespace weir::filters
