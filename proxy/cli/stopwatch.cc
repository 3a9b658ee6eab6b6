// SPDX-License-Identifier: Apache-2.0
//
// See stopwatch.h. Lengths below 64 ns have a bucket each; above, every power of two has 64.
#include "proxy/cli/stopwatch.h"

#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cstdio>
#include <ctime>

namespace weir::cli {
namespace {

Nanos read_clock(clockid_t clock) {
  timespec now{};
  ::clock_gettime(clock, &now);
  return Nanos{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

}  // namespace

Nanos now_ns() {
  return read_clock(CLOCK_MONOTONIC);
}

Nanos thread_cpu_ns() {
  return read_clock(CLOCK_THREAD_CPUTIME_ID);
}

Nanos cpu_ns() {
  return read_clock(CLOCK_PROCESS_CPUTIME_ID);
}

Nanos clock_cost_ns() {
  Nanos least = INT64_MAX;
  for (int i = 0; i < 1000; ++i) {
    const Nanos begin = now_ns();
    least = std::min(least, now_ns() - begin);
  }
  return least;
}

std::uint64_t resident_bytes() {
  std::FILE* const file = std::fopen("/proc/self/statm", "re");
  if (file == nullptr) {
    return 0;
  }
  unsigned long all = 0;
  unsigned long resident = 0;
  const int found = std::fscanf(file, "%lu %lu", &all, &resident);
  std::fclose(file);
  return found == 2 ? std::uint64_t{resident} * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE))
                    : 0;
}

std::size_t Durations::bucket_of(std::uint64_t length) {
  const auto width = static_cast<unsigned>(std::bit_width(length));
  if (width <= kFineBits) {
    return length;
  }
  const unsigned shift = width - kFineBits - 1;
  const std::size_t row = std::size_t{shift + 1} << kFineBits;
  return std::min(row + (length >> shift) - (1U << kFineBits), kBuckets - 1);
}

double Durations::upper_end(std::size_t bucket) {
  const std::size_t row = bucket >> kFineBits;
  const std::size_t fine = bucket & ((1U << kFineBits) - 1);
  if (row == 0) {
    return static_cast<double>(fine);
  }
  const auto first = static_cast<std::uint64_t>((1U << kFineBits) + fine) << (row - 1);
  return static_cast<double>(first + (std::uint64_t{1} << (row - 1)) - 1);
}

void Durations::add(Nanos length) {
  length = std::max<Nanos>(length, 0);
  ++count_;
  sum_ += length;
  ++buckets_[bucket_of(static_cast<std::uint64_t>(length))];
}

double Durations::mean_us() const {
  return count_ == 0 ? 0 : static_cast<double>(sum_) / static_cast<double>(count_) / 1000;
}

double Durations::percentile_us(double share) const {
  const double wanted = share * static_cast<double>(count_);
  std::uint64_t below = 0;
  for (std::size_t i = 0; i < kBuckets; ++i) {
    below += buckets_[i];
    if (below != 0 && static_cast<double>(below) >= wanted) {
      return upper_end(i) / 1000;
    }
  }
  return 0;
}

}  // namespace weir::cli
