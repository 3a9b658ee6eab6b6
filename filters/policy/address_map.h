// SPDX-License-Identifier: Apache-2.0
//
// Prefixes, each with bits, asked "which bits does this address have?". Nested prefixes are cut
// into runs that do not overlap, so that a question is one binary search however many there are.
// Immutable once built.
#pragma once

#include <cstdint>
#include <vector>

#include "proxy/base/address.h"

namespace weir::filters {

class AddressMap {
 public:
  struct Entry {
    Prefix prefix;
    std::uint64_t bits;
  };
  AddressMap() = default;
  explicit AddressMap(const std::vector<Entry>& entries);

  // The bits of all prefixes that hold the address.
  std::uint64_t bits(const IpAddress& address) const;

 private:
  struct Run {
    std::uint64_t high;  // the run's first address
    std::uint64_t low;
    std::uint64_t bits;
  };
  std::vector<Run> runs_;     // IPv6, sorted; a run ends where the next begins
  std::vector<Run> runs_v4_;  // IPv4 in `low`
};

}  // namespace weir::filters
