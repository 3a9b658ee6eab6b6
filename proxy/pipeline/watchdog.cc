// SPDX-License-Identifier: Apache-2.0
//
// See watchdog.h.
#include "proxy/pipeline/watchdog.h"

#include <string>

#include "proxy/base/diag.h"
#include "proxy/pipeline/stack_trace.h"
#include "proxy/pipeline/status.h"

namespace weir {
namespace {

constexpr Micros kStackPatience = 500 * kMillisecond;

}  // namespace

void Watchdog::watch(const Heartbeat& heart, pthread_t thread) {
  watched_.push_back({&heart, thread});
}

void Watchdog::look(Instant now) {
  const bool stood_still = looked_.set() && now - looked_ > 2 * kInterval;
  looked_ = now;
  for (std::size_t i = 0; i < watched_.size() && !stood_still; ++i) {
    Watched& one = watched_[i];
    const Instant last = one.heart->last();
    const bool stalled = last.set() && !one.heart->ended() && now - last > kStalled;
    if (stalled && !one.told) {
      tell(i, now - last);
    } else if (!stalled && one.told) {
      diag(Level::Warning, "worker " + std::to_string(i) + " turns again");
    }
    one.told = stalled;
  }
}

void Watchdog::tell(std::size_t index, Micros silent) {
  metrics_.add(metric::LoopStalls);
  const std::string who = "worker " + std::to_string(index);
  diag(Level::Error, who + " has not shown itself alive for " + std::to_string(silent / kSecond) +
                         " s; its connections wait");
  const auto stack = stack_of(watched_[index].thread, kStackPatience);
  if (stack.empty()) {
    diag(Level::Error, who + " does not even tell where it is");
  }
  for (const std::string& frame : stack) {
    diag(Level::Error, who + " is in " + frame);
  }
}

}  // namespace weir
