// SPDX-License-Identifier: Apache-2.0
//
// What is stored, as all threads see it: the index, and the entries that are queued to be written.
// It settles the races between storing and erasing: an erasure counts for everything that was
// stored or queued before it, and for nothing after, whatever the disk thread has got round to.
#pragma once

#include <absl/container/flat_hash_map.h>

#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>
#include <vector>

#include "proxy/store/disk_index.h"

namespace weir::store {

class Ledger {
 public:
  DiskIndex& index() { return index_; }
  const DiskIndex& index() const { return index_; }

  // Any thread: whether anything is stored, or queued to be.
  bool may_have(std::uint64_t hash) const;

  // Any thread: an entry is about to be queued; gives its ticket.
  std::uint64_t announce(std::uint64_t hash);
  // The disk thread: whether it has been erased since.
  bool erased(std::uint64_t hash, std::uint64_t ticket) const;
  struct Settled {
    bool stored = false;                // false: erased meanwhile
    std::optional<IndexRow> displaced;  // the row it took the place of
  };
  // The disk thread, or who announced it in vain: the entry has been written and lies there.
  Settled settle(std::uint64_t ticket, const IndexRow& row);
  // The same for one that has not been written.
  void withdraw(std::uint64_t hash);

  // Any thread: forgets all variants, or one. What was stored of them is kept for the disk thread.
  void forget(std::uint64_t hash);
  void forget(std::uint64_t hash, std::uint32_t variant);
  // The disk thread: what has been forgotten since it last asked.
  std::vector<IndexRow> take_forgotten();

 private:
  struct Queued {
    std::uint32_t entries = 0;
    std::uint64_t last = 0;    // ticket of the last
    std::uint64_t erased = 0;  // those up to this ticket have been erased
  };

  void leave(std::uint64_t hash);

  DiskIndex index_;
  mutable std::mutex mutex_;
  absl::flat_hash_map<std::uint64_t, Queued> queued_;  // guarded by mutex_, as is the rest
  std::vector<IndexRow> forgotten_;
  std::uint64_t tickets_ = 0;
  std::atomic<std::uint64_t> waiting_{0};  // how many are queued
  std::atomic<bool> any_forgotten_{false};
};

}  // namespace weir::store
