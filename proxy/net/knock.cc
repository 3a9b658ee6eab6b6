// SPDX-License-Identifier: Apache-2.0
//
// See knock.h.
#include "proxy/net/knock.h"

#include <utility>

#include "proxy/base/assert.h"

namespace weir {

void Knock::ring(const std::shared_ptr<Knock>& knock) {
  if (!knock->rung_.exchange(true, std::memory_order_acq_rel)) {
    knock->loop_.post([knock] {
      if (knock->rung_.load(std::memory_order_acquire)) {
        knock->wake();
      }
    });
  }
}

void Knock::wake() {
  if (waiter_) {
    withdraw();  // whoever rings may be the last to count it
    std::exchange(waiter_, nullptr).resume();
  }
}

void Knock::due() {
  wake();
}

void Knock::Wait::await_suspend(std::coroutine_handle<> waiter) {
  WEIR_ASSERT(!knock_.waiter_);
  knock_.waiter_ = waiter;
  if (until_.set()) {
    knock_.set(knock_.loop_.wheel(), until_);
  }
}

void Knock::heed(Stream& client) {
  constexpr Micros kFar = 365 * 24 * 3600 * kSecond;
  client.keep(this, loop_.now() + kFar);
}

// Bytes of a further request stir the stream, too: only its end matters here.
void Knock::stirred(Stream& stream) {
  if (stream.broken()) {
    stream.unkeep();
    rung_.store(true, std::memory_order_release);
    wake();
  }
}

}  // namespace weir
