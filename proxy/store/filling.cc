// SPDX-License-Identifier: Apache-2.0
//
// See filling.h. The writer fills the free end of the last block without the lock, because nobody
// looks beyond what has been published; publishing, dropping and reading go through the lock.
#include "proxy/store/filling.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "proxy/store/disk_tier.h"

namespace weir::store {
namespace {

constexpr std::size_t kFirstBlock = 16 * 1024;
constexpr std::size_t kLargestBlock = 256 * 1024;
constexpr std::size_t kWorthTrimming = 4 * 1024;

}  // namespace

Filling::Filling(Plan plan) : plan_(std::move(plan)) {
  if (plan_.length && *plan_.length > plan_.keep_most) {
    outgrow_memory();
  }
}

Filling::~Filling() {
  discharge(charged_);
  if (large_ && !ended_) {
    large_->abandon();
  }
}

// Too much for memory: to the disk from here on, or nowhere. The constructor's caller or the lock.
void Filling::outgrow_memory() {
  const std::uint64_t expected = plan_.length.value_or(0);
  if (plan_.begin_large && expected <= plan_.large_most) {
    large_ = plan_.begin_large(expected);
  }
  passing_ = large_ == nullptr;
}

void Filling::charge(std::uint64_t bytes) {
  charged_ += bytes;
  if (plan_.budget != nullptr) {
    plan_.budget->used.fetch_add(bytes, std::memory_order_relaxed);
  }
}

void Filling::discharge(std::uint64_t bytes) {
  charged_ -= bytes;
  if (plan_.budget != nullptr) {
    plan_.budget->used.fetch_sub(bytes, std::memory_order_relaxed);
  }
}

std::span<char> Filling::space() {
  const std::lock_guard lock(mutex_);
  if (blocks_.empty() || blocks_.back()->filled == blocks_.back()->capacity) {
    std::size_t room = kFirstBlock;
    if (plan_.length && *plan_.length > size_) {
      room =
          static_cast<std::size_t>(std::min<std::uint64_t>(*plan_.length - size_, kLargestBlock));
    } else if (!blocks_.empty()) {
      room = std::min(2 * blocks_.back()->capacity, kLargestBlock);
    }
    blocks_.push_back(std::make_shared<Block>(room));
    charge(room);
  }
  Block& last = *blocks_.back();
  return {last.bytes.get() + last.filled, last.capacity - last.filled};
}

void Filling::grew(std::size_t n) {
  std::vector<std::shared_ptr<Knock>> to_ring;
  {
    const std::lock_guard lock(mutex_);
    blocks_.back()->filled += n;
    size_ += n;
    if (size_ > plan_.keep_most && !large_ && !passing_) {
      outgrow_memory();
    }
    if (plan_.budget != nullptr && !large_ &&
        plan_.budget->used.load(std::memory_order_relaxed) >
            plan_.budget->limit.load(std::memory_order_relaxed)) {
      passing_ = true;
    }
    if (large_ && (size_ > plan_.large_most || large_->failed())) {
      large_->abandon();
      // What lies in the file only can still be read from it.
      passing_ = true;
    }
    drop_passed();
    to_ring.swap(waiting_);
  }
  ring_all(to_ring);
}

void Filling::ring_all(std::vector<std::shared_ptr<Knock>>& to_ring) {
  for (const auto& knock : to_ring) {
    Knock::ring(knock);
  }
}

// Hands full blocks to the disk and drops what nobody needs in memory any more.
void Filling::drop_passed() {
  std::uint64_t keep_from = UINT64_MAX;
  if (large_ && !passing_) {
    std::uint64_t at = dropped_;
    for (const BlockPtr& block : blocks_) {
      if (at >= given_large_ && block->filled == block->capacity) {
        large_->append(block);
        given_large_ = at + block->filled;
      }
      at += block->filled;
    }
    keep_from = large_->written();
  } else if (passing_) {
    for (const Place* place : places_) {
      keep_from = std::min(keep_from, place->at);
    }
    keep_from = std::min(keep_from, size_);
  } else {
    return;
  }
  while (blocks_.size() > 1 && dropped_ + blocks_.front()->filled <= keep_from) {
    dropped_ += blocks_.front()->filled;
    discharge(blocks_.front()->capacity);
    blocks_.erase(blocks_.begin());
  }
}

bool Filling::has_room(const std::shared_ptr<Knock>& knock) {
  const std::lock_guard lock(mutex_);
  if (large_ && !passing_) {
    return large_->waiting() <= plan_.window;
  }
  if (!passing_ || size_ - dropped_ <= plan_.window) {
    return true;
  }
  writer_ = knock;
  return false;
}

void Filling::end(std::function<void(std::shared_ptr<const Body>)> kept) {
  std::vector<std::shared_ptr<Knock>> to_ring;
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
    if (large_ && !passing_) {
      if (!blocks_.empty() && given_large_ < size_) {
        large_->append(blocks_.back());
        given_large_ = size_;
      }
      large_->finish(std::move(kept));
    } else if (!passing_) {
      if (!blocks_.empty() && blocks_.back()->capacity - blocks_.back()->filled > kWorthTrimming) {
        const BlockPtr& last = blocks_.back();
        auto exact = std::make_shared<Block>(last->filled);
        std::memcpy(exact->bytes.get(), last->bytes.get(), last->filled);
        exact->filled = last->filled;
        discharge(last->capacity - exact->capacity);
        blocks_.back() = std::move(exact);
      }
      if (!blocks_.empty() && blocks_.back()->filled == 0) {
        blocks_.pop_back();
      }
      body_ = std::make_shared<const Body>(blocks_);
    }
    to_ring.swap(waiting_);
  }
  ring_all(to_ring);
}

