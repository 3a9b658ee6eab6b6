// SPDX-License-Identifier: Apache-2.0
//
// What the policy answers: one decision, the adjustments that came before it, and why. Plain data
// that points into the policy (which outlives the exchange) and into the caller's arena.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>

#include "filters/document.h"

namespace weir::filters {

// The line of a list that spoke. `rest` points into the list, which the policy owns.
struct ListHit {
  std::uint16_t list = UINT16_MAX;  // index into the policy's lists
  std::uint32_t line = 0;           // from 1
  std::string_view list_name;
  std::string_view rest;   // of the list, from a line on
  std::uint32_t skip = 0;  // lines from there to the one that spoke
  explicit operator bool() const { return line != 0; }
  // The line itself, trimmed. Looked for when asked: it lies in memory that judging leaves alone.
  std::string_view text() const;
};

enum class Decision : std::uint8_t {
  Default,  // no rule decided
  Allow,
  Block,
  Redirect,
  Tunnel,
  Intercept,
  Route,
  Close,
};

constexpr bool refuses(Decision decision) {
  return decision == Decision::Block || decision == Decision::Close;
}

// Neither refused nor sent elsewhere.
constexpr bool lets_pass(Decision decision) {
  return !refuses(decision) && decision != Decision::Redirect;
}

constexpr std::size_t kTrialsMost = 8;
constexpr std::size_t kAdjustmentsMost = 32;  // further ones are not applied, and counted
constexpr std::size_t kListEditsMost = 16;

// What filter lists change about an exchange that they do not block.
struct ListEdits {
  enum class What : std::uint8_t {
    RemoveRequestField,
    RemoveResponseField,
    ContentSecurityPolicy,  // text: the policy to add
    PermissionsPolicy,      // likewise
  };
  struct Edit {
    What what;
    std::string_view text;
    ListHit by;
  };
  std::string_view url;  // after $removeparam: the whole new URL, in the arena; empty: unchanged
  ListHit url_by;
  std::uint32_t count = 0;
  union {  // the first `count`
    std::array<Edit, kListEditsMost> edits;
  };

  ListEdits() {}  // leaves the edits as they are: emptying each would cost more than most lists do

  void clear() {
    url = {};
    url_by = {};
    count = 0;
  }
};

// What one list set says of one request.
struct ListVerdict {
  bool block = false;
  bool important = false;
  // The question would have cost too much: a block, by the line it ended at if there is one.
  bool gave_up = false;
  ListHit by;                 // the blocking line, also when an exception lifted it
  ListHit exception;          // the line that lifted it
  std::string_view redirect;  // $redirect: the name of a neutral resource to answer with
  ListEdits edits;

  // As new, without touching what counts leave out.
  void clear() {
    block = important = gave_up = false;
    by = exception = {};
    redirect = {};
    edits.clear();
  }
};

struct Verdict {
  Decision decision = Decision::Default;
  std::uint32_t rule = UINT32_MAX;  // index of the deciding rule; UINT32_MAX: the default decided
  const Action* action = nullptr;   // the decision's action; nullptr for the default
  ListHit hit;                      // the list line that made the rule hold, if one did
  std::string_view redirect;        // a neutral resource named by the list
  // Asking a list of the rule would have cost too much, at the line `hit`: a block without action.
  bool gave_up = false;
  // It would block, but a rule before the one that decided may let it pass once the address is
  // known: not to be carried out before the address has been judged.
  bool waits = false;
  bool blocks() const { return !waits && refuses(decision); }
  // Nobody is asked, and no later phase comes.
  bool ends() const { return blocks() || decision == Decision::Redirect; }

  // What rules and lists in dry run would have decided; rule UINT32_MAX: nothing.
  Decision would = Decision::Default;
  std::uint32_t would_rule = UINT32_MAX;
  ListHit would_hit;
  // Rules in dry run that would only have adjusted, as they came to hold; the first few.
  std::array<std::uint32_t, kTrialsMost> trials;
  std::uint32_t trial_count = 0;
  void add_trial(std::uint32_t index) {
    std::uint32_t* const end = trials.data() + trial_count;
    if (trial_count < kTrialsMost && std::find(trials.data(), end, index) == end) {
      trials[trial_count++] = index;
    }
  }

  // Adjustments as they came to hold: by phase, then in the order of the rules. A later phase only
  // adds to them, and `adjustments_lost` may then count one twice.
  struct Adjustment {
    std::uint32_t rule;
    const Action* action;
  };
  std::array<Adjustment, kAdjustmentsMost> adjustments;
  std::uint32_t adjustment_count = 0;
  std::uint32_t adjustments_lost = 0;
  ListEdits edits;

  // Adds the adjustments of `other` that are not here yet, at the end, as far as there is room.
  void add_adjustments(const Verdict& other) {
    for (std::uint32_t i = 0; i < other.adjustment_count; ++i) {
      const Adjustment& one = other.adjustments[i];
      const bool known =
          std::any_of(adjustments.data(), adjustments.data() + adjustment_count,
                      [&one](const Adjustment& a) { return a.action == one.action; });
      if (!known && adjustment_count < kAdjustmentsMost) {
        adjustments[adjustment_count++] = one;
      }
    }
  }

  // As new, without touching what the counts leave out.
  void clear() {
    decision = would = Decision::Default;
    rule = would_rule = UINT32_MAX;
    action = nullptr;
    hit = would_hit = {};
    redirect = {};
    gave_up = waits = false;
    adjustment_count = adjustments_lost = trial_count = 0;
    edits.clear();
  }
};

}  // namespace weir::filters
