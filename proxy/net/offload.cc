// SPDX-License-Identifier: Apache-2.0
//
// See offload.h. The threads are Asio's; the bound on the queue is ours. A job counts as waiting
// from submit() until a thread takes it up, so the pool holds at most threads + queue_limit jobs.
// The mutex makes "not stopping, so post" one step: a job posted after join() would never run, and
// its coroutine would wait for ever.
#include "proxy/net/offload.h"

#if defined(__SANITIZE_THREAD__)
#pragma GCC diagnostic ignored "-Wtsan"  // Asio's fences only repeat what its queue's mutex orders
#endif
#include <asio/post.hpp>
#include <asio/thread_pool.hpp>
#include <utility>

#include "proxy/base/assert.h"

namespace weir {

struct Offload::Pool {
  explicit Pool(unsigned count) : threads(count) {}
  asio::thread_pool threads;
};

Offload::Offload(unsigned threads, std::size_t queue_limit)
    : queue_limit_(queue_limit), pool_(std::make_unique<Pool>(threads)) {
  WEIR_ASSERT(threads >= 1 && queue_limit >= 1);
}

Offload::~Offload() {
  stop();
}

Failure Offload::submit(std::function<void()> job) {
  const std::lock_guard lock(mutex_);
  if (stopping_) {
    return Failure::ShuttingDown;
  }
  if (waiting_ >= queue_limit_) {
    return Failure::Overloaded;
  }
  ++waiting_;
  asio::post(pool_->threads, [this, work = std::move(job)] { run(work); });
  return Failure::None;
}

void Offload::run(const std::function<void()>& job) {
  {
    const std::lock_guard lock(mutex_);
    --waiting_;
  }
  job();
}

void Offload::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  pool_->threads.join();
}

bool Offload::stopping() const {
  const std::lock_guard lock(mutex_);
  return stopping_;
}

OffloadCall::OffloadCall(Offload& offload, Loop& loop, std::function<void()> work)
    : offload_(offload), loop_(loop), work_(std::move(work)) {}

bool OffloadCall::await_suspend(std::coroutine_handle<> waiter) {
  // Once accepted, this object belongs to a thread of the pool until the loop's letter box is read.
  // So only a refusal may be written here.
  const Failure refused = offload_.submit([this, waiter] { run_and_post(waiter); });
  if (refused == Failure::None) {
    return true;
  }
  outcome_ = refused;
  return false;
}

void OffloadCall::run_and_post(std::coroutine_handle<> waiter) {
  if (offload_.stopping()) {
    outcome_ = Failure::ShuttingDown;
  } else {
    work_();
  }
  // The letter box's lock hands everything written above to the loop's thread. After this line the
  // coroutine may have finished and taken this object with it.
  loop_.post([waiter] { waiter.resume(); });
}

}  // namespace weir
