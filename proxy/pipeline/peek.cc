// SPDX-License-Identifier: Apache-2.0
//
// See peek.h. A chunked body is decoded anew from its first byte after every read, by a reader that
// is thrown away: the buffer is small, and the relay's own reader must not move.
#include "proxy/pipeline/peek.h"

#include <algorithm>

#include "proxy/http/body.h"

namespace weir {
namespace {

struct Look {
  std::string_view payload;
  std::size_t readable = 0;  // bytes that may be read from the stream; 0: nothing more is wanted
};

Look look_chunked(const PeekParts& parts, std::size_t want, char* copy) {
  http::BodyReader reader;
  reader.begin(parts.framing);
  std::string_view rest = parts.in->unread();
  std::size_t have = 0;
  bool bad = false;
  while (!rest.empty() && !reader.over() && !bad && have < want) {
    const http::BodyStep step = reader.next(rest);
    const std::size_t n = std::min(step.payload.size(), want - have);
    std::copy_n(step.payload.data(), n, copy + have);
    have += n;
    bad = step.bad;
    rest.remove_prefix(step.used);
  }
  const bool enough = have == want || reader.over() || bad;
  return {{copy, have}, enough ? 0 : parts.in->room()};
}

Look look(const PeekParts& parts, std::size_t want, char* copy) {
  if (parts.framing.kind == http::BodyKind::None) {
    return {};
  }
  if (parts.framing.kind == http::BodyKind::Chunked) {
    return look_chunked(parts, want, copy);
  }
  const std::string_view unread = parts.in->unread();
  // What lies behind a body of known length belongs to someone else.
  const std::uint64_t length =
      parts.framing.kind == http::BodyKind::Length ? parts.framing.length : UINT64_MAX;
  const auto have = static_cast<std::size_t>(std::min<std::uint64_t>(unread.size(), length));
  const std::size_t room =
      static_cast<std::size_t>(std::min<std::uint64_t>(parts.in->room(), length - have));
  return {unread.substr(0, std::min(have, want)), have >= want ? 0 : room};
}

}  // namespace

Task<Failure> peek_body(PeekParts& parts, std::size_t want, Instant until,
                        std::string_view& first) {
  char* const copy =
      parts.framing.kind == http::BodyKind::Chunked ? parts.arena->allocate(want) : nullptr;
  for (;;) {
    const Look seen = look(parts, want, copy);
    first = seen.payload;
    if (seen.readable == 0) {
      co_return Failure::None;
    }
    const IoResult r = parts.from->read(parts.in->space(), seen.readable);
    if (r.what == Io::Bytes) {
      parts.in->added(r.bytes);
      continue;
    }
    if (r.what != Io::WouldBlock) {
      co_return parts.from->is_open() ? Failure::None : parts.from->closed_why();
    }
    const Instant now = parts.from->loop().now();
    const Instant pause = first.empty() ? until : std::min(until, now + kPeekPause);
    if (pause <= now) {
      co_return Failure::None;
    }
    const Failure why = co_await parts.from->readable(pause, Failure::OriginBodyTimeout);
    if (why != Failure::None) {
      co_return why == Failure::OriginBodyTimeout ? Failure::None : why;
    }
  }
}

}  // namespace weir
