// SPDX-License-Identifier: Apache-2.0
//
// See large_object.h. What it is lies in a State that the queued jobs share: all of it the disk
// thread's, but for the numbers that others look at.
#include "proxy/store/large_object.h"

#include <atomic>
#include <utility>

#include "proxy/store/disk_queue.h"
#include "proxy/store/disk_store.h"
#include "proxy/store/file_io.h"
#include "proxy/store/record.h"

namespace weir::store {

struct LargeObject::State {
  State(DiskStore& in, std::shared_ptr<DiskQueue> by) : store(in), queue(std::move(by)) {}

  DiskStore& store;  // lives while jobs run
  std::shared_ptr<DiskQueue> queue;
  std::atomic<std::uint64_t> waiting{0};
  std::atomic<std::uint64_t> written{0};
  std::atomic<bool> failed{false};
  std::atomic<int> fd{-1};
  bool ended = false;  // finished or abandoned: the caller's
  std::shared_ptr<const StoreFile> file;
  Sums sums;

  void write(const Block& block);
  bool write_block(const Block& block);
  void drop();
  std::shared_ptr<const Body> body();
};

void LargeObject::State::write(const Block& block) {
  if (!failed.load(std::memory_order_relaxed) && !write_block(block)) {
    failed.store(true, std::memory_order_release);
    store.count_dropped();
    drop();
  }
  waiting.fetch_sub(block.filled, std::memory_order_relaxed);
}

bool LargeObject::State::write_block(const Block& block) {
  const std::uint64_t at = written.load(std::memory_order_relaxed);
  if (store.pausing() || block.filled > store.limits().largest - at ||
      !store.make_room(block.filled)) {
    return false;
  }
  if (!file) {
    file = store.larges().create();
    if (!file) {
      store.refused("begin a large object");
      return false;
    }
    fd.store(file->fd(), std::memory_order_relaxed);
  }
  if (!write_whole(file->fd(), at, block.text())) {
    store.refused("write a large object");
    return false;
  }
  sums.add(block.text());
  store.larges().grown(file->large(), block.filled);
  written.store(at + block.filled, std::memory_order_release);
  return true;
}

// Its name goes at once. The file stays open: others may be reading what has been written.
void LargeObject::State::drop() {
  if (file) {
    store.larges().remove(file->large());
  }
}

std::shared_ptr<const Body> LargeObject::State::body() {
  const std::uint64_t size = written.load(std::memory_order_relaxed);
  if (failed.load(std::memory_order_relaxed) || !file) {
    return nullptr;
  }
  return std::make_shared<const Body>(std::make_shared<Extent>(file, 0, size, sums.take()));
}

LargeObject::LargeObject(DiskStore& store, std::shared_ptr<DiskQueue> queue)
    : state_(std::make_shared<State>(store, std::move(queue))) {}

LargeObject::~LargeObject() {
  abandon();
}

void LargeObject::append(BlockPtr block) {
  if (failed() || state_->ended) {
    return;
  }
  const std::uint64_t bytes = block->filled;
  state_->waiting.fetch_add(bytes, std::memory_order_relaxed);
  const bool queued = state_->queue->push(
      [state = state_, block = std::move(block)] { state->write(*block); }, bytes);
  if (!queued) {
    state_->waiting.fetch_sub(bytes, std::memory_order_relaxed);
    state_->failed.store(true, std::memory_order_release);
    abandon();
  }
}

std::uint64_t LargeObject::waiting() const {
  return state_->waiting.load(std::memory_order_relaxed);
}

std::uint64_t LargeObject::written() const {
  return state_->written.load(std::memory_order_acquire);
}

bool LargeObject::failed() const {
  return state_->failed.load(std::memory_order_acquire);
}

int LargeObject::fd() const {
  return state_->fd.load(std::memory_order_relaxed);
}

void LargeObject::finish(std::function<void(std::shared_ptr<const Body>)> keep) {
  if (std::exchange(state_->ended, true)) {
    keep(nullptr);
    return;
  }
  const auto shared = std::make_shared<decltype(keep)>(std::move(keep));
  if (!state_->queue->push([state = state_, shared] { (*shared)(state->body()); })) {
    (*shared)(nullptr);
  }
}

void LargeObject::abandon() {
  if (!std::exchange(state_->ended, true)) {
    state_->queue->push([state = state_] {
      state->failed.store(true, std::memory_order_release);
      state->drop();
    });
  }
}

}  // namespace weir::store
