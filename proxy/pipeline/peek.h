// SPDX-License-Identifier: Apache-2.0
//
// A look at the first bytes of a body before its head is sent on, for rules that judge what a
// response really is. What was looked at stays unread: the relay moves it as if nobody had looked.
#pragma once

#include <cstddef>
#include <string_view>

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
  Buffer* in = nullptr;      // what came with the head, unread
  Buffer* pinned = nullptr;  // takes over `in`, whose head lives on, when a larger one is needed
  BufferPool* buffers = nullptr;
  http::Framing framing;
  char* copy = nullptr;  // room for as many bytes as are wanted: the payload of chunks
};

// How many bytes of payload somebody would like to see, and how few are of no use to him.
struct PeekSize {
  std::size_t least = 1;  // until these are there, a pause ends nothing
  std::size_t want = 0;
};

struct Peeked {
  std::string_view first;  // the payload, at most `want` bytes, good until the body is relayed
  bool full = false;       // there is no room for more: the framing takes it all
};

// Reads until so many bytes are there, the body is over or broken, a large buffer is full, `until`
// has come, or the body pauses. May be asked again, for more. Fails only when somebody closed the
// stream; trouble of the origin is left for the relay to meet.
Task<Failure> peek_body(PeekParts& parts, PeekSize size, Instant until, Peeked& out);

}  // namespace weir
