// SPDX-License-Identifier: Apache-2.0
//
// See wheel.h. Invariants: a filed node is in slot filed_tick_ % kSlots; filed_tick_ is never later
// than the tick its time needs; `used_` has a bit for every slot that is not empty. A node whose
// time lies beyond one turn of the wheel is filed at the last slot of the turn and moved on from
// there.
#include "proxy/net/wheel.h"

#include <algorithm>
#include <bit>

namespace weir {

void Deadline::set(Wheel& wheel, Instant at) {
  at_ = at;
  // Round up: a deadline never fires early.
  const std::int64_t want = (at.us + Wheel::kTick - 1) / Wheel::kTick;
  if (wheel_ != nullptr) {
    if (filed_tick_ <= want) {
      return;  // will be met too early, and filed again then
    }
    unfile();
  }
  wheel.file(*this, want);
}

void Deadline::unfile() {
  if (wheel_ == nullptr) {
    return;
  }
  if (wheel_->visiting_ == this) {
    wheel_->visiting_ = next_;
  }
  const auto slot = static_cast<std::size_t>(filed_tick_ % Wheel::kSlots);
  if (prev_ != nullptr) {
    prev_->next_ = next_;
  } else {
    wheel_->slots_[slot].first = next_;
    if (next_ == nullptr) {
      wheel_->used_[slot / 64] &= ~(std::uint64_t{1} << (slot % 64));
    }
  }
  if (next_ != nullptr) {
    next_->prev_ = prev_;
  }
  prev_ = next_ = nullptr;
  wheel_ = nullptr;
}

void Wheel::file(Deadline& d, std::int64_t tick) {
  d.filed_tick_ = std::clamp(tick, tick_ + 1, tick_ + kSlots - 1);
  const auto slot = static_cast<std::size_t>(d.filed_tick_ % kSlots);
  d.wheel_ = this;
  d.prev_ = nullptr;
  d.next_ = slots_[slot].first;
  if (d.next_ != nullptr) {
    d.next_->prev_ = &d;
  }
  slots_[slot].first = &d;
  used_[slot / 64] |= std::uint64_t{1} << (slot % 64);
}

void Wheel::visit(std::int64_t tick, Instant now) {
  visiting_ = slots_[static_cast<std::size_t>(tick % kSlots)].first;
  while (visiting_ != nullptr) {
    Deadline& d = *visiting_;
    d.unfile();  // moves visiting_ on
    if (!d.at_.set()) {
      continue;
    }
    if (d.at_ > now) {
      file(d, (d.at_.us + kTick - 1) / kTick);
      continue;
    }
    d.at_ = Instant{};
    d.due();
  }
}

void Wheel::tick(Instant now) {
  const std::int64_t target = now.us / kTick;
  if (target - tick_ > kSlots) {
    tick_ = target - kSlots;  // we slept for more than a turn: one round visits every slot
  }
  while (tick_ < target) {
    ++tick_;
    const auto slot = static_cast<std::size_t>(tick_ % kSlots);
    if ((used_[slot / 64] >> (slot % 64) & 1) != 0) {
      visit(tick_, now);
    }
  }
}

Micros Wheel::until_next(Instant now) const {
  const auto start = static_cast<std::size_t>((tick_ + 1) % kSlots);
  for (std::size_t step = 0; step <= used_.size(); ++step) {
    const std::size_t word = (start / 64 + step) % used_.size();
    std::uint64_t bits = used_[word];
    if (step == 0) {
      bits &= ~std::uint64_t{0} << (start % 64);
    }
    if (bits != 0) {
      const auto slot = word * 64 + static_cast<std::size_t>(std::countr_zero(bits));
      const auto ahead = static_cast<std::int64_t>((slot + kSlots - start) % kSlots);
      return std::max<Micros>(0, (tick_ + 1 + ahead) * kTick - now.us);
    }
  }
  return -1;
}

}  // namespace weir
