// SPDX-License-Identifier: Apache-2.0
//
// All lists of a policy, compiled, and asked in sets: the lists that one condition names are taken
// together, with their exceptions. All host names lie in one structure, and so do all patterns, URL
// prefixes and networks, so that ten lists cost what one does. Immutable; matching takes no lock
// and allocates nothing outside the arena.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "filters/lists/list.h"
#include "filters/subject.h"
#include "filters/verdict.h"
#include "proxy/base/arena.h"

namespace weir::filters {

// What the lists have in common, for `weir lists`.
struct ListOverlap {
  std::uint32_t names = 0;         // host names that it blocks whatever asks
  std::uint32_t elsewhere = 0;     // of these, how many another list names too
  std::uint32_t contradicted = 0;  // of these, how many an exception of an Adblock list lifts
  std::size_t memory = 0;          // bytes, about; the text excluded
};

class ListSets {
 public:
  struct Built {
    std::unique_ptr<const ListSets> sets;  // null when `errors` is not empty
    std::vector<ListReport> reports;       // one per list
    std::vector<std::string> errors;       // what makes the whole unusable (out of memory, ...)
  };
  // `sets[i]` names the lists (by index) of set i. Every list must have been read.
  static Built build(std::vector<List> lists, const std::vector<std::vector<std::uint16_t>>& sets,
                     bool third_party_hosts);
  ~ListSets();

  // What set `set` says of the subject. Lists in dry run are left out, unless `dry_run`, when only
  // they speak. Address lists speak when subject.destination is set or the host is an address.
  // What another list names counts as a block that exceptions of Adblock lists may lift.
  void judge(std::uint32_t set, const Subject& subject, bool dry_run, Arena& arena,
             ListVerdict& out) const;
  // True when the set holds an address list, so that it may say more after resolution.
  bool needs_address(std::uint32_t set) const;
  bool has_dry_run(std::uint32_t set) const;
  // True when the set asks for the request's kind, page and party.
  bool needs_page(std::uint32_t set) const;

  // Whether what set `set` blocks is excepted for pages that are named: see NetworkFilters.
  bool some_page_is_excepted(std::uint32_t set, const Subject& subject, Arena& arena) const;

  std::span<const List> lists() const;
  // Gives back the memory of list texts that hits have been read from; they stay readable.
  void forget_texts() const;
  std::size_t memory() const;

  // One per list. Asks every name of every list: for the command line, not for a request.
  std::vector<ListOverlap> overlaps() const;

 private:
  struct Compiled;
  explicit ListSets(std::unique_ptr<Compiled> compiled);
  std::unique_ptr<Compiled> compiled_;
};

}  // namespace weir::filters
