// SPDX-License-Identifier: Apache-2.0
//
// The cache of a whole process: what is in memory, what is on the disk, and what is on its way. It
// stores and finds; whether something may be stored or used is decided by proxy/cache.
//
// Shared by all workers; any thread. Hot calls take one short lock; what touches the disk happens
// on the disk tier's thread.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

#include "proxy/store/disk_tier.h"
#include "proxy/store/flight.h"
#include "proxy/store/memory_tier.h"
#include "proxy/store/recent_reasons.h"

namespace weir::store {

struct StoreLimits {
  std::uint64_t memory = 0;         // bytes of the memory tier
  std::uint64_t memory_object = 0;  // bytes of the largest body kept in memory
  std::optional<DiskLimits> disk;
};

class Store {
 public:
  explicit Store(const StoreLimits& limits)
      : limits_(limits), memory_object_(limits.memory_object), memory(limits.memory) {
    budget_.limit = limits.memory;
  }

  // Before the store is used, with the rights that the directory needs. An error is a sentence for
  // the operator; the store then works without a disk.
  tl::expected<void, std::string> open_disk();
  // Writes what is queued and ends the disk's thread. Before loops that may be rung are destroyed.
  void close_disk() {
    if (disk_) {
      disk_->close();
    }
  }

  // Other bounds of the memory tier from now on. What is beyond them goes; what is on its way is
  // kept as it was planned.
  void resize(std::uint64_t bytes, std::uint64_t largest);

  // What is in memory under the URL. Null: nothing there, but see on_disk().
  GroupPtr find(std::string_view url, std::uint64_t hash) { return memory.find(url, hash); }
  bool on_disk(std::string_view url) const { return disk_ && disk_->may_have(url); }
  // Brings what the disk has under the URL into memory (heads; bodies stay), then rings.
  void load(std::string_view url, std::shared_ptr<Knock> knock);

  // Takes an entry in place of that of the same variant, in both tiers.
  // `since`: what memory.erasures() said when the origin was asked; what was erased
  // meanwhile is not kept.
  void keep(const EntryPtr& entry, std::optional<std::uint64_t> since = std::nullopt);
  // The same for one that was validated, if `old` is still there.
  void update(const EntryPtr& old, const EntryPtr& fresh);
  // Forgets everything under the URL. True when there was something in memory.
  bool erase(std::string_view url);
  // Forgets this entry: its bytes are not what was stored.
  void erase(const EntryPtr& entry);

  // How a body on its way is to be kept.
  Filling::Plan plan(std::optional<std::uint64_t> length);
  // Whether a body of that length can be kept at all.
  bool fits(std::uint64_t length) const;

  DiskTier* disk() { return disk_.get(); }

 private:
  const StoreLimits limits_;  // as at the start
  std::atomic<std::uint64_t> memory_object_;
  FillBudget budget_;
  std::unique_ptr<DiskTier> disk_;

 public:
  MemoryTier memory;
  Flights flights;
  RecentReasons reasons;  // why the latest answers were not kept
};

}  // namespace weir::store
