// SPDX-License-Identifier: Apache-2.0
//
// Deadlines in one wheel per worker. A deadline is a node inside its owner; setting it costs a
// comparison and, at most, moving a list node. Pushing a deadline further away, which is what
// nearly every read and write does, only stores the new time: the node is found too early in its
// old slot and filed again then. Cost of a tick: the slots that have come due.
//
// Used on one thread. A deadline must not outlive its wheel, and unfiles itself when destroyed.
#pragma once

#include <array>
#include <cstdint>

#include "proxy/base/instant.h"

namespace weir {

class Wheel;

class Deadline {
 public:
  Deadline() = default;
  Deadline(const Deadline&) = delete;
  Deadline& operator=(const Deadline&) = delete;

  // Called from Wheel::tick once the time has come; the deadline is unset by then and may be set
  // again or destroyed inside. Must not destroy other deadlines that are due in the same tick
  // except by unsetting them, which is always allowed.
  virtual void due() = 0;

  void set(Wheel& wheel, Instant at);
  void clear() { at_ = Instant{}; }
  // Clears it for good: it is not filed any more, so another thread may destroy it.
  void withdraw() {
    clear();
    unfile();
  }
  bool pending() const { return at_.set(); }
  Instant at() const { return at_; }

 protected:
  ~Deadline() { unfile(); }

 private:
  friend class Wheel;
  void unfile();

  Deadline* prev_ = nullptr;
  Deadline* next_ = nullptr;
  Wheel* wheel_ = nullptr;  // set while filed
  Instant at_;              // when it is due; unset: only waiting to be unfiled
  std::int64_t filed_tick_ = 0;
};

class Wheel {
 public:
  static constexpr Micros kTick = 16 * kMillisecond;
  static constexpr std::int64_t kSlots = 1024;

  explicit Wheel(Instant now) : tick_(now.us / kTick) {}
  Wheel(const Wheel&) = delete;
  Wheel& operator=(const Wheel&) = delete;

  // Fires what is due at `now`. No deadline fires early; each at most one kTick (and one loop turn)
  // late.
  void tick(Instant now);

  // How long from `now` until tick() may have work: microseconds, -1 when no deadline is filed.
  Micros until_next(Instant now) const;

 private:
  friend class Deadline;
  struct Slot {
    Deadline* first = nullptr;
  };
  void file(Deadline& d, std::int64_t tick);
  void visit(std::int64_t tick, Instant now);

  std::array<Slot, kSlots> slots_{};
  std::array<std::uint64_t, kSlots / 64> used_{};
  std::int64_t tick_;  // all ticks up to and including this one have been visited
  Deadline* visiting_ = nullptr;
};

}  // namespace weir
