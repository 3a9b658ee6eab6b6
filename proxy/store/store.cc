// SPDX-License-Identifier: Apache-2.0
//
// See store.h.
#include "proxy/store/store.h"

#include <utility>

namespace weir::store {

tl::expected<void, std::string> Store::open_disk() {
  if (!limits_.disk) {
    return {};
  }
  auto opened = DiskTier::open(*limits_.disk);
  if (!opened) {
    return tl::unexpected(std::move(opened).error());
  }
  disk_ = std::move(*opened);
  return {};
}

void Store::resize(std::uint64_t bytes, std::uint64_t largest) {
  budget_.limit.store(bytes, std::memory_order_relaxed);
  memory_object_.store(largest, std::memory_order_relaxed);
  memory.resize(bytes);
}

void Store::load(std::string_view url, std::shared_ptr<Knock> knock) {
  std::string key(url);
  const std::uint64_t since = memory.erasures(MemoryTier::hash(url));
  disk_->load(key, [this, key, knock, since](std::vector<EntryPtr> entries) {
    if (!entries.empty()) {
      memory.put_group(key, std::move(entries), since);
    }
    Knock::ring(knock);
  });
}

void Store::keep(const EntryPtr& entry, std::optional<std::uint64_t> since) {
  memory.put(entry, since);
  const bool erased = since && memory.erasures(MemoryTier::hash(entry->url)) != *since;
  if (disk_ && !erased) {
    disk_->add(entry);
  }
}

void Store::update(const EntryPtr& old, const EntryPtr& fresh) {
  if (memory.replace(old, fresh) && disk_) {
    disk_->add(fresh);
  }
}

bool Store::erase(std::string_view url) {
  // The disk first: whoever loads from it meanwhile is refused by the erasure that follows.
  if (disk_) {
    disk_->erase(url);
  }
  flights.forget(url, MemoryTier::hash(url));
  return memory.erase(url);
}

void Store::erase(const EntryPtr& entry) {
  if (disk_) {
    disk_->erase(entry);
  }
  memory.erase(entry);
}

bool Store::fits(std::uint64_t length) const {
  return length <= memory_object_.load(std::memory_order_relaxed) ||
         (disk_ && length <= limits_.disk->largest);
}

Filling::Plan Store::plan(std::optional<std::uint64_t> length) {
  Filling::Plan out;
  out.length = length;
  out.keep_most = memory_object_.load(std::memory_order_relaxed);
  out.budget = &budget_;
  if (disk_) {
    out.large_most = limits_.disk->largest;
    out.begin_large = [this](std::uint64_t expected) { return disk_->begin_large(expected); };
  }
  return out;
}

}  // namespace weir::store
