// SPDX-License-Identifier: Apache-2.0
//
// Blocking work off the event loop: a small pool of threads with a bounded queue, and the awaitable
// that runs one call there and comes back to the caller's own loop. For what the kernel or a
// library only offers as a blocking call (password hashing, disk). It knows nothing of what the
// work is.
//
// One Offload is shared by all workers and owned by whoever owns them. Its threads inherit the
// signal mask of the thread that constructs it. A job must not throw, must not touch a coroutine,
// and must not own what another thread may be using.
#pragma once

#include <coroutine>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>

#include "proxy/base/failure.h"
#include "proxy/net/loop.h"

namespace weir {

class Offload {
 public:
  // `threads` run jobs; `queue_limit` jobs may wait for a thread. Both at least 1.
  Offload(unsigned threads, std::size_t queue_limit);
  ~Offload();  // stops
  Offload(const Offload&) = delete;
  Offload& operator=(const Offload&) = delete;

  // Any thread. Failure::None: `job` will run exactly once, on a thread of the pool. Overloaded:
  // the queue is full; ShuttingDown: stop() has begun. Then `job` never runs. Allocates; never
  // blocks for longer than it takes to queue.
  Failure submit(std::function<void()> job);

  // Refuses new jobs, waits until those accepted have run. Afterwards no call is under way, though
  // its resumption may still lie in the letter box of its loop: stop the pool before the loops are
  // destroyed, and turn each loop once more. Only the owner calls this; repeating it is harmless.
  void stop();

  // Any thread: true once stop() has begun, so that a job may cut its work short.
  bool stopping() const;

 private:
  struct Pool;
  void run(const std::function<void()>& job);

  const std::size_t queue_limit_;
  mutable std::mutex mutex_;
  std::size_t waiting_ = 0;  // guarded by mutex_: accepted and not yet begun
  bool stopping_ = false;    // guarded by mutex_
  std::unique_ptr<Pool> pool_;
};

// One call: a named local variable of the coroutine that awaits it, once.
//
//   OffloadCall call(offload, loop, std::move(work));
//   const Failure failed = co_await call;
//
// None: `work` has run, and whatever it wrote is visible here. Overloaded: refused, without
// suspending. ShuttingDown: the pool stops; `work` has not run. In every case the coroutine goes
// on, on its own loop's thread; while it is suspended it must not be destroyed.
class OffloadCall {
 public:
  OffloadCall(Offload& offload, Loop& loop, std::function<void()> work);
  OffloadCall(const OffloadCall&) = delete;
  OffloadCall& operator=(const OffloadCall&) = delete;

  bool await_ready() const noexcept { return false; }
  bool await_suspend(std::coroutine_handle<> waiter);
  Failure await_resume() const noexcept { return outcome_; }

 private:
  void run_and_post(std::coroutine_handle<> waiter);

  Offload& offload_;
  Loop& loop_;
  std::function<void()> work_;
  Failure outcome_ = Failure::None;
};

}  // namespace weir
