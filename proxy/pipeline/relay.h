// SPDX-License-Identifier: Apache-2.0
//
// One body from one stream to another: read, decode, frame again, write, repeat. A slow writer
// stops the reader by not returning, and memory stays bounded whatever the body's size. Long runs
// of payload that nobody has to look at are moved inside the kernel. Used for request and response
// bodies alike; it knows framing and deadlines, not statuses or rules. A body that rules change
// passes through a transform on its way.
//
// A relay runs on its session's worker; its plan lives in the exchange.
#pragma once

#include <cstdint>
#include <string_view>

#include "proxy/base/arena.h"
#include "proxy/base/failure.h"
#include "proxy/http/body.h"
#include "proxy/net/buffer.h"
#include "proxy/net/pipe.h"
#include "proxy/net/stream.h"
#include "proxy/net/task.h"

namespace weir {

class BodyTransform;
struct StoredPull;
class BodyWatch;

// What a relay does and, afterwards, what it did.
struct RelayPlan {
  Stream* from = nullptr;
  StoredPull* pull = nullptr;  // the body comes out of the cache instead, as plain payload
  Buffer* in = nullptr;        // bytes of the body that came with the head; may have more behind it
  Buffer* pinned = nullptr;    // takes over `in` when a larger buffer is needed: its head lives on
  bool in_holds_head = true;   // bytes in front of the unread ones must stay
  http::BodyReader* reader = nullptr;
  Stream* to = nullptr;
  Arena* arena = nullptr;   // for trailers
  std::string_view prefix;  // sent before the first payload: the head
  bool chunked = false;     // frame as chunks; else payload only
  bool keep_trailers = true;
  std::uint64_t most = 0;  // payload bytes; 0: no limit
  // Changes the payload, whose length is then not known: frame as chunks, or until the connection
  // ends. Fields that are no longer true are left out of the trailers.
  BodyTransform* transform = nullptr;
  BodyWatch* watch = nullptr;  // asked once `check_at` bytes of payload, as they came, are there
  std::uint64_t check_at = 0;  // 0: never

  Micros read_idle = 0;
  Micros write_idle = 0;
  std::uint32_t min_rate = 0;  // bytes/s over the whole body after read_idle of grace; 0: none
  Instant began;

  // What each kind of trouble is called on this side.
  Failure read_timeout = Failure::Internal;
  Failure cut = Failure::Internal;
  Failure bad_body = Failure::Internal;
  Failure bad_trailer = Failure::Internal;
  Failure too_large = Failure::Internal;
  Failure write_broken = Failure::Internal;
  Failure write_timeout = Failure::Internal;

  std::uint64_t payload = 0;   // payload bytes read
  std::uint64_t received = 0;  // bytes of the body on the wire, framing included
  std::uint64_t sent = 0;      // bytes written to `to`, prefix and framing included
  bool splice_failed = false;  // no pipe was to be had: copy
};

// What a relay borrows from its worker.
struct RelayTools {
  Loop& loop;
  BufferPool& buffers;
  PipePool& pipes;
};

// Failure::None when the whole body (and the prefix) has been written.
Task<Failure> relay(RelayPlan& plan, RelayTools& tools);

}  // namespace weir
