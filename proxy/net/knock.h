// SPDX-License-Identifier: Apache-2.0
//
// A wait that another thread may end: one coroutine of a loop waits, anybody rings. A ring that
// comes while nobody waits is kept for the next wait; several count as one.
//
// Counted, because a ring may be on its way when the waiter has lost interest. Not for the warm
// path: a ring allocates.
#pragma once

#include <atomic>
#include <coroutine>
#include <memory>

#include "proxy/net/loop.h"
#include "proxy/net/stream.h"

namespace weir {

class Knock final : public StreamKeeper, private Deadline {
 public:
  explicit Knock(Loop& loop) : loop_(loop) {}

  // Any thread.
  static void ring(const std::shared_ptr<Knock>& knock);

  // co_await knock->wait(until): true when rung, false when `until` has passed. Only on the loop's
  // thread, one at a time; whoever waits holds a count.
  class Wait {
   public:
    Wait(Knock& knock, Instant until) : knock_(knock), until_(until) {}
    bool await_ready() const noexcept { return knock_.rung_.load(std::memory_order_acquire); }
    void await_suspend(std::coroutine_handle<> waiter);
    bool await_resume() noexcept { return knock_.rung_.exchange(false, std::memory_order_acq_rel); }

   private:
    Knock& knock_;
    Instant until_;
  };
  Wait wait(Instant until) { return {*this, until}; }

  // Rings as well when `client` breaks, until unkeep(): nobody is left to wait for.
  void heed(Stream& client);

 private:
  void due() override;
  void stirred(Stream& stream) override;
  void wake();

  Loop& loop_;
  std::atomic<bool> rung_{false};
  std::coroutine_handle<> waiter_;
};

}  // namespace weir
