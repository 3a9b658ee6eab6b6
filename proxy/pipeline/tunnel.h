// SPDX-License-Identifier: Apache-2.0
//
// Bytes both ways between two streams, counted and never looked at: CONNECT, and what follows a
// 101. An end on one side is passed on as an end (half-close) while the other direction goes on. An
// idle tunnel holds no buffer and no pipe. Bulk is moved inside the kernel.
#pragma once

#include <cstdint>
#include <string_view>

#include "proxy/base/failure.h"
#include "proxy/net/bandwidth.h"
#include "proxy/net/stream.h"
#include "proxy/net/task.h"
#include "proxy/pipeline/relay.h"

namespace weir {

struct TunnelPlan {
  Stream* client = nullptr;
  Stream* origin = nullptr;
  Micros idle = 0;                    // no byte either way
  Micros write_idle = 0;              // one side takes no byte
  Throttle* throttle_up = nullptr;    // limits of the bytes to the origin; may be null
  Throttle* throttle_down = nullptr;  // and to the client
  Instant last_byte;
  std::uint64_t to_origin = 0;
  std::uint64_t to_client = 0;
};

// Runs until both directions have ended or one broke; both streams are closed afterwards. None when
// both ended in order.
// `early_up` and `early_down` are bytes read before the tunnel stood; they are delivered first,
// once.
Task<Failure> tunnel(TunnelPlan& plan, RelayTools& tools, Buffer& early_up, Buffer& early_down);

}  // namespace weir
