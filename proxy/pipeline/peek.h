// SPDX-License-Identifier: Apache-2.0
//
// A look at the first bytes of a body before its head is sent on, for rules that judge what a
// response really is. What was looked at stays unread: the relay moves it as if nobody had looked.
#pragma once

#include <cstddef>
#include <string_view>

#include "proxy/base/arena.h"
#include "proxy/base/failure.h"
#include "proxy/http/framing.h"
#include "proxy/net/buffer.h"
#include "proxy/net/stream.h"
#include "proxy/net/task.h"

namespace weir {

// With some bytes there, how long to wait for each further one: a body that trickles is not held
// up.
constexpr Micros kPeekPause = 100 * kMillisecond;

struct PeekParts {
  Stream* from = nullptr;
  Buffer* in = nullptr;  // what came with the head, unread; not grown
  http::Framing framing;
  Arena* arena = nullptr;
};

// Reads until `want` bytes of payload are there, the body is over or broken, `in` is full, `until`
// has come, or the body pauses. `first` views the payload, at most `want` bytes, good until the
// body is relayed. Fails only when somebody closed the stream; trouble of the origin is left for
// the relay to meet.
Task<Failure> peek_body(PeekParts& parts, std::size_t want, Instant until, std::string_view& first);

}  // namespace weir
