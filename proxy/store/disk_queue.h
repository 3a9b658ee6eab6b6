// SPDX-License-Identifier: Apache-2.0
//
// The disk thread and the jobs that wait for it, in order. Bytes that jobs hold back are counted
// and bounded; between jobs, and while there are none, the thread does what its owner gives it to
// do in the background, a step at a time. It knows nothing of what the work is.
//
// Shared by the tier and the large objects being written, which may outlive it.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

namespace weir::store {

class DiskQueue {
 public:
  // `most` bytes may wait.
  explicit DiskQueue(std::uint64_t most);
  ~DiskQueue();  // stops
  DiskQueue(const DiskQueue&) = delete;
  DiskQueue& operator=(const DiskQueue&) = delete;

  // Starts the thread, with all signals blocked. `before` runs before each job, and last of all;
  // `after` does a step in the background and says whether there is more.
  void start(std::function<void()> before, std::function<bool()> after);

  // Any thread: `job`, which holds so many bytes, will run. False: stopping, or too many bytes wait
  // already. A job without bytes is never refused for the latter.
  bool push(std::function<void()> job, std::uint64_t bytes = 0);
  // Any thread: has `before` run soon, though there may be no job.
  void wake();
  std::uint64_t waiting() const;

  // Refuses new jobs, runs those accepted, ends the thread. The owner, once.
  void stop();

 private:
  struct Job {
    std::function<void()> work;
    std::uint64_t bytes = 0;
  };

  void run();
  bool next(Job& job, bool background);

  const std::uint64_t most_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Job> jobs_;       // guarded by mutex_, as is the rest
  std::uint64_t waiting_ = 0;  // bytes of jobs that have not ended
  bool awake_ = false;
  bool stopping_ = false;
  std::function<void()> before_;  // the thread's
  std::function<bool()> after_;
  std::thread thread_;
};

}  // namespace weir::store
