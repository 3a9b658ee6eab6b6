// SPDX-License-Identifier: Apache-2.0
//
// See network_set.h. Prefixes nest or are disjoint, so all ranges that hold an address lie on one
// way outward from the last one that begins at or before it.
#include "filters/network_set.h"

#include <algorithm>
#include <tuple>

namespace weir::filters {

NetworkSet NetworkSet::Builder::build() && {
  NetworkSet set;
  set.entries_ = std::move(entries_);
  auto& entries = set.entries_;
  std::ranges::sort(entries, {}, [](const Entry& e) {
    return std::make_tuple(e.prefix.base.is_v4(), e.prefix.base.bytes(), e.prefix.length, e.value);
  });
  for (std::uint32_t n = 1; n < entries.size(); ++n) {
    const Prefix& inner = entries[n].prefix;
    std::uint32_t around = n - 1;
    while (around != kNone && !(entries[around].prefix.length <= inner.length &&
                                entries[around].prefix.contains(inner.base))) {
      around = entries[around].around;
    }
    entries[n].around = around;
  }
  return set;
}

std::uint32_t NetworkSet::last_before(const IpAddress& address) const {
  const auto key = [](const IpAddress& a) { return std::make_tuple(a.is_v4(), a.bytes()); };
  const auto behind = std::ranges::upper_bound(
      entries_, key(address), {}, [&key](const Entry& e) { return key(e.prefix.base); });
  return behind == entries_.begin() ? kNone
                                    : static_cast<std::uint32_t>(behind - entries_.begin()) - 1;
}

}  // namespace weir::filters
