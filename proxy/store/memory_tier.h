// SPDX-License-Identifier: Apache-2.0
//
// The tier in memory: what is stored, by URL, bounded in bytes. 16 shards, a lock each; what is
// handed out is immutable and counted, so a lock is held for a look-up and no longer, and what
// leaves is freed after it.
//
// The bound is one for all shards, so that an object may be larger than a shard's share: up to an
// eighth of the whole. What is larger is not kept here (and what it would have replaced is gone).
// Room is made before anything enters: what is kept never exceeds the bound, not for a moment.
// Charged are Group::memory() and what the tier adds to it.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/store/entry.h"

namespace weir::store {

constexpr std::size_t kMostVariants = 32;  // of one URL

struct MemoryStats {
  std::uint64_t entries = 0;
  std::uint64_t groups = 0;
  std::uint64_t bytes = 0;
  std::uint64_t limit = 0;
  std::uint64_t hits = 0;  // of `find`: a group was there, whether or not an entry of it served
  std::uint64_t misses = 0;
  std::uint64_t evictions = 0;  // groups
};

class MemoryTier {
 public:
  explicit MemoryTier(std::uint64_t bytes);
  ~MemoryTier();
  MemoryTier(const MemoryTier&) = delete;
  MemoryTier& operator=(const MemoryTier&) = delete;

  // Keyed anew in each process: strangers choose URLs and cannot make them collide.
  static std::uint64_t hash(std::string_view url);

  // Any thread, as all that follows. Null: nothing is kept under that URL. `hash` is hash(url).
  GroupPtr find(std::string_view url, std::uint64_t hash);

  // Keeps it, most recent first, in place of the entry of the same variant. Of more than
  // kMostVariants the oldest go, and of more than fit. False: it alone is too large, and no entry
  // of that variant is left; or nothing is kept because of `since`: what erasures() said before
  // this was fetched, if what was erased meanwhile may have been this.
  bool put(EntryPtr entry, std::optional<std::uint64_t> since = std::nullopt);
  // Keeps what was loaded from disk, most recent first, behind what is there already; a variant
  // that is there stays as it is. `since`: what erasures() said before the load began.
  void put_group(std::string url, std::vector<EntryPtr> entries,
                 std::optional<std::uint64_t> since = std::nullopt);
  // Counts the erasures of this URL and of some others (one in 4096).
  std::uint64_t erasures(std::uint64_t hash) const;

  // Counts an erasure for every URL: what is being loaded or fetched now is not to be kept.
  void overtake();

  // Forgets all variants. False: there were none.
  bool erase(std::string_view url);
  // Forgets this very entry. False: it is no longer there.
  bool erase(const EntryPtr& entry);
  // Puts a validated entry in the place of `old`, as the most recent. False: `old` is no longer
  // there (making room for what is larger may be the reason), or the new one is too large; then
  // it is not kept.
  bool replace(const EntryPtr& old, EntryPtr fresh);

  // Visits each group, without a lock; `visit` returns false to stop. What comes or moves meanwhile
  // may be visited or not, or twice; what stays is visited. Returns the number of visits.
  std::size_t each(const std::function<bool(const GroupPtr&)>& visit) const;
  // The same piece by piece: some groups at a time, none at the end.
  struct Walk {
    std::size_t shard = 0;
    std::size_t left = SIZE_MAX;
  };
  bool next(Walk& walk, std::vector<GroupPtr>& out) const;
  // As `find`, but it does not count as being asked for.
  GroupPtr peek(std::string_view url, std::uint64_t hash) const;
  // How often a URL was found since it came.
  std::uint64_t hits(std::string_view url) const;
  MemoryStats stats() const;
  // The most that one URL may be charged for.
  std::uint64_t largest() const { return limit() / 8; }

  // Another bound from now on; what is beyond it goes before this returns.
  void resize(std::uint64_t bytes);

 private:
  struct Node;
  struct Shard;
  enum class Swap : std::uint8_t { Done, Changed, Refused };
  using Since = std::optional<std::uint64_t>;
  using Keep = std::function<bool(const EntryPtr&)>;

  Shard& shard(std::uint64_t hash) const;
  static std::uint64_t charge_of(const Group& group);
  GroupPtr fitting(std::string_view url, std::vector<EntryPtr> entries) const;
  Swap swap(std::uint64_t hash, const GroupPtr& old, const GroupPtr& fresh, Since since);
  Swap place(std::uint64_t hash, const GroupPtr& old, const GroupPtr& fresh, Since since);
  bool drop(std::string_view url, std::uint64_t hash, const GroupPtr& only);
  bool filter(std::string_view url, const Keep& keep);
  bool make_room(std::uint64_t hash);
  bool evict_from(Shard& shard);

  std::uint64_t limit() const { return limit_.load(std::memory_order_relaxed); }

  std::atomic<std::uint64_t> limit_;
  std::atomic<std::uint64_t> bytes_{0};  // kept, and about to be
  std::atomic<std::size_t> hand_{0};     // the shard that gives way next
  std::unique_ptr<Shard[]> shards_;
};

}  // namespace weir::store
