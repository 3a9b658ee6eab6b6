// SPDX-License-Identifier: Apache-2.0
//
// See name_history.h.
#include "proxy/net/name_history.h"

#include <algorithm>

namespace weir {

namespace {

bool current(Instant seen, Instant now) {
  return now - seen <= NameHistory::kRemembered;
}

}  // namespace

void NameHistory::learn(std::string_view name, std::span<const IpAddress> addresses, Instant now) {
  const std::lock_guard lock(mutex_);
  for (const IpAddress& address : addresses) {
    if (known_.size() >= kAddresses && !known_.contains(address)) {
      make_room();
    }
    Names& names = known_[address];
    if (!names.empty() && names.back().text == name) {
      names.back().seen = now;
      continue;
    }
    std::erase_if(names, [name](const Name& known) { return known.text == name; });
    if (names.size() >= kNamesEach) {
      names.erase(names.begin());
    }
    names.push_back(Name{std::string(name), now});
  }
}

const NameHistory::Names* NameHistory::find(const IpAddress& address) const {
  const auto found = known_.find(address);
  return found != known_.end() ? &found->second : nullptr;
}

bool NameHistory::knows(std::string_view name, const IpAddress& address, Instant now) const {
  const std::lock_guard lock(mutex_);
  const Names* names = find(address);
  return names != nullptr && std::any_of(names->begin(), names->end(), [&](const Name& known) {
           return known.text == name && current(known.seen, now);
         });
}

std::vector<std::string> NameHistory::names_of(const IpAddress& address, Instant now) const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> out;
  if (const Names* names = find(address); names != nullptr) {
    for (const Name& known : *names) {
      if (current(known.seen, now)) {
        out.push_back(known.text);
      }
    }
  }
  return out;
}

std::size_t NameHistory::size() const {
  const std::lock_guard lock(mutex_);
  return known_.size();
}

// The eighth that has not been heard of for the longest goes at once: seldom, hence cheap.
void NameHistory::make_room() {
  std::vector<Instant> seen;
  seen.reserve(known_.size());
  for (const auto& [address, names] : known_) {
    seen.push_back(names.back().seen);
  }
  std::size_t surplus = known_.size() / 8;
  const auto last = seen.begin() + static_cast<std::ptrdiff_t>(surplus);
  std::nth_element(seen.begin(), last, seen.end());
  absl::erase_if(known_, [&surplus, limit = *last](const auto& entry) {
    const bool goes = surplus > 0 && entry.second.back().seen <= limit;
    surplus -= goes ? 1 : 0;
    return goes;
  });
}

}  // namespace weir
