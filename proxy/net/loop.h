// SPDX-License-Identifier: Apache-2.0
//
// The event loop of one worker: edge-triggered epoll, the wheel of deadlines, and a letter box for
// other threads. Why not Asio here: its reactive sockets try every read before they wait, which
// costs one failed system call for each that succeeds (ARCHITECTURE.md, "Why the workers have their
// own loop"). It reads no bytes and knows no protocol.
//
// A turn has two passes. First every descriptor of the batch learns what has become possible, then
// those who wait are resumed. So a pooled origin connection that has turned readable is known to be
// spoilt before any request of the same turn can pick it up.
//
// One thread, except post() and stop(), which any thread may call.
#pragma once

#include <atomic>
#include <coroutine>
#include <cstdint>
#include <functional>
#include <mutex>
#include <vector>

#include "proxy/base/instant.h"
#include "proxy/net/wheel.h"

struct epoll_event;

namespace weir {

class Loop;

// Something with a descriptor. The owner keeps it alive while watched; unwatch() first, then close.
class Watch {
 public:
  Watch() = default;
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

 protected:
  ~Watch() = default;

 private:
  friend class Loop;
  // First pass: note what became possible (EPOLLIN ...). Must resume nobody.
  virtual void note(std::uint32_t events) = 0;
  // Second pass: act on it. May destroy any Watch, itself included.
  virtual void act() = 0;
  int batch_place_ = -1;
};

class Loop {
 public:
  Loop();
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  // Turns until stop(). Call on the thread that owns everything attached to this loop.
  void run();
  // One turn: waits at most `most` microseconds (-1: no limit). For tests.
  void turn(Micros most);
  // Any thread; run() returns after the present turn.
  void stop();
  // Any thread: `job` runs on the loop's thread, in order. Allocates; not for the request path.
  void post(std::function<void()> job);

  // Edge-triggered interest in `events` for the life of the descriptor. False on failure (errno).
  bool watch(int fd, Watch& w, std::uint32_t events);
  // The same for a descriptor that is watched already: from now on by `w`.
  bool take_over(int fd, Watch& w, std::uint32_t events);
  // The same for level-triggered interest; calling again changes the events.
  bool watch_level(int fd, Watch& w, std::uint32_t events);
  void unwatch(int fd, Watch& w);
  // The descriptor is about to be closed, which ends the interest by itself: one system call less
  // than unwatch(). Only for descriptors that no other process shares.
  void forget(Watch& w);

  // Resumes `waiter` later in this turn or at the start of the next, never before returning.
  void resume_soon(std::coroutine_handle<> waiter) { soon_.push_back(waiter); }

  // Reads the clock, for what must be measured within a turn.
  static Instant clock();
  // The time at the start of this turn.
  Instant now() const { return now_; }
  WallTime wall() const { return WallTime{now_.us + wall_offset_}; }
  Wheel& wheel() { return wheel_; }

  // co_await loop.yield(): lets everyone else have a turn first.
  class Yield {
   public:
    explicit Yield(Loop& loop) : loop_(loop) {}
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> h) { loop_.resume_soon(h); }
    void await_resume() const noexcept {}

   private:
    Loop& loop_;
  };
  Yield yield() { return Yield(*this); }

 private:
  void read_clocks();
  void run_posted();
  void run_soon();
  int wait_millis(Micros most) const;

  int epoll_ = -1;
  int letters_ = -1;  // eventfd
  Instant now_;
  Micros wall_offset_ = 0;
  Instant wall_checked_;
  Wheel wheel_;
  std::vector<epoll_event> batch_;
  int batch_size_ = 0;
  std::vector<std::coroutine_handle<>> soon_;
  std::vector<std::coroutine_handle<>> running_;
  std::atomic<bool> stop_{false};
  std::mutex mutex_;
  std::vector<std::function<void()>> posted_;  // guarded by mutex_
};

}  // namespace weir
