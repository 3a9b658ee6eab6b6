// SPDX-License-Identifier: Apache-2.0
//
// See ledger.h. A row enters the index, and leaves it by an erasure, under one mutex; that makes
// "not erased, so put" one step.
#include "proxy/store/ledger.h"

#include <utility>

namespace weir::store {

bool Ledger::may_have(std::uint64_t hash) const {
  if (waiting_.load(std::memory_order_acquire) != 0) {
    const std::lock_guard lock(mutex_);
    const auto found = queued_.find(hash);
    if (found != queued_.end() && found->second.last > found->second.erased) {
      return true;
    }
    return index_.any(hash);
  }
  return index_.any(hash);
}

std::uint64_t Ledger::announce(std::uint64_t hash) {
  const std::lock_guard lock(mutex_);
  Queued& queued = queued_[hash];
  ++queued.entries;
  queued.last = ++tickets_;
  waiting_.fetch_add(1, std::memory_order_release);
  return queued.last;
}

bool Ledger::erased(std::uint64_t hash, std::uint64_t ticket) const {
  const std::lock_guard lock(mutex_);
  const auto found = queued_.find(hash);
  return found != queued_.end() && ticket <= found->second.erased;
}

// Requires the mutex.
void Ledger::leave(std::uint64_t hash) {
  const auto found = queued_.find(hash);
  if (found != queued_.end() && --found->second.entries == 0) {
    queued_.erase(found);
  }
  waiting_.fetch_sub(1, std::memory_order_release);
}

Ledger::Settled Ledger::settle(std::uint64_t ticket, const IndexRow& row) {
  const std::lock_guard lock(mutex_);
  const auto found = queued_.find(row.hash);
  Settled out;
  out.stored = found == queued_.end() || ticket > found->second.erased;
  if (out.stored) {
    out.displaced = index_.put(row);
  }
  leave(row.hash);
  return out;
}

void Ledger::withdraw(std::uint64_t hash) {
  const std::lock_guard lock(mutex_);
  leave(hash);
}

void Ledger::forget(std::uint64_t hash) {
  const std::lock_guard lock(mutex_);
  if (const auto found = queued_.find(hash); found != queued_.end()) {
    found->second.erased = tickets_;
  }
  index_.take_all(hash, forgotten_);
  any_forgotten_.store(!forgotten_.empty(), std::memory_order_release);
}

void Ledger::forget(std::uint64_t hash, std::uint32_t variant) {
  const std::lock_guard lock(mutex_);
  if (const auto found = queued_.find(hash); found != queued_.end()) {
    found->second.erased = tickets_;  // of all variants: rather too many than one out of date
  }
  if (const auto row = index_.take(hash, variant)) {
    forgotten_.push_back(*row);
    any_forgotten_.store(true, std::memory_order_release);
  }
}

std::vector<IndexRow> Ledger::take_forgotten() {
  if (!any_forgotten_.load(std::memory_order_acquire)) {
    return {};
  }
  const std::lock_guard lock(mutex_);
  any_forgotten_.store(false, std::memory_order_relaxed);
  return std::exchange(forgotten_, {});
}

}  // namespace weir::store
