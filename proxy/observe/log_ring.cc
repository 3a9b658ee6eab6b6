// SPDX-License-Identifier: Apache-2.0
//
// The ring and its bell. The one subtle thing is going to sleep: the producer publishes a record
// and then looks whether the consumer sleeps; the consumer says that it sleeps and then looks for
// records. Both pairs are sequentially consistent, so at least one of them sees the other. See
// log_ring.h.
#include "proxy/observe/log_ring.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "proxy/base/assert.h"

namespace weir {
namespace {

constexpr std::size_t kLeastCapacity = 4096;

}  // namespace

LogBell::LogBell() : event_fd_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  WEIR_ASSERT(event_fd_ >= 0);
}

LogBell::~LogBell() {
  ::close(event_fd_);
}

void LogBell::ring() const {
  const std::uint64_t one = 1;
  // Fails only when the counter is full, and then the bell rings already.
  [[maybe_unused]] const auto ignored = ::write(event_fd_, &one, sizeof one);
}

void LogBell::wake() {
  // Whoever takes the flag makes the call; the others see an awake consumer.
  if (sleep_.exchange(kAwake, std::memory_order_seq_cst) != kAwake) {
    ring();
  }
}

void LogBell::wait(int most_ms, int writable_fd) {
  std::array<pollfd, 2> fds{{{event_fd_, POLLIN, 0}, {writable_fd, POLLOUT, 0}}};
  ::poll(fds.data(), writable_fd >= 0 ? 2 : 1, most_ms);
  std::uint64_t count = 0;
  [[maybe_unused]] const auto ignored = ::read(event_fd_, &count, sizeof count);
  set_sleep(kAwake);
}

LogRing::LogRing(std::size_t capacity, LogBell& bell)
    : mask_(std::bit_ceil(std::max(capacity, kLeastCapacity)) - 1),
      bytes_(std::make_unique_for_overwrite<char[]>(mask_ + 1)),
      bell_(bell) {}

bool LogRing::push(std::string_view record) {
  const std::uint64_t head = head_.load(std::memory_order_relaxed);
  if (record.size() > capacity() - (head - known_tail_)) {
    known_tail_ = tail_.load(std::memory_order_acquire);
    if (record.size() > capacity() - (head - known_tail_)) {
      dropped_.store(dropped_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
      return false;
    }
  }
  const std::size_t at = head & mask_;
  const std::size_t before_end = std::min(record.size(), capacity() - at);
  std::memcpy(bytes_.get() + at, record.data(), before_end);
  std::memcpy(bytes_.get(), record.data() + before_end, record.size() - before_end);
  head_.store(head + record.size(), std::memory_order_seq_cst);
  bell_.record_waits(more_than_half(head + record.size()));
  return true;
}

// known_tail_ only ages, so that a ring may look fuller than it is: look again before calling
// anyone.
bool LogRing::more_than_half(std::uint64_t head) {
  if (head - known_tail_ <= capacity() / 2) {
    return false;
  }
  known_tail_ = tail_.load(std::memory_order_acquire);
  return head - known_tail_ > capacity() / 2;
}

LogRing::Batch LogRing::peek() const {
  const std::uint64_t tail = tail_.load(std::memory_order_relaxed);
  const std::uint64_t head = head_.load(std::memory_order_seq_cst);
  const std::size_t size = static_cast<std::size_t>(head - tail);
  const std::size_t at = tail & mask_;
  const std::size_t before_end = std::min(size, capacity() - at);
  return {{bytes_.get() + at, before_end}, {bytes_.get(), size - before_end}};
}

void LogRing::release(std::size_t size) {
  const std::uint64_t tail = tail_.load(std::memory_order_relaxed);
  tail_.store(tail + size, std::memory_order_release);
}

}  // namespace weir
