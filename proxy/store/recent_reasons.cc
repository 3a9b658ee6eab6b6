// SPDX-License-Identifier: Apache-2.0
//
// A ring in each shard.
#include "proxy/store/recent_reasons.h"

#include <algorithm>

namespace weir::store {

// kEach when it is not there.
std::size_t RecentReasons::place(const Shard& shard, std::uint64_t hash) const {
  const auto found = std::ranges::find(shard.hashes, hash);
  return static_cast<std::size_t>(found - shard.hashes.begin());
}

void RecentReasons::note(std::uint64_t hash, cache::Reason reason, WallTime now) {
  Shard& shard = shards_[hash % kShards];
  const std::lock_guard hold(shard.lock);
  std::size_t at = place(shard, hash);
  if (at == kEach) {
    at = shard.next;
    shard.next = (shard.next + 1) % kEach;
  }
  shard.hashes[at] = hash;
  shard.noted[at] = {reason, now};
}

std::optional<RecentReasons::Noted> RecentReasons::last(std::uint64_t hash) const {
  const Shard& shard = shards_[hash % kShards];
  const std::lock_guard hold(shard.lock);
  const std::size_t at = place(shard, hash);
  const bool there = at < kEach && shard.noted[at].reason != cache::Reason::None;
  return there ? std::optional(shard.noted[at]) : std::nullopt;
}

}  // namespace weir::store