void Filling::fail(Failure why) {
  std::vector<std::shared_ptr<Knock>> to_ring;
  {
    const std::lock_guard lock(mutex_);
    if (ended_ || why_ != Failure::None) {
      return;
    }
    why_ = why;
    if (large_) {
      large_->abandon();
    }
    passing_ = true;
    to_ring.swap(waiting_);
  }
  ring_all(to_ring);
}

std::shared_ptr<const Body> Filling::body() const {
  const std::lock_guard lock(mutex_);
  return body_;
}

bool Filling::give_up() {
  const std::lock_guard lock(mutex_);
  if (!places_.empty()) {
    return false;
  }
  passing_ = given_up_ = true;
  return true;
}

bool Filling::joinable() const {
  const std::lock_guard lock(mutex_);
  return !passing_ && why_ == Failure::None;
}

std::uint64_t Filling::size() const {
  const std::lock_guard lock(mutex_);
  return size_;
}

std::optional<std::uint64_t> Filling::final_size() const {
  const std::lock_guard lock(mutex_);
  return ended_ ? std::optional(size_) : std::nullopt;
}

bool Filling::over() const {
  const std::lock_guard lock(mutex_);
  return ended_ || why_ != Failure::None;
}

unsigned Filling::followers() const {
  const std::lock_guard lock(mutex_);
  return static_cast<unsigned>(places_.size());
}

void Filling::when_left(std::function<void()> tell) {
  const std::lock_guard lock(mutex_);
  left_ = std::move(tell);
}

Part Filling::part_at(std::uint64_t at, const std::shared_ptr<Knock>& knock) {
  const std::lock_guard lock(mutex_);
  Part part;
  if (at < dropped_ && large_ == nullptr) {
    part.what = Part::What::Failed;
    part.why = why_ == Failure::None ? Failure::StoredUnreadable : why_;
    return part;
  }
  if (at < dropped_) {
    part.what = Part::What::File;
    part.fd = large_->fd();
    part.at = at;
    part.length = dropped_ - at;
    return part;
  }
  std::uint64_t start = dropped_;
  for (const BlockPtr& block : blocks_) {
    if (at < start + block->filled) {
      part.what = Part::What::Bytes;
      part.bytes = block->text().substr(static_cast<std::size_t>(at - start));
      part.keep = block;
      return part;
    }
    start += block->filled;
  }
  if (why_ != Failure::None) {
    part.what = Part::What::Failed;
    part.why = why_;
  } else if (ended_) {
    part.what = Part::What::End;
  } else {
    waiting_.push_back(knock);
  }
  return part;
}

Follower::Follower(std::shared_ptr<Filling> filling, std::uint64_t at)
    : filling_(std::move(filling)), place_{at} {
  const std::lock_guard lock(filling_->mutex_);
  filling_->places_.push_back(&place_);
}

Follower::~Follower() {
  std::shared_ptr<Knock> writer;
  {
    const std::lock_guard lock(filling_->mutex_);
    std::erase(filling_->places_, &place_);
    filling_->drop_passed();
    writer = std::move(filling_->writer_);
    if (filling_->places_.empty() && filling_->left_) {
      filling_->left_();  // under the lock, so that none is called once it was taken away
    }
  }
  if (writer) {
    Knock::ring(writer);
  }
}

bool Follower::lost() const {
  const std::lock_guard lock(filling_->mutex_);
  return filling_->given_up_ || (place_.at < filling_->dropped_ && filling_->large_ == nullptr);
}

void Follower::settle(std::uint64_t at) {
  std::shared_ptr<Knock> writer;
  {
    const std::lock_guard lock(filling_->mutex_);
    place_.at = at;
    if (filling_->passing_) {
      filling_->drop_passed();
      writer = std::move(filling_->writer_);
    }
  }
  if (writer) {
    Knock::ring(writer);
  }
}

void Follower::used(std::uint64_t n) {
  settle(place_.at + n);
}

void Follower::move_to(std::uint64_t at) {
  settle(at);
}

}  // namespace weir::store
