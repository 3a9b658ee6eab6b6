// SPDX-License-Identifier: Apache-2.0
//
// See service.h.
#include "proxy/net/service.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sysexits.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <initializer_list>
#include <utility>

#include "proxy/base/diag.h"

namespace weir {
namespace {

sigset_t set_of(std::initializer_list<int> signals) {
  sigset_t set{};
  sigemptyset(&set);
  for (const int signal : signals) {
    sigaddset(&set, signal);
  }
  return set;
}

void mask(int how) {
  const sigset_t set = set_of({SIGTERM, SIGINT, SIGHUP, SIGUSR1});
  ::pthread_sigmask(how, &set, nullptr);
}

}  // namespace

void EarlyStop::begin() {
  ended_ = ::eventfd(0, EFD_CLOEXEC);
  if (ended_ >= 0) {
    thread_ = std::thread([this] { wait(); });
  }
}

void EarlyStop::end() {
  if (thread_.joinable()) {
    ::eventfd_write(ended_, 1);
    thread_.join();
    ::close(std::exchange(ended_, -1));
  }
}

void EarlyStop::take_along(std::function<void()> removal) {
  const std::lock_guard lock(mutex_);
  removals_.push_back(std::move(removal));
}

// The main thread is in the middle of something and cannot be asked to stop it: what it has begun
// goes with the process, as it would by kill -9.
void EarlyStop::wait() {
  const sigset_t stops = set_of({SIGTERM, SIGINT});
  const int signals = ::signalfd(-1, &stops, SFD_CLOEXEC);
  std::array<pollfd, 2> waits{{{ended_, POLLIN, 0}, {signals, POLLIN, 0}}};
  while (signals >= 0 && ::poll(waits.data(), waits.size(), -1) <= 0) {
  }
  if (signals < 0 || waits[0].revents != 0) {
    ::close(signals);
    return;  // a signal that came with it is still there
  }
  diag(Level::Info, "stopped before it was ready");
  const std::lock_guard lock(mutex_);
  for (const auto& remove : removals_) {
    remove();
  }
  std::_Exit(EX_OK);
}

void hold_signals() {
  mask(SIG_BLOCK);
}

void heed_signals() {
  mask(SIG_UNBLOCK);
}

}  // namespace weir
