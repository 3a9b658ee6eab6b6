// SPDX-License-Identifier: Apache-2.0
//
// Records on their way from one worker to the log writer: a ring of bytes with one producer and one
// consumer. Records are whole lines and become visible whole; the consumer sees plain bytes that it
// can hand to the kernel as they lie. A record that does not fit is dropped and counted: a slow
// disk must never stop a worker. LogBell wakes the consumer, and costs a system call only when it
// sleeps.
//
// push() belongs to one thread, peek() and release() to another; the counters may be read by any.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

namespace weir {

// Wakes the one thread that waits. Any thread may ring; one thread waits.
class LogBell {
 public:
  // How deep the waiting thread sleeps: who may wake it.
  enum Sleep : int {
    kAwake,      // only ring()
    kGathering,  // a ring that is half full, too
    kAsleep,     // any record
  };
  LogBell();
  ~LogBell();
  LogBell(const LogBell&) = delete;
  LogBell& operator=(const LogBell&) = delete;

  // Producer, after a record became visible. `half_full`: there is reason to hurry.
  void record_waits(bool half_full) {
    const int depth = sleep_.load(std::memory_order_seq_cst);
    if (depth == kAsleep || (depth == kGathering && half_full)) [[unlikely]] {
      wake();
    }
  }
  // Unconditionally; safe in a signal handler.
  void ring() const;

  // Consumer: says how deep it is about to sleep. Must look at its rings again after kAsleep and
  // before wait(), or a record that came in between stays unseen.
  void set_sleep(Sleep depth) { sleep_.store(depth, std::memory_order_seq_cst); }
  // Until rung, at most `most_ms` (-1: no limit), or until `writable_fd` (-1: none) takes bytes.
  void wait(int most_ms, int writable_fd = -1);

 private:
  void wake();

  std::atomic<int> sleep_{kAwake};
  int event_fd_;
};

class LogRing {
 public:
  // Rounds `capacity` up to a power of two, 4 KiB at least. `bell` outlives the ring.
  LogRing(std::size_t capacity, LogBell& bell);
  LogRing(const LogRing&) = delete;
  LogRing& operator=(const LogRing&) = delete;

  // Producer. False: it did not fit and was counted as dropped. No allocation; see LogBell for when
  // a system call is made.
  bool push(std::string_view record);

  // What is queued, oldest first, always a whole number of records: `first`, then `second` when the
  // bytes run over the end of the ring.
  struct Batch {
    std::string_view first;
    std::string_view second;
    std::size_t size() const { return first.size() + second.size(); }
    bool empty() const { return first.empty(); }
  };
  // Consumer. Good until release().
  Batch peek() const;
  // Consumer: gives the oldest `size` bytes back; at most what peek() showed. Need not be whole
  // records.
  void release(std::size_t size);

  std::size_t capacity() const { return mask_ + 1; }
  std::uint64_t dropped() const { return dropped_.load(std::memory_order_relaxed); }

 private:
  bool more_than_half(std::uint64_t head);

  static constexpr std::size_t kCacheLine = 64;

  const std::size_t mask_;
  const std::unique_ptr<char[]> bytes_;
  LogBell& bell_;
  // Positions only grow; the place in the ring is position & mask_.
  alignas(kCacheLine) std::atomic<std::uint64_t> head_{0};  // written by the producer
  std::uint64_t known_tail_ = 0;                            // the producer's last look at tail_
  std::atomic<std::uint64_t> dropped_{0};
  alignas(kCacheLine) std::atomic<std::uint64_t> tail_{0};  // written by the consumer
};

}  // namespace weir
