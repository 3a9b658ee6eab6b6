// SPDX-License-Identifier: Apache-2.0
//
// See deliver_stored.h.
#include "proxy/pipeline/deliver_stored.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "proxy/pipeline/limits.h"
#include "proxy/pipeline/session.h"
#include "proxy/pipeline/stored_source.h"
#include "proxy/pipeline/stored_wait.h"
#include "proxy/pipeline/worker.h"

namespace weir {
namespace {

using What = store::Part::What;

constexpr std::uint64_t kWindow = 512 * 1024;  // bytes of a file checked and sent at a time
constexpr unsigned kSendsPerTurn = 16;

// One write: the head perhaps, a chunk's frame perhaps, some bytes.
class Gather {
 public:
  static constexpr std::size_t kParts = 16;
  static constexpr std::size_t kBytes = 256 * 1024;

  void begin(std::string_view head) {
    count_ = 0;
    payload_ = 0;
    add(head);
  }
  void add(std::string_view text) {
    if (!text.empty()) {
      parts_[count_++] = {const_cast<char*>(text.data()), text.size()};
    }
  }
  // Leaves a place for the size line of a chunk.
  void open_chunk() { chunk_at_ = count_++; }
  void payload(const StoredPart& part) {
    keep_[kept_++ % kParts] = part.keep;
    add(part.bytes);
    payload_ += part.bytes.size();
  }
  // `file`: so many bytes of a file follow, in a chunk of their own.
  void close_chunk(bool last, std::uint64_t file) {
    parts_[chunk_at_] = {nullptr, 0};
    if (payload_ > 0) {
      const std::string_view line = write_size(size_lines_[0], payload_);
      parts_[chunk_at_] = {const_cast<char*>(line.data()), line.size()};
      add("\r\n");
    }
    if (file > 0) {
      add(write_size(size_lines_[1], file));
    }
    if (last) {
      add("0\r\n\r\n");
    }
  }
  bool full() const { return count_ + 4 >= parts_.size() || payload_ >= kBytes; }
  std::size_t payload_bytes() const { return payload_; }
  std::span<const iovec> parts() {
    while (first_ < count_ && parts_[first_].iov_len == 0) {
      ++first_;
    }
    return {parts_.data() + first_, count_ - first_};
  }
  void rewind() { first_ = 0; }
  void written(std::size_t n) {
    while (n > 0) {
      iovec& part = parts_[first_];
      const std::size_t some = std::min(n, part.iov_len);
      part.iov_base = static_cast<char*>(part.iov_base) + some;
      part.iov_len -= some;
      n -= some;
      first_ += part.iov_len == 0 ? 1 : 0;
    }
  }

 private:
  using SizeLine = std::array<char, 24>;
  static std::string_view write_size(SizeLine& line, std::uint64_t size) {
    char* end = std::to_chars(line.data(), line.data() + 16, size, 16).ptr;
    *end++ = '\r';
    *end++ = '\n';
    return {line.data(), static_cast<std::size_t>(end - line.data())};
  }

