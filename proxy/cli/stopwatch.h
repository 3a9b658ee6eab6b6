// SPDX-License-Identifier: Apache-2.0
//
// How long decisions took, and what the process used for it: the figures of `weir check`. The cost
// of reading the clock is measured once and taken off. A distribution is kept in buckets of 1.6 %
// width, so that a million decisions need no more memory than one.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

namespace weir::cli {

using Nanos = std::int64_t;

// Monotonic. The thread's CPU clock would be truer but costs a system call, a third of a decision:
// see CpuBound.
Nanos now_ns();
// CPU time of this thread.
Nanos thread_cpu_ns();
// CPU time of the whole process, all threads.
Nanos cpu_ns();
// The least that two readings of now_ns() lie apart.
Nanos clock_cost_ns();

// Resident memory of this process, in bytes; 0 when the kernel does not tell.
std::uint64_t resident_bytes();

// Takes the time out of a length in which the thread did not run. Every few lengths it notes the
// thread's CPU time; none can have taken more CPU than has passed since. What comes out is never
// less than the CPU time.
class CpuBound {
 public:
  // Before a length begins.
  void mark() {
    if (marks_++ % kEvery == 0) {
      noted_ = thread_cpu_ns();
    }
  }
  // After it has ended.
  Nanos bounded(Nanos length) const {
    return length < kDoubtful ? length : std::min(length, thread_cpu_ns() - noted_);
  }

 private:
  static constexpr Nanos kDoubtful = 50'000;
  static constexpr std::uint32_t kEvery = 8;
  std::uint32_t marks_ = 0;
  Nanos noted_ = 0;
};

class Durations {
 public:
  void add(Nanos length);
  std::uint64_t count() const { return count_; }
  double mean_us() const;
  // The time that `share` (0 to 1) of them do not exceed.
  double percentile_us(double share) const;

 private:
  static constexpr unsigned kFineBits = 6;
  static constexpr std::size_t kBuckets = std::size_t{40} << kFineBits;
  static std::size_t bucket_of(std::uint64_t length);
  static double upper_end(std::size_t bucket);

  std::uint64_t count_ = 0;
  Nanos sum_ = 0;
  std::array<std::uint32_t, kBuckets> buckets_{};
};

}  // namespace weir::cli
