// SPDX-License-Identifier: Apache-2.0
//
// See inventory.h. Jobs for the disk's thread hold the tiers and not the inventory.
#include "proxy/store/inventory.h"

#include <algorithm>

#include <absl/container/flat_hash_set.h>

namespace weir::store {
namespace {

constexpr std::size_t kUrlsAtOnce = 64 * 1024;  // that are remembered before they are erased

bool covers(const Scope& scope, const Group& group) {
  return std::ranges::any_of(group.entries, [&](const EntryPtr& entry) {
    return covers(scope, group.url, entry->head.fields);
  });
}

// One purge. The disk first: what is loaded meanwhile is not kept, because erasing from memory says
// so, and erasing there first would let it come back.
class Sweep {
 public:
  Sweep(MemoryTier& memory, DiskTier* disk, Scope scope, bool dry)
      : memory_(memory), disk_(disk), scope_(std::move(scope)), dry_(dry) {}

  Purged run() {
    if (scope_.kind == Scope::Kind::Url) {
      take(scope_.text);
      return purged_;
    }
    sweep_disk();
    sweep_memory();
    if (!dry_) {
      memory_.overtake();
    }
    return purged_;
  }

 private:
  void sweep_disk() {
    std::vector<std::string> urls;
    do {
      urls.clear();
      if (disk_ != nullptr) {
        disk_->each([&](const EntryPtr& entry) {
          const bool meant = store::covers(scope_, entry->url, entry->head.fields);
          if (meant && !done_.contains(MemoryTier::hash(entry->url))) {
            urls.push_back(entry->url);
            done_.insert(MemoryTier::hash(entry->url));
          }
          return urls.size() < kUrlsAtOnce;
        });
      }
      std::ranges::for_each(urls, [this](const std::string& url) { take(url); });
    } while (urls.size() == kUrlsAtOnce);
  }
  void sweep_memory() {
    memory_.each([&](const GroupPtr& group) {
      if (covers(scope_, *group) && done_.insert(MemoryTier::hash(group->url)).second) {
        take(group->url);
      }
      return true;
    });
  }
  void take(const std::string& url) {
    const bool in_memory = memory_.peek(url, MemoryTier::hash(url)) != nullptr;
    const bool on_disk = disk_ != nullptr && disk_->may_have(url);
    purged_.urls += in_memory || on_disk ? 1 : 0;
    purged_.in_memory += in_memory ? 1 : 0;
    purged_.on_disk += on_disk ? 1 : 0;
    if (!dry_) {
      if (disk_ != nullptr) {
        disk_->erase(url);
      }
      memory_.erase(url);
    }
  }

  MemoryTier& memory_;
  DiskTier* disk_;
  Scope scope_;
  bool dry_;
  absl::flat_hash_set<std::uint64_t> done_;
  Purged purged_;
};

std::vector<Kept> kept_in(const GroupPtr& group, std::uint64_t hits) {
  std::vector<Kept> out;
  for (std::size_t n = 0; group && n < group->entries.size(); ++n) {
    out.push_back({group->entries[n], true, false, hits});
  }
  return out;
}

void add_disk(std::vector<Kept>& kept, const std::vector<EntryPtr>& loaded) {
  const auto in_memory = kept.size();
  for (const EntryPtr& entry : loaded) {
    const auto end = kept.begin() + static_cast<std::ptrdiff_t>(in_memory);
    const auto same = std::find_if(
        kept.begin(), end, [&](const Kept& each) { return each.entry->variant == entry->variant; });
    if (same == end) {
      kept.push_back({entry, false, true, 0});
    } else {
      same->on_disk = true;
    }
  }
}

}  // namespace

void Inventory::close() {
  const std::lock_guard hold(lock_);
  disk_ = nullptr;
}

std::optional<DiskStats> Inventory::disk_stats() const {
  const std::lock_guard hold(lock_);
  return disk_ != nullptr ? std::optional(disk_->stats()) : std::nullopt;
}

PendingPtr<std::vector<Kept>> Inventory::look(const std::string& key) const {
  const std::lock_guard hold(lock_);
  auto out = std::make_shared<Pending<std::vector<Kept>>>();
  auto kept = kept_in(memory_.peek(key, MemoryTier::hash(key)), memory_.hits(key));
  if (disk_ == nullptr || !disk_->may_have(key)) {
    out->set(std::move(kept));
    return out;
  }
  disk_->load(key, [out, kept](const std::vector<EntryPtr>& loaded) mutable {
    add_disk(kept, loaded);
    out->set(std::move(kept));
  });
  return out;
}

std::optional<RecentReasons::Noted> Inventory::last_reason(std::string_view key) const {
  return reasons_.last(MemoryTier::hash(key));
}

bool Inventory::list_memory(MemoryTier::Walk& walk, const Scope& scope, const Write& write) const {
  const std::lock_guard hold(lock_);
  std::vector<GroupPtr> some;
  const bool more = memory_.next(walk, some);
  for (const GroupPtr& group : some) {
    const bool on_disk = disk_ != nullptr && disk_->may_have(group->url);
    for (Kept& kept : kept_in(group, memory_.hits(group->url))) {
      kept.on_disk = on_disk;
      if (store::covers(scope, group->url, kept.entry->head.fields)) {
        write(kept);
      }
    }
  }
  return more;
}

PendingPtr<std::string> Inventory::list_disk(const Scope& scope, std::size_t most,
                                             Append append) const {
  const std::lock_guard hold(lock_);
  auto out = std::make_shared<Pending<std::string>>();
  const auto job = [out, scope, most, append = std::move(append), memory = &memory_,
                    disk = disk_]() mutable {
    std::string text;
    disk->each([&](const EntryPtr& entry) {
      const bool meant = most > 0 && store::covers(scope, entry->url, entry->head.fields) &&
                         !memory->peek(entry->url, MemoryTier::hash(entry->url));
      if (meant) {
        append({entry, false, true, 0}, text);
        --most;
      }
      return most > 0;
    });
    out->set(std::move(text));
  };
  if (disk_ == nullptr || !disk_->run(job)) {
    out->set({});
  }
  return out;
}

PendingPtr<Purged> Inventory::purge(const Scope& scope, bool dry) const {
  const std::lock_guard hold(lock_);
  auto out = std::make_shared<Pending<Purged>>();
  const auto job = [out, sweep = Sweep(memory_, disk_, scope, dry)]() mutable {
    out->set(sweep.run());
  };
  // Only what has to look at everything is worth the disk's thread; its order of jobs does not
  // matter, for erasing holds at once.
  if (disk_ == nullptr || scope.kind == Scope::Kind::Url || !disk_->run(job)) {
    out->set(Sweep(memory_, scope.kind == Scope::Kind::Url ? disk_ : nullptr, scope, dry).run());
  }
  return out;
}

}  // namespace weir::store
