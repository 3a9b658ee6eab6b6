// SPDX-License-Identifier: Apache-2.0
//
// Opening a TCP connection to whichever of several addresses answers first (Happy Eyeballs, RFC
// 8305): the families take turns, the next address is tried when one has failed or has kept us
// waiting for the stagger, and the losers are closed. It judges no address (net/destination.h has)
// and sends nothing. Used on the loop's thread; the descriptor belongs to the caller afterwards.
#pragma once

#include <span>

#include "proxy/base/address.h"
#include "proxy/base/failure.h"
#include "proxy/base/instant.h"
#include "proxy/net/loop.h"
#include "proxy/net/task.h"

namespace weir {

constexpr Micros kHappyEyeballsStagger = 250 * kMillisecond;  // RFC 8305 8

struct ConnectLimits {
  Micros per_address = 10 * kSecond;
  Micros total = 30 * kSecond;
  Micros stagger = kHappyEyeballsStagger;
  bool prefer_ipv6 = true;
  std::uint32_t mark = 0;         // SO_MARK; 0: none
  std::optional<IpAddress> from;  // speak from this address, which need not be ours
};

// Non-blocking, close-on-exec, without Nagle's delay, with keep-alive probes. `watched`: the loop
// still has it, for nobody; it must be handed to Loop::take_over() (or closed) before the next
// turn.
struct Connected {
  int fd = -1;
  Endpoint at;
  bool watched = false;
};

// Requires that `addresses` and `limits` live until the task is done. Where all attempts fail, the
// most telling failure: Overloaded (descriptors, memory or local ports are exhausted),
// ConnectRefused, ConnectTimeout, ConnectFailed. One address costs a socket, two options, a connect
// and two epoll calls; nothing is allocated.
Task<Result<Connected>> connect_any(Loop& loop, std::span<const Endpoint> addresses,
                                    const ConnectLimits& limits);

}  // namespace weir
