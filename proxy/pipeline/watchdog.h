// SPDX-License-Identifier: Apache-2.0
//
// Looks once a second whether every worker has shown itself alive, and tells the operator of one
// that has not: once, with the stack of its thread, and again when it turns again. Cures nothing.
//
// Used on the control thread.
#pragma once

#include <pthread.h>

#include <vector>

#include "proxy/base/instant.h"
#include "proxy/observe/metrics.h"
#include "proxy/pipeline/heartbeat.h"

namespace weir {

class Watchdog {
 public:
  static constexpr Micros kInterval = kSecond;

  // Both outlive this, and the thread is not joined before.
  void watch(const Heartbeat& heart, pthread_t thread);

  // `now` on the monotonic clock. Long after the last look it only begins anew: then it was this
  // thread, or the whole process, that stood still.
  void look(Instant now);

  // Any thread: what it counts.
  const Metrics& metrics() const { return metrics_; }

 private:
  struct Watched {
    const Heartbeat* heart;
    pthread_t thread;
    bool told = false;
  };
  void tell(std::size_t index, Micros silent);

  std::vector<Watched> watched_;
  Instant looked_;
  Metrics metrics_;
};

}  // namespace weir
