// SPDX-License-Identifier: Apache-2.0
//
// See server_figures.h.
#include "proxy/admin/server_figures.h"

namespace weir::admin {
namespace {

template <class Label = NoLabel>
void set(Metrics& into, Gauge<Label> gauge, std::uint64_t value, Label label = {}) {
  into.set(gauge, static_cast<std::int64_t>(value), label);
}

void count_workers(Metrics& into, const ServerStatus& status) {
  std::array<std::uint64_t, LabelRows<WorkerState>::kCells> by_state{};
  for (const WorkerStatus& worker : status.workers) {
    const WorkerState state = worker.ended       ? WorkerState::Ended
                              : worker.stalled() ? WorkerState::Stalled
                                                 : WorkerState::Alive;
    ++by_state[label_index(state)];
  }
  for (std::size_t i = 0; i < by_state.size(); ++i) {
    set(into, metric::Workers, by_state[i], static_cast<WorkerState>(i));
  }
}

void count_lists(Metrics& into, const std::vector<ListStatus>& lists) {
  const std::size_t count = std::min(lists.size(), LabelRows<ListSlot>::kCells);
  for (std::size_t i = 0; i < count; ++i) {
    const ListStatus& list = lists[i];
    const auto slot = static_cast<ListSlot>(i);
    into.set(metric::ListRules, list.rules, slot);
    into.set(metric::ListChanged, list.changed.us, slot);
    into.set(metric::ListChecked, list.checked.us, slot);
    into.set(metric::ListFailing, list.failure.empty() ? 0 : 1, slot);
    into.set(metric::ListHeldBack, list.held_back.empty() ? 0 : 1, slot);
  }
}

}  // namespace

void count_server(Metrics& into, const ServerStatus& status) {
  const bool refused = status.reload.number != 0 && !status.reload.taken;
  into.set(metric::LastReload, refused ? 0 : 1);
  into.set(metric::PolicyLoaded, status.policy.since.us);
  set(into, metric::PolicyRules, status.policy.rules);
  set(into, metric::BandwidthBuckets, status.bandwidth_buckets);
  count_workers(into, status);
  count_lists(into, status.policy.lists);
}

void count_cache(Metrics& into, const store::MemoryStats& memory,
                 const std::optional<store::DiskStats>& disk) {
  set(into, metric::CacheObjects, memory.entries, CacheTier::Memory);
  set(into, metric::CacheBytes, memory.bytes, CacheTier::Memory);
  set(into, metric::CacheLimit, memory.limit, CacheTier::Memory);
  into.raise(metric::CacheEvictions, memory.evictions, CacheTier::Memory);
  if (!disk) {
    return;
  }
  set(into, metric::CacheObjects, disk->entries, CacheTier::Disk);
  set(into, metric::CacheBytes, disk->bytes, CacheTier::Disk);
  set(into, metric::CacheLimit, disk->limit, CacheTier::Disk);
  into.raise(metric::CacheEvictions, disk->evicted, CacheTier::Disk);
  set(into, metric::DiskIndex, disk->index_bytes);
  set(into, metric::DiskQueue, disk->waiting);
  into.raise(metric::DiskWritten, disk->written);
  into.raise(metric::DiskDropped, disk->dropped);
  into.raise(metric::DiskCorrupt, disk->corrupt);
  into.set(metric::DiskStart, disk->start_us);
}

SlotNames names_of(const ServerStatus& status) {
  SlotNames out;
  out.listeners = status.counted_listeners;
  for (const ListStatus& list : status.policy.lists) {
    out.lists.push_back(list.name);
  }
  return out;
}

}  // namespace weir::admin
