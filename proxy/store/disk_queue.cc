// SPDX-License-Identifier: Apache-2.0
//
// See disk_queue.h.
#include "proxy/store/disk_queue.h"

#include <pthread.h>
#include <signal.h>

#include <utility>

namespace weir::store {

DiskQueue::DiskQueue(std::uint64_t most) : most_(most) {}

DiskQueue::~DiskQueue() {
  stop();
}

void DiskQueue::start(std::function<void()> before, std::function<bool()> after) {
  before_ = std::move(before);
  after_ = std::move(after);
  sigset_t all;
  sigset_t old;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &old);
  thread_ = std::thread([this] { run(); });
  ::pthread_sigmask(SIG_SETMASK, &old, nullptr);
}

bool DiskQueue::push(std::function<void()> job, std::uint64_t bytes) {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_ || (bytes != 0 && waiting_ + bytes > most_)) {
      return false;
    }
    waiting_ += bytes;
    jobs_.push_back({std::move(job), bytes});
  }
  changed_.notify_one();
  return true;
}

void DiskQueue::wake() {
  {
    const std::lock_guard lock(mutex_);
    awake_ = true;
  }
  changed_.notify_one();
}

std::uint64_t DiskQueue::waiting() const {
  const std::lock_guard lock(mutex_);
  return waiting_;
}

void DiskQueue::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_one();
  if (thread_.joinable()) {
    thread_.join();
  }
}

// The next job, perhaps an empty one: to see to the background, or because somebody woke the
// thread. False: the end.
bool DiskQueue::next(Job& job, bool background) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return background || awake_ || stopping_ || !jobs_.empty(); });
  awake_ = false;
  if (jobs_.empty()) {
    return !stopping_;
  }
  job = std::move(jobs_.front());
  jobs_.pop_front();
  return true;
}

void DiskQueue::run() {
  bool background = true;
  for (Job job; next(job, background); job = {}) {
    before_();
    if (job.work) {
      job.work();
      job.work = nullptr;  // what it holds goes before its bytes are free again
      const std::lock_guard lock(mutex_);
      waiting_ -= job.bytes;
    }
    background = after_();
  }
  before_();
}

}  // namespace weir::store
