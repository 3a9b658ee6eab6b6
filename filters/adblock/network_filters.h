// SPDX-License-Identifier: Apache-2.0
//
// Network filters in Adblock syntax (Adblock Plus, uBlock Origin, AdGuard), many lists compiled
// into one immutable engine that answers as those do, as far as a proxy can know. Matching
// allocates nothing outside the arena and takes no lock.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "filters/lists/list.h"
#include "filters/subject.h"
#include "filters/verdict.h"
#include "proxy/base/arena.h"

namespace weir::filters {

struct NetworkFilterOptions {
  bool third_party_hosts = false;  // see PolicyDocument
};

class NetworkFilters {
 public:
  // Compiles the rules of `lists` (of format Adblock; also bare host names and hosts lines) in
  // order. Reports per list are completed: rules, unsupported by kind, errors with line and reason.
  // A line that cannot be understood wholly is dropped and reported, never half applied.
  static std::unique_ptr<const NetworkFilters> build(std::span<const List* const> lists,
                                                     std::span<ListReport* const> reports,
                                                     const NetworkFilterOptions& options);
  ~NetworkFilters();

  // Adds to `out` what the filters say. `host_hit`: another list of the same set has already
  // named the host; it is taken as a block that exceptions may lift. `arena` holds a rewritten URL.
  void judge(const Subject& subject, ListHit host_hit, Arena& arena, ListVerdict& out) const;

  // Whether an exception for pages by name ($domain=) would lift a block of it, were it made from
  // one of them, whatever it was for. Asks all filters: for commands, not for a request.
  bool some_page_is_excepted(const Subject& subject, Arena& arena) const;

  // True when nothing in here could ever speak of a request (no rules).
  bool empty() const;
  std::size_t memory() const;  // bytes, list texts excluded

 private:
  struct Compiled;
  explicit NetworkFilters(std::unique_ptr<Compiled> compiled);
  std::unique_ptr<Compiled> compiled_;
};

}  // namespace weir::filters
