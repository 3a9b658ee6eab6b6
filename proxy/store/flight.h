// SPDX-License-Identifier: Apache-2.0
//
// One fetch per key. Whoever misses first leads; whoever comes while the leader waits for the
// origin follows, on any thread, and learns what came of it: an answer that can be shared, whose
// body is read as it arrives; an answer for the leader alone, which frees all others at once; a
// store that has changed (a validation), so that it pays to look again; or a failure.
//
// Counted. A flight's mutex is never held together with another lock.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "proxy/base/failure.h"
#include "proxy/base/instant.h"
#include "proxy/net/knock.h"
#include "proxy/store/entry.h"
#include "proxy/store/filling.h"

namespace weir::store {

enum class FlightState : std::uint8_t {
  Asking,     // the origin has not answered yet
  Answered,   // `entry` (without its body) and `filling` are there
  LookAgain,  // over: the store has something newer, or the leader left
  Alone,      // the answer is the leader's alone: everybody asks for himself
  Failed,     // the origin could not be reached or broke off
};

class Flight {
 public:
  Flight(std::string key, Instant began, unsigned attempt, std::uint64_t erasures)
      : key_(std::move(key)), began_(began), attempt_(attempt), erasures_(erasures) {}

  const std::string& key() const { return key_; }
  Instant began() const { return began_; }
  // How many flights for this key have failed one after the other before this one.
  unsigned attempt() const { return attempt_; }
  // What MemoryTier::erasures() said of the key when it began.
  std::uint64_t erasures() const { return erasures_; }

  struct News {
    FlightState state = FlightState::Asking;
    EntryPtr entry;
    std::shared_ptr<Filling> filling;
    Failure why = Failure::None;  // Failed
  };
  // What is known now. While Asking, `knock` will be rung when there is more.
  News news(const std::shared_ptr<Knock>& knock);

  FlightState state() const { return state_.load(std::memory_order_acquire); }

  // The leader, once each, in this order: answered, then over.
  void answered(EntryPtr entry, std::shared_ptr<Filling> filling);
  void over(FlightState state, Failure why = Failure::None);

  // Those who wait for the head.
  void follow() { waiting_count_.fetch_add(1, std::memory_order_relaxed); }
  void unfollow() { waiting_count_.fetch_sub(1, std::memory_order_relaxed); }
  unsigned waiting() const { return waiting_count_.load(std::memory_order_relaxed); }

 private:
  void publish(News news);

  const std::string key_;
  const Instant began_;
  const unsigned attempt_;
  const std::uint64_t erasures_;
  std::atomic<unsigned> waiting_count_{0};
  std::atomic<FlightState> state_{FlightState::Asking};
  std::mutex mutex_;
  News news_;                                    // guarded
  std::vector<std::shared_ptr<Knock>> waiting_;  // guarded
};
using FlightPtr = std::shared_ptr<Flight>;

class Flights {
 public:
  struct Seat {
    FlightPtr flight;
    bool leads = false;
  };
  // The flight for the key, or a new one that the caller leads. One that has been asking for longer
  // than `patience`, or began before the last erasure, is replaced by a new one; those who follow
  // it stay with it. (Whoever asks after a change was made must not be told what was before it.)
  Seat board(std::string_view key, std::uint64_t hash, Instant now, Micros patience,
             std::uint64_t erasures);
  // The flight for the key if its head is there and it began after the last erasure; else null.
  FlightPtr answered(std::string_view key, std::uint64_t hash, std::uint64_t erasures) const;
  // Whether there is one.
  bool under_way(std::string_view key, std::uint64_t hash) const;
  // After a failed flight: a new one that counts the failures, unless somebody was faster.
  Seat board_after(const Flight& failed, std::uint64_t hash, Instant now);
  // The flight takes nobody on any more.
  void remove(const FlightPtr& flight, std::uint64_t hash);

  // What was being fetched under that URL is out of date: nobody boards it any more.
  void forget(std::string_view url, std::uint64_t hash);
  void forget_all();

  // A key whose answers are not shared: for a while nobody waits for another there. Remembered by
  // hash in a table of fixed size; a collision costs a shared fetch, no more.
  void mark_alone(std::uint64_t hash, Instant until);
  bool alone(std::uint64_t hash, Instant now) const;

  std::size_t count() const;

 private:
  static constexpr std::size_t kShards = 16;
  static constexpr std::size_t kMarks = 8192;
  struct Shard {
    mutable std::mutex mutex;
    std::unordered_map<std::string, FlightPtr> flights;  // guarded
  };
  Shard& shard(std::uint64_t hash) { return shards_[hash % kShards]; }

  std::array<Shard, kShards> shards_;
  struct Mark {
    std::atomic<std::uint64_t> hash{0};
    std::atomic<Micros> until{0};
  };
  std::vector<Mark> marks_ = std::vector<Mark>(kMarks);
};

}  // namespace weir::store
