// SPDX-License-Identifier: Apache-2.0
//
// See heartbeat.h.
#include "proxy/pipeline/heartbeat.h"

namespace weir {

void Heartbeat::due() {
  metrics_.observe(metric::LoopLag, loop_.now() - expected_);
  if (beat_) {
    beat_();
  }
  next();
}

// At a tick of the wheel, so that its coarseness does not count as lag.
void Heartbeat::next() {
  last_.store(loop_.now().us, std::memory_order_release);
  expected_ = Instant{(loop_.now().us + kSecond) / Wheel::kTick * Wheel::kTick};
  set(loop_.wheel(), expected_);
}

}  // namespace weir
