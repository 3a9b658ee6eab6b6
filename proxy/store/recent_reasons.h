// SPDX-License-Identifier: Apache-2.0
//
// Why the latest answers were not stored, for whoever asks afterwards: the last kMost URLs, known
// by their hash alone. Bounded, and nothing is allocated: it is told of every request that passes
// uncached.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>

#include "proxy/base/instant.h"
#include "proxy/cache/reason.h"

namespace weir::store {

class RecentReasons {
 public:
  static constexpr std::size_t kMost = 1024;

  struct Noted {
    cache::Reason reason = cache::Reason::None;
    WallTime at;
  };

  // Any thread. `hash` is MemoryTier::hash of the key. Replaces what was noted of that URL, else
  // the oldest. Cost: a short lock and a look at 64 numbers.
  void note(std::uint64_t hash, cache::Reason reason, WallTime now);
  // Any thread. Nothing when it has been replaced since, or was never noted.
  std::optional<Noted> last(std::uint64_t hash) const;

 private:
  static constexpr std::size_t kShards = 16;
  static constexpr std::size_t kEach = kMost / kShards;
  struct alignas(64) Shard {
    mutable std::mutex lock;
    std::array<std::uint64_t, kEach> hashes{};  // guarded, as all below; 0: none yet
    std::array<Noted, kEach> noted{};
    std::size_t next = 0;
  };
  std::size_t place(const Shard& shard, std::uint64_t hash) const;

  std::array<Shard, kShards> shards_;
};

}  // namespace weir::store
