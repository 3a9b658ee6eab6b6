// SPDX-License-Identifier: Apache-2.0
//
// Bytes per second: buckets that connections on any worker share fairly. Nobody waits in here and
// nobody is called back: a lane asks how much it may move now and, when that is nothing, when to
// ask again. The arithmetic knows no clock; the time is a parameter.
//
// How it is fair. A bucket is one number, the time at which everything handed out so far will have
// been paid for. Who wants bytes books a quantum, which moves that time on by a lap, and may use it
// from then on; the next quantum is booked behind those that others have booked meanwhile. So the
// sharers take turns, without a queue and without a lock. A lap is longer than a tick of the wheel,
// since within a lap whoever wakes first would take all.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "proxy/base/instant.h"
#include "proxy/net/name_map.h"

namespace weir {

class Metrics;

struct Limit {
  std::uint64_t rate = 0;   // bytes per second; 0 counts as 1
  std::uint64_t burst = 0;  // bytes that may go at once after a rest; 0: one second's worth
  bool operator==(const Limit&) const = default;
};

// What one limit applies to in all: a connection, a client, a group, a rule. Any thread. Starts
// full.
class Bucket {
 public:
  static constexpr Micros kLap = 20 * kMillisecond;  // the shortest
  // A burst is never less than this much time is worth, or every late wake-up would lose bytes.
  static constexpr Micros kLeastDepth = 5 * kLap;

  Bucket(const Limit& limit, Instant now) { set(limit, now.us); }
  Bucket(const Bucket&) = delete;
  Bucket& operator=(const Bucket&) = delete;

  struct Booking {
    std::uint64_t bytes = 0;
    Instant due;            // may lie in the past
    std::uint32_t age = 0;  // of the limit that it was booked under
  };
  Booking book(Instant now);
  // Bytes of a booking that are not used after all.
  void give_back(std::uint64_t bytes, std::uint32_t age);

  // Another limit from now on. What is booked and not yet due is void: book again.
  void change(const Limit& limit, Instant now);
  // Counts the changes.
  std::uint32_t age() const { return age_.load(std::memory_order_relaxed); }
  // As good as new: nothing is owed.
  bool full(Instant now) const;

 private:
  void set(const Limit& limit, Micros paid);

  std::atomic<Micros> paid_{0};  // when what is booked will have been paid for
  std::atomic<std::uint64_t> quantum_{1};
  std::atomic<Micros> lap_{kLap};           // what a quantum costs
  std::atomic<Micros> depth_{kLeastDepth};  // what a burst costs
  std::atomic<std::uint32_t> age_{0};
};

// One sharer's part of a bucket: the quantum it has booked and not used up.
class Share {
 public:
  Share() = default;
  explicit Share(std::shared_ptr<Bucket> bucket) : bucket_(std::move(bucket)) {}
  Share(Share&&) = default;
  Share& operator=(Share&& other) noexcept;
  ~Share() { give_back(); }

  // Bytes that may be used now; books when there is nothing left.
  std::uint64_t allow(Instant now);
  void spend(std::uint64_t bytes);
  Instant due() const { return booking_.due; }  // when allow() gave 0: when to ask again

 private:
  void give_back();
  std::shared_ptr<Bucket> bucket_;
  Bucket::Booking booking_;
};

// All limits that one direction of one exchange or tunnel is under. Used on its worker's thread.
class Throttle {
 public:
  static constexpr std::size_t kMost = 4;

  // Rests are counted there from now on; it outlives this.
  void count_in(Metrics& metrics) { metrics_ = &metrics; }
  // False when there are kMost already: that limit is not kept.
  bool add(std::shared_ptr<Bucket> bucket);
  bool limited() const { return count_ > 0; }
  // Forgets all limits and gives back what is booked.
  void clear();

  // How many of `want` bytes may be moved now; `want` without a limit. Tell what was moved by
  // spend(); asking costs nothing but the booking.
  std::size_t allow(Instant now, std::size_t want);
  void spend(std::size_t bytes);
  // After allow() gave 0 and before resting: when to ask again. Later than `now`, and at most a
  // second, since a limit may be changed meanwhile.
  Instant next(Instant now) const;

 private:
  std::array<Share, kMost> shares_;
  std::size_t count_ = 0;
  Metrics* metrics_ = nullptr;
};

// The buckets in use, by the rule that limits and what it counts together. Any thread.
class Bandwidth {
 public:
  static constexpr std::size_t kMost = 1 << 18;
  static constexpr std::size_t kFewest = 64;  // fewer are not worth sweeping

  // The bucket of that name, made when there is none. One with another limit is changed. Beyond
  // kMost buckets, all new ones of a rule are one.
  std::shared_ptr<Bucket> bucket(std::string_view rule, std::string_view key, const Limit& limit,
                                 Instant now);
  std::size_t size() const;

 private:
  struct Entry {
    std::shared_ptr<Bucket> bucket;
    Limit limit;
  };
  void sweep(Instant now);

  mutable std::mutex mutex_;
  // All guarded by mutex_.
  NameMap<Entry> entries_;
  std::size_t sweep_at_ = kFewest;
  Instant sweep_after_;
};

}  // namespace weir
