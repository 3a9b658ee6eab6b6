// SPDX-License-Identifier: Apache-2.0
//
// See loop.h. The batch remembers, for each ready Watch, its place; unwatch() empties that place,
// so that a Watch destroyed by an earlier one in the same batch is never called.
#include "proxy/net/loop.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "proxy/base/assert.h"

namespace weir {
namespace {

constexpr std::size_t kBatch = 256;

Micros clock_micros(clockid_t clock) {
  timespec ts{};
  ::clock_gettime(clock, &ts);
  return ts.tv_sec * kSecond + ts.tv_nsec / 1000;
}

}  // namespace

Loop::Loop()
    : epoll_(::epoll_create1(EPOLL_CLOEXEC)),
      letters_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)),
      now_{clock_micros(CLOCK_MONOTONIC)},
      wheel_(now_),
      batch_(kBatch) {
  WEIR_ASSERT(epoll_ >= 0 && letters_ >= 0);
  epoll_event ev{};
  ev.events = EPOLLIN;
  ev.data.ptr = nullptr;  // the letter box is the one without a Watch
  WEIR_ASSERT(::epoll_ctl(epoll_, EPOLL_CTL_ADD, letters_, &ev) == 0);
  // Both, as they change places each turn: the first who yields shall not have to allocate.
  soon_.reserve(kBatch);
  running_.reserve(kBatch);
  read_clocks();
}

Loop::~Loop() {
  ::close(letters_);
  ::close(epoll_);
}

Instant Loop::clock() {
  return Instant{clock_micros(CLOCK_MONOTONIC)};
}

void Loop::read_clocks() {
  now_ = clock();
  if (now_ - wall_checked_ >= kSecond) {
    wall_offset_ = clock_micros(CLOCK_REALTIME) - now_.us;
    wall_checked_ = now_;
  }
}

bool Loop::watch(int fd, Watch& w, std::uint32_t events) {
  epoll_event ev{};
  ev.events = events | EPOLLET;
  ev.data.ptr = &w;
  return ::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &ev) == 0;
}

bool Loop::take_over(int fd, Watch& w, std::uint32_t events) {
  epoll_event ev{};
  ev.events = events | EPOLLET;
  ev.data.ptr = &w;
  return ::epoll_ctl(epoll_, EPOLL_CTL_MOD, fd, &ev) == 0;
}

bool Loop::watch_level(int fd, Watch& w, std::uint32_t events) {
  epoll_event ev{};
  ev.events = events;
  ev.data.ptr = &w;
  return ::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &ev) == 0 ||
         (errno == EEXIST && ::epoll_ctl(epoll_, EPOLL_CTL_MOD, fd, &ev) == 0);
}

void Loop::unwatch(int fd, Watch& w) {
  epoll_event ev{};
  ::epoll_ctl(epoll_, EPOLL_CTL_DEL, fd, &ev);
  forget(w);
}

void Loop::forget(Watch& w) {
  if (w.batch_place_ >= 0) {
    batch_[static_cast<std::size_t>(w.batch_place_)].data.ptr = nullptr;
    w.batch_place_ = -1;
  }
}

int Loop::wait_millis(Micros most) const {
  if (!soon_.empty()) {
    return 0;
  }
  Micros wait = wheel_.until_next(now_);
  if (wait < 0 || (most >= 0 && most < wait)) {
    wait = most;
  }
  // Round up, or a deadline a few microseconds away would spin.
  return wait < 0 ? -1 : static_cast<int>(std::min<Micros>((wait + 999) / 1000, 60'000));
}

void Loop::turn(Micros most) {
  const int n =
      ::epoll_wait(epoll_, batch_.data(), static_cast<int>(batch_.size()), wait_millis(most));
  read_clocks();
  batch_size_ = std::max(n, 0);
  bool letters = false;
  for (int i = 0; i < batch_size_; ++i) {
    const auto& ev = batch_[static_cast<std::size_t>(i)];
    auto* w = static_cast<Watch*>(ev.data.ptr);
    if (w == nullptr) {
      letters = true;
      continue;
    }
    w->batch_place_ = i;
    w->note(ev.events);
  }
  for (int i = 0; i < batch_size_; ++i) {
    auto* w = static_cast<Watch*>(batch_[static_cast<std::size_t>(i)].data.ptr);
    if (w != nullptr) {
      w->batch_place_ = -1;
      w->act();
    }
  }
  batch_size_ = 0;
  wheel_.tick(now_);
  if (letters) {
    run_posted();
  }
  run_soon();
}

void Loop::run_soon() {
  // Only those that were waiting when we began: whoever yields again waits for the next turn.
  running_.swap(soon_);
  for (const auto waiter : running_) {
    waiter.resume();
  }
  running_.clear();
}

void Loop::run() {
  while (!stop_.load(std::memory_order_acquire)) {
    turn(-1);
  }
}

void Loop::stop() {
  stop_.store(true, std::memory_order_release);
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto n = ::write(letters_, &one, sizeof one);
}

void Loop::post(std::function<void()> job) {
  {
    const std::lock_guard lock(mutex_);
    posted_.push_back(std::move(job));
  }
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto n = ::write(letters_, &one, sizeof one);
}

void Loop::run_posted() {
  std::uint64_t count = 0;
  [[maybe_unused]] const auto n = ::read(letters_, &count, sizeof count);
  std::vector<std::function<void()>> jobs;
  {
    const std::lock_guard lock(mutex_);
    jobs.swap(posted_);
  }
  for (auto& job : jobs) {
    job();
  }
}

}  // namespace weir
