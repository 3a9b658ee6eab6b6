// SPDX-License-Identifier: Apache-2.0
//
// Both tiers as the operator sees them: what is there, why, and away with it. For one thread that
// asks (the admin interface's); what the disk has to say comes later, from its own thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "proxy/store/disk_tier.h"
#include "proxy/store/memory_tier.h"
#include "proxy/store/recent_reasons.h"
#include "proxy/store/scope.h"

namespace weir::store {

// A value that another thread makes.
template <class T>
class Pending {
 public:
  void set(T value) {
    const std::lock_guard hold(lock_);
    value_ = std::move(value);
  }
  // Once; nothing as long as it is not there.
  std::optional<T> take() {
    const std::lock_guard hold(lock_);
    return std::exchange(value_, std::nullopt);
  }

 private:
  std::mutex lock_;
  std::optional<T> value_;  // guarded
};
template <class T>
using PendingPtr = std::shared_ptr<Pending<T>>;

// One entry, and where it is.
struct Kept {
  EntryPtr entry;
  bool in_memory = false;
  bool on_disk = false;
  std::uint64_t hits = 0;  // of its URL since that came into memory
};

struct Purged {
  std::uint64_t urls = 0;
  std::uint64_t in_memory = 0;  // of them
  std::uint64_t on_disk = 0;
};

class Inventory {
 public:
  // All of them outlive it, and the memory tier outlives the disk's thread, too. `disk` may be
  // null.
  Inventory(MemoryTier& memory, DiskTier* disk, const RecentReasons& reasons)
      : memory_(memory), reasons_(reasons), disk_(disk) {}

  // Any thread: as if there were no disk from now on. Before the disk tier is destroyed.
  void close();

  MemoryStats memory_stats() const { return memory_.stats(); }
  std::optional<DiskStats> disk_stats() const;

  // Everything stored under a key, what is in memory first.
  PendingPtr<std::vector<Kept>> look(const std::string& key) const;
  std::optional<RecentReasons::Noted> last_reason(std::string_view key) const;

  // What is in memory, piece by piece: false at the end. `write` gets what the scope covers.
  using Write = std::function<void(const Kept&)>;
  bool list_memory(MemoryTier::Walk& walk, const Scope& scope, const Write& write) const;
  // What is on disk only, up to `most` entries, written by the disk's thread into a text.
  using Append = std::function<void(const Kept&, std::string&)>;
  PendingPtr<std::string> list_disk(const Scope& scope, std::size_t most, Append append) const;

  // Forgets what the scope covers; a URL as a whole, if it covers one of its variants. What is
  // being fetched meanwhile is not kept, if it is put with what MemoryTier::erasures() said before.
  // `dry`: only counts.
  PendingPtr<Purged> purge(const Scope& scope, bool dry) const;

 private:
  MemoryTier& memory_;
  const RecentReasons& reasons_;
  mutable std::mutex lock_;  // held as long as the disk tier is being asked
  DiskTier* disk_;           // guarded
};

}  // namespace weir::store
