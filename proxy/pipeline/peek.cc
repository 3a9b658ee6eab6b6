// SPDX-License-Identifier: Apache-2.0
//
// See peek.h. A chunked body is decoded by a reader that is thrown away: the relay's own must not
// move.
#include "proxy/pipeline/peek.h"

#include <algorithm>

#include "proxy/http/body.h"

namespace weir {
namespace {

// What a peek has seen so far; told again after every read.
class Look {
 public:
  Look(const PeekParts& parts, std::size_t want) : parts_(parts), want_(want) {
    if (parts.framing.kind == http::BodyKind::Chunked) {
      reader_.begin(parts.framing);
      copy_ = parts.copy;
    }
  }

  // The payload that has come.
  std::string_view payload() {
    if (parts_.framing.kind == http::BodyKind::None) {
      return {};
    }
    if (copy_ != nullptr) {
      take_chunks();
      return {copy_, have_};
    }
    have_ = static_cast<std::size_t>(std::min<std::uint64_t>(unread().size(), length()));
    return unread().substr(0, std::min(have_, want_));
  }
  // How many bytes may be read from the stream; 0: nothing more is wanted. After payload().
  std::uint64_t missing() const {
    if (parts_.framing.kind == http::BodyKind::None || have_ >= want_) {
      return 0;
    }
    if (copy_ == nullptr) {
      return length() - have_;
    }
    return bad_ || reader_.over() ? 0 : UINT64_MAX;
  }

 private:
  std::string_view unread() const { return parts_.in->unread(); }
  // What lies behind a body of known length belongs to someone else.
  std::uint64_t length() const {
    return parts_.framing.kind == http::BodyKind::Length ? parts_.framing.length : UINT64_MAX;
  }
  void take_chunks() {
    while (read_ < unread().size() && missing() > 0) {
      const http::BodyStep step = reader_.next(unread().substr(read_));
      const std::size_t n = std::min(step.payload.size(), want_ - have_);
      std::copy_n(step.payload.data(), n, copy_ + have_);
      have_ += n;
      read_ += step.used;
      bad_ = step.bad;
    }
  }

  const PeekParts& parts_;
  const std::size_t want_;
  http::BodyReader reader_;
  char* copy_ = nullptr;  // the payload of chunks
  std::size_t have_ = 0;
  std::size_t read_ = 0;  // unread bytes that the reader has had
  bool bad_ = false;
};

// A full buffer gives way to a large one.
void make_room(const PeekParts& parts) {
  if (parts.in->room() > 0 || parts.pinned->valid() ||
      parts.in->unread().size() >= BufferPool::kLarge) {
    return;
  }
  Buffer larger = parts.buffers->take_large();
  parts.in->move_unread_to(larger);
  *parts.pinned = std::move(*parts.in);
  *parts.in = std::move(larger);
}

}  // namespace

Task<Failure> peek_body(PeekParts& parts, PeekSize size, Instant until, Peeked& out) {
  Look look(parts, size.want);
  for (;;) {
    make_room(parts);
    out.first = look.payload();
    const std::uint64_t missing = look.missing();
    out.full = missing > 0 && parts.in->room() == 0;
    if (missing == 0 || out.full) {
      co_return Failure::None;
    }
    const std::uint64_t most = std::min<std::uint64_t>(parts.in->room(), missing);
    const IoResult r = parts.from->read(parts.in->space(), static_cast<std::size_t>(most));
    if (r.what == Io::Bytes) {
      parts.in->added(r.bytes);
      continue;
    }
    if (r.what != Io::WouldBlock) {
      co_return parts.from->is_open() ? Failure::None : parts.from->closed_why();
    }
    const Instant now = parts.from->loop().now();
    const bool patient = out.first.size() < size.least;
    const Instant pause = patient ? until : std::min(until, now + kPeekPause);
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