  std::array<iovec, kParts + 6> parts_;
  std::array<store::BlockPtr, kParts> keep_;
  std::array<SizeLine, 2> size_lines_;
  std::size_t count_ = 0;
  std::size_t first_ = 0;
  std::size_t kept_ = 0;
  std::size_t chunk_at_ = 0;
  std::size_t payload_ = 0;
};

Failure write_trouble(const Session& session) {
  return session.client.is_open() ? Failure::ClientGone : session.client.closed_why();
}

Task<Failure> write_gathered(Exchange& ex, Session& session, Gather& gather) {
  gather.rewind();
  const Micros idle = session.settings().timeouts.client_write;
  for (;;) {
    const std::span<const iovec> parts = gather.parts();
    if (parts.empty()) {
      co_return Failure::None;
    }
    const IoResult r = session.client.write(parts);
    if (r.what == Io::Bytes) {
      ex.download.sent += r.bytes;
      gather.written(r.bytes);
    } else if (r.what == Io::WouldBlock) {
      const Instant until = session.worker.loop.now() + idle;
      const Failure why = co_await session.client.writable(until, Failure::ClientStalled);
      if (why != Failure::None) {
        co_return why;
      }
    } else {
      co_return write_trouble(session);
    }
  }
}

Task<Failure> send_file(Exchange& ex, Session& session, const StoredPart& part) {
  std::uint64_t done = 0;
  for (unsigned rounds = 1; done < part.length; ++rounds) {
    if (rounds % kSendsPerTurn == 0) {
      co_await session.worker.loop.yield();
    }
    const auto want = static_cast<std::size_t>(part.length - done);
    const IoResult r = session.client.write_file(part.fd, part.at + done, want);
    if (r.what == Io::Bytes) {
      done += r.bytes;
      ex.download.sent += r.bytes;
    } else if (r.what == Io::WouldBlock) {
      const Instant until = session.worker.loop.now() + session.settings().timeouts.client_write;
      const Failure why = co_await session.client.writable(until, Failure::ClientStalled);
      if (why != Failure::None) {
        co_return why;
      }
    } else {
      co_return r.what == Io::End ? Failure::StoredUnreadable : write_trouble(session);
    }
  }
  co_return Failure::None;
}

void count(Exchange& ex, std::uint64_t n) {
  ex.download.payload += n;
  if (ex.limits) {
    ex.limits->down.spend(static_cast<std::size_t>(n));
  }
}

// As many bytes from memory as are there and allowed. Returns what stopped it.
StoredPart gather_bytes(Gather& gather, StoredSource& source, Session& session,
                        std::uint64_t allowed) {
  for (;;) {
    const std::uint64_t left = allowed - std::min<std::uint64_t>(allowed, gather.payload_bytes());
    StoredPart part;
    if (left == 0 || gather.full()) {
      part.what = What::Bytes;
      return part;
    }
    part = source.next(left, session.knock());
    if (part.what != What::Bytes) {
      return part;
    }
    gather.payload(part);
    source.used(part.bytes.size());
  }
}

Task<Failure> send_part_of_file(Exchange& ex, Session& session, StoredSource& source,
                                const StoredPart& part) {
  Failure why = co_await make_ready(ex, session, part);
  if (why == Failure::None) {
    why = co_await send_file(ex, session, part);
  }
  if (why == Failure::None) {
    source.used(part.length);
    count(ex, part.length);
  }
  co_return why;
}

}  // namespace

Task<Failure> send_stored(Exchange& ex, Session& session, std::string_view head, bool chunked) {
  StoredSource source(ex.cache);
  Gather gather;
  for (unsigned rounds = 1;; ++rounds) {
    const std::uint64_t allowed = co_await wait_for_allowance(ex, session);
    gather.begin(head);
    head = {};
    if (chunked) {
      gather.open_chunk();
    }
    StoredPart stop = gather_bytes(gather, source, session, allowed);
    stop.length = std::min(stop.length, allowed);
    if (chunked) {
      gather.close_chunk(stop.what == What::End, stop.what == What::File ? stop.length : 0);
    }
    Failure why = co_await write_gathered(ex, session, gather);
    count(ex, gather.payload_bytes());
    if (why == Failure::None && stop.what == What::End) {
      co_return why;
    }
    if (why == Failure::None && stop.what == What::Failed) {
      why = stop.why;
    } else if (why == Failure::None && stop.what == What::Wait) {
      why = co_await wait_for_bytes(session);
    } else if (why == Failure::None && stop.what == What::File) {
      why = co_await send_part_of_file(ex, session, source, stop);
      head = chunked ? "\r\n" : "";
    }
    if (why != Failure::None) {
      co_return why;
    }
    if (rounds % kSendsPerTurn == 0) {
      co_await session.worker.loop.yield();
    }
  }
}

}  // namespace weir
