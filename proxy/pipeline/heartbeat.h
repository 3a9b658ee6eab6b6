// SPDX-License-Identifier: Apache-2.0
//
// How a loop shows that it still turns: once a second it writes down the time, which any thread may
// read, and counts how late it was. What takes long in one turn makes all sessions of that worker
// wait, and shows here first.
#pragma once

#include <atomic>
#include <functional>

#include "proxy/net/loop.h"
#include "proxy/net/wheel.h"
#include "proxy/observe/metrics.h"

namespace weir {

class Heartbeat final : public Deadline {
 public:
  // `beat` is called with each: for what is told once a second.
  Heartbeat(Loop& loop, Metrics& metrics, std::function<void()> beat = nullptr)
      : loop_(loop), metrics_(metrics), beat_(std::move(beat)) {}

  // On the loop's thread: begin() when it starts turning, end() when it never will again.
  void begin() { next(); }
  void end() {
    clear();
    ended_.store(true, std::memory_order_release);
  }
  void due() override;

  // Any thread. The time of the last beat, on the monotonic clock; not set: none yet.
  Instant last() const { return Instant{last_.load(std::memory_order_acquire)}; }
  bool ended() const { return ended_.load(std::memory_order_acquire); }

 private:
  void next();

  Loop& loop_;
  Metrics& metrics_;
  std::function<void()> beat_;
  Instant expected_;
  alignas(64) std::atomic<Micros> last_{0};
  std::atomic<bool> ended_{false};
};

}  // namespace weir
