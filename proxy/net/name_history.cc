// SPDX-License-Identifier: Apache-2.0
//
// See name_history.h.
#include "proxy/net/name_history.h"

#include <algorithm>

namespace weir {

void NameHistory::learn(std::string_view name, std::span<const IpAddress> addresses, Instant now) {
  const std::lock_guard lock(mutex_);
  for (const IpAddress& address : addresses) {
    if (known_.size() >= kAddresses && !known_.contains(address)) {
      make_room();
    }
    Known& known = known_[address];
    known.seen = now;
    if (!known.names.empty() && known.names.back() == name) {
      continue;
    }
    std::erase(known.names, name);
    if (known.names.size() >= kNamesEach) {
      known.names.erase(known.names.begin());
    }
    known.names.emplace_back(name);
  }
}

const NameHistory::Known* NameHistory::find(const IpAddress& address, Instant now) const {
  const auto found = known_.find(address);
  const bool there = found != known_.end() && now - found->second.seen <= kRemembered;
  return there ? &found->second : nullptr;
}

bool NameHistory::knows(std::string_view name, const IpAddress& address, Instant now) const {
  const std::lock_guard lock(mutex_);
  const Known* known = find(address, now);
  return known != nullptr &&
         std::find(known->names.begin(), known->names.end(), name) != known->names.end();
}

std::vector<std::string> NameHistory::names_of(const IpAddress& address, Instant now) const {
  const std::lock_guard lock(mutex_);
  const Known* known = find(address, now);
  return known == nullptr ? std::vector<std::string>() : known->names;
}

std::size_t NameHistory::size() const {
  const std::lock_guard lock(mutex_);
  return known_.size();
}

// The address that has not been heard of for the longest, of a few looked at: exact order is not
// worth a list.
void NameHistory::make_room() {
  constexpr int kLooked = 32;
  auto oldest = known_.begin();
  int looked = 0;
  for (auto at = known_.begin(); at != known_.end() && looked < kLooked; ++at, ++looked) {
    if (at->second.seen < oldest->second.seen) {
      oldest = at;
    }
  }
  known_.erase(oldest);
}

}  // namespace weir
