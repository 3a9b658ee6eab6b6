// SPDX-License-Identifier: Apache-2.0
//
// The doorway for other threads: what they may know comes from the ledger, everything else is
// queued. See disk_tier.h.
#include "proxy/store/disk_tier.h"

#include <algorithm>
#include <utility>

#include "proxy/store/disk_queue.h"
#include "proxy/store/disk_store.h"

namespace weir::store {
namespace {

constexpr std::uint64_t kSmallest = 1024 * 1024;

// Bytes that the entry keeps in memory until it is written. At least 1: it counts as a write.
std::uint64_t held_by(const Entry& entry) {
  return std::max<std::uint64_t>(entry.memory(), 1);
}

}  // namespace

struct DiskTier::Impl {
  Impl(const DiskLimits& limits, Directory directory)
      : store(limits, std::move(directory)), queue(std::make_shared<DiskQueue>(limits.queue)) {}

  DiskStore store;
  std::shared_ptr<DiskQueue> queue;
};

DiskTier::DiskTier(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

DiskTier::~DiskTier() {
  close();
}

void DiskTier::close() {
  impl_->queue->stop();
  impl_->store.flush_journal();
}

tl::expected<std::unique_ptr<DiskTier>, std::string> DiskTier::open(const DiskLimits& limits) {
  if (limits.bytes < kSmallest) {
    return tl::unexpected(std::string("the cache on disk needs at least 1 MiB"));
  }
  auto directory = Directory::open(limits.directory);
  if (!directory) {
    return tl::unexpected(directory.error());
  }
  DiskLimits bounded = limits;
  bounded.largest = std::min(limits.largest, limits.bytes / 2);
  auto impl = std::make_unique<Impl>(bounded, std::move(*directory));
  DiskStore& store = impl->store;
  store.recover();
  impl->queue->start([&store] { store.settle_forgotten(); }, [&store] { return store.step(); });
  return std::unique_ptr<DiskTier>(new DiskTier(std::move(impl)));
}

bool DiskTier::may_have(std::string_view url) const {
  return impl_->store.ledger().may_have(impl_->store.hash_of(url));
}

void DiskTier::load(std::string url, std::function<void(std::vector<EntryPtr>)> done) {
  const auto shared = std::make_shared<decltype(done)>(std::move(done));
  const bool queued = impl_->queue->push(
      [&store = impl_->store, url = std::move(url), shared] { (*shared)(store.load(url)); });
  if (!queued) {
    (*shared)({});
  }
}

bool DiskTier::run(std::function<void()> job) {
  return impl_->queue->push(std::move(job));
}

void DiskTier::add(EntryPtr entry) {
  DiskStore& store = impl_->store;
  Ledger& ledger = store.ledger();
  const std::uint64_t hash = store.hash_of(entry->url);
  const std::uint32_t variant = store.variant_of(entry->variant);
  const std::uint64_t held = held_by(*entry);
  const std::uint64_t ticket = ledger.announce(hash);
  if (store.pausing() ||
      !impl_->queue->push(
          [&store, entry = std::move(entry), ticket] { store.store(*entry, ticket); }, held)) {
    ledger.withdraw(hash);
    store.count_dropped();
    ledger.forget(hash, variant);  // what it was to replace is out of date
    impl_->queue->wake();
  }
}

std::shared_ptr<LargeObject> DiskTier::begin_large(std::uint64_t expected_length) {
  DiskStore& store = impl_->store;
  if (expected_length > store.limits().largest || store.pausing()) {
    store.count_dropped();
    return nullptr;
  }
  return std::make_shared<LargeObject>(store, impl_->queue);
}

void DiskTier::erase(std::string_view url) {
  impl_->store.ledger().forget(impl_->store.hash_of(url));
  impl_->queue->wake();
}

void DiskTier::erase(const EntryPtr& entry) {
  impl_->queue->push([&store = impl_->store, entry] { store.erase(*entry); });
}

void DiskTier::each(const std::function<bool(const EntryPtr&)>& visit) {
  impl_->store.each(visit);
}

struct DiskTier::Scan {
  std::function<bool(const EntryPtr&)> visit;
  std::function<void(bool)> done;
  DiskStore::Cursor cursor;
};

void DiskTier::scan(std::function<bool(const EntryPtr&)> visit, std::function<void(bool)> done) {
  const auto all = std::make_shared<Scan>();
  all->visit = std::move(visit);
  all->done = std::move(done);
  scan_on(all);
}

void DiskTier::scan_on(const std::shared_ptr<Scan>& all) {
  const bool queued = impl_->queue->push([this, all] {
    if (!impl_->store.each(all->cursor, all->visit)) {
      all->done(false);
    } else if (all->cursor.at_end()) {
      all->done(true);
    } else {
      scan_on(all);
    }
  });
  if (!queued) {
    all->done(false);
  }
}

DiskStats DiskTier::stats() const {
  DiskStats out = impl_->store.stats();
  out.waiting = impl_->queue->waiting();
  out.limit = impl_->store.limits().bytes;
  return out;
}

}  // namespace weir::store
