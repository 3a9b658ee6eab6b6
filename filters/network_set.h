// SPDX-License-Identifier: Apache-2.0
//
// Many ranges of addresses, each with the line that named it, asked which of them hold an address:
// one binary search and a step for each range around it. Immutable once built.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "proxy/base/address.h"

namespace weir::filters {

class NetworkSet {
 public:
  class Builder {
   public:
    void add(const Prefix& prefix, std::uint32_t value) {
      entries_.push_back({prefix, UINT32_MAX, value});
    }
    std::size_t size() const { return entries_.size(); }
    NetworkSet build() &&;

   private:
    friend class NetworkSet;
    struct Entry {
      Prefix prefix;
      std::uint32_t around;  // the entry that holds this one, or kNone
      std::uint32_t value;
    };
    std::vector<Entry> entries_;
  };

  // Calls `use(value)` for each range that holds `address`, or an IPv4 address that it embeds in
  // any reading (base/address.h), the narrowest first; stops when `use` returns false.
  template <class Use>
  void each(const IpAddress& address, Use use) const {
    if (entries_.empty() || !each_of(address, use)) {
      return;
    }
    for (const IpAddress& embedded : address.embedded_all()) {
      if (!each_of(embedded, use)) {
        return;
      }
    }
  }

  std::size_t size() const { return entries_.size(); }
  std::size_t memory() const { return entries_.capacity() * sizeof(Entry); }

 private:
  using Entry = Builder::Entry;
  static constexpr std::uint32_t kNone = UINT32_MAX;

  // The last entry that does not begin behind `address`, or kNone.
  std::uint32_t last_before(const IpAddress& address) const;

  template <class Use>
  bool each_of(const IpAddress& address, Use& use) const {
    for (std::uint32_t n = last_before(address); n != kNone; n = entries_[n].around) {
      if (entries_[n].prefix.contains(address) && !use(entries_[n].value)) {
        return false;
      }
    }
    return true;
  }

  std::vector<Entry> entries_;  // IPv6 before IPv4, then by where they begin, the widest first
};

}  // namespace weir::filters
