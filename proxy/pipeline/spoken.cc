// SPDX-License-Identifier: Apache-2.0
//
// See spoken.h. What a connection speaks is decided by this list, in order:
//
//   1. a TLS record with a handshake in it: the greeting is read whole, however it is cut. One
//      that is malformed, larger than 16 KiB or cut short is refused, with rules or without:
//      nobody could say whom it names, and no honest client sends it
//   2. a first line that names HTTP or begins with a method of it, or does not end within a request
//      line's limit but begins like one: HTTP, be it 0.9 or 2, which is then refused
//   3. nothing clear for transparent.quiet_wait: the server is connected to. If nothing at all was
//      said, whoever speaks next decides. A client that speaks first after all is looked at again:
//      browsers keep spare connections, which would otherwise pass unread when they are used
//   4. anything else: not ours to read
#include "proxy/pipeline/spoken.h"

#include <algorithm>
#include <utility>

#include "proxy/http/opening.h"
#include "proxy/pipeline/session.h"
#include "proxy/pipeline/worker.h"

namespace weir {
namespace {

using tls::HelloProgress;

constexpr char kHandshake = 0x16;

// How sure is it, and so: how long is more waited for?
enum class Look : std::uint8_t { Known, Begun, Unclear };

Look look(const Session& session, Spoken& spoken, tls::Hello& hello, Arena& arena) {
  const std::string_view in = session.in.unread();
  if (in.front() == kHandshake) {
    const HelloProgress progress = tls::take_hello(in, arena, hello);
    spoken = progress == HelloProgress::NotTls ? Spoken::Other
             : progress == HelloProgress::Bad  ? Spoken::BadTls
                                               : Spoken::Tls;
    return progress == HelloProgress::NeedMore ? Look::Begun : Look::Known;
  }
  const auto opening = http::opening_of(in, session.settings().limits.request_line);
  spoken = opening == http::Opening::Http ? Spoken::Http : Spoken::Other;
  return opening == http::Opening::Begun     ? Look::Begun
         : opening == http::Opening::Unclear ? Look::Unclear
                                             : Look::Known;
}

// Ends the client's wait when its server has something to say.
class Herald final : public StreamKeeper {
 public:
  explicit Herald(Stream& client) : client_(client) {}
  ~Herald() = default;

 private:
  void stirred(Stream& origin) override {
    origin.unkeep();
    client_.stop_reads(Failure::HeadTimeout);
  }
  Stream& client_;
};

// Of a beginning that never became whole. The greeting could still name somebody after us.
Spoken slow(Spoken begun) {
  return begun == Spoken::Tls ? Spoken::Gone : Spoken::Http;
}

}  // namespace

Task<Spoken> find_spoken(Session& session, tls::Hello& hello, Arena& arena) {
  Worker& worker = session.worker;
  const Instant patience = worker.loop.now() + session.settings().timeouts.head;
  Spoken spoken = Spoken::Other;
  for (;;) {
    const bool nothing = !session.in.valid() || session.in.empty();
    const Look seen = nothing ? Look::Unclear : look(session, spoken, hello, arena);
    if (seen == Look::Known) {
      co_return spoken;
    }
    session.make_room();
    const IoResult r = session.client.read(session.in.space(), session.in.room());
    if (r.what == Io::Bytes) {
      session.in.added(r.bytes);
      continue;
    }
    if (r.what != Io::WouldBlock) {
      const bool cut = seen == Look::Begun && spoken == Spoken::Tls;
      co_return r.what != Io::End ? Spoken::Gone  // else it may still want to hear
      : cut                       ? Spoken::BadTls
                                  : spoken;
    }
    const Instant quiet = worker.loop.now() + session.settings().transparent.quiet_wait;
    const Instant until = seen == Look::Begun ? patience : std::min(quiet, patience);
    const Failure why = co_await session.client.readable(until, Failure::HeadTimeout);
    if (why == Failure::HeadTimeout) {
      co_return seen == Look::Begun ? slow(spoken) : spoken;
    }
    if (why != Failure::None) {
      co_return Spoken::Gone;
    }
  }
}

Task<void> await_speaker(Exchange& ex, Session& session) {
  Worker& worker = session.worker;
  Stream& origin = ex.origin->stream;
  const Instant until = worker.loop.now() + session.settings().timeouts.tunnel_idle;
  Herald herald(session.client);
  while (session.in.empty() && origin.quiet() && worker.loop.now() < until) {
    session.make_room();
    const IoResult r = session.client.read(session.in.space(), session.in.room());
    if (r.what == Io::Bytes) {
      session.in.added(r.bytes);
      ex.spoke_late = true;
      worker.pool.give_back(std::exchange(ex.origin, nullptr), false);
      ex.recorded = true;  // by what it is now seen to be
      ex.course = Course::Drop;
      co_return;
    }
    worker.buffers.give(std::move(session.in));  // a silent client holds none
    if (r.what != Io::WouldBlock) {
      co_return;
    }
    origin.keep(&herald, until);
    co_await session.client.readable(until, Failure::HeadTimeout);
    origin.unkeep();
    session.client.allow_reads();
  }
}

}  // namespace weir
