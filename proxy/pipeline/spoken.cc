// SPDX-License-Identifier: Apache-2.0
//
// See spoken.h. What a connection speaks is decided by this list, in order:
//
//   1. a TLS record: the greeting is read whole, however it is cut. One that is malformed, in the
//      form of SSL 2, larger than 16 KiB or cut short is refused, with rules or without: nobody
//      could say whom it names, and no honest client sends it
//   2. a first line that names HTTP or begins with a method of it, or does not end within a request
//      line's limit but begins like one: HTTP, be it 0.9 or 2, which is then refused
//   3. nothing clear for transparent.quiet_wait: the server is connected to. If nothing at all was
//      said, whoever speaks next decides. A client that speaks first after all is looked at again:
//      browsers keep spare connections, which would otherwise pass unread when they are used. If
//      what was said may yet become a request, it is passed on for as long as it stays so, and
//      looked at again when it becomes one: or a pause behind "Foo" would be a way past the rules.
//      What follows a server's words is not looked at: honest protocols (NNTP, NATS) say there what
//      elsewhere would be a request
//   4. anything else: not ours to read
#include "proxy/pipeline/spoken.h"

#include <algorithm>
#include <utility>

#include "proxy/http/opening.h"
#include "proxy/pipeline/send.h"
#include "proxy/pipeline/session.h"
#include "proxy/pipeline/stages.h"
#include "proxy/pipeline/worker.h"

namespace weir {
namespace {

using tls::HelloProgress;

// How sure is it, and so: how long is more waited for?
enum class Look : std::uint8_t { Known, Begun, Unclear };

Look look(const Session& session, Spoken& spoken, tls::Hello& hello, Arena& arena) {
  const std::string_view in = session.in.unread();
  const HelloProgress progress = tls::take_hello(in, arena, hello);
  if (progress != HelloProgress::NotTls) {
    spoken = progress == HelloProgress::Bad ? Spoken::BadTls : Spoken::Tls;
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

bool server_speaks(Exchange& ex) {
  return !ex.origin_in.empty() || !ex.origin->stream.quiet();
}

// The client is heard anew, without this tunnel.
void look_again(Exchange& ex, Session& session) {
  ex.spoke_late = true;
  session.worker.pool.give_back(std::exchange(ex.origin, nullptr), false);
  ex.recorded = true;  // by what it is now seen to be
  ex.course = Course::Drop;
}

// Waits for the client, or for its server to say something.
Task<void> wait_for_either(Exchange& ex, Session& session, Instant until) {
  Stream& origin = ex.origin->stream;
  Herald herald(session.client);
  origin.keep(&herald, until);
  co_await session.client.readable(until, Failure::HeadTimeout);
  origin.unkeep();
  session.client.allow_reads();
}

enum class Heard : std::uint8_t { Client, Server, End, Nobody };

// Who says something next, for as long as a tunnel may be idle: the client, whose bytes are taken,
// or its server, whose are left; or the client ends. When nobody does, the tunnel has been ended:
// let through, a request that comes later would pass unread.
Task<Heard> hear_next(Exchange& ex, Session& session) {
  Worker& worker = session.worker;
  const Instant until = worker.loop.now() + session.settings().timeouts.tunnel_idle;
  while (!server_speaks(ex)) {
    if (worker.loop.now() >= until) {
      end_tunnel(ex, session, Failure::TunnelIdle);
      co_return Heard::Nobody;
    }
    session.make_room();
    const IoResult r = session.client.read(session.in.space(), session.in.room());
    if (r.what == Io::Bytes) {
      session.in.added(r.bytes);
      co_return Heard::Client;
    }
    if (session.in.empty()) {
      worker.buffers.give(std::move(session.in));  // a silent client holds none
    }
    if (r.what != Io::WouldBlock) {
      co_return Heard::End;
    }
    co_await wait_for_either(ex, session, until);
  }
  co_return Heard::Server;
}

// Of a beginning that never became whole. The greeting could still name somebody after us.
Spoken slow(Spoken begun) {
  return begun == Spoken::Tls ? Spoken::Gone : Spoken::Http;
}

// Where nothing follows a server may take what is there for a line.
bool ends_as_request(const Session& session) {
  return http::last_opening_of(session.in.unread()) == http::Opening::Http;
}

// Nothing follows, and the client may still want to hear.
Spoken at_the_end(const Session& session, Look seen, Spoken begun) {
  if (seen == Look::Begun && begun == Spoken::Tls) {
    return Spoken::BadTls;
  }
  const bool request = session.in.valid() && begun == Spoken::Other && ends_as_request(session);
  return request ? Spoken::Http : begun;
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
      co_return r.what == Io::End ? at_the_end(session, seen, spoken) : Spoken::Gone;
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
  const Heard heard = co_await hear_next(ex, session);
  if (heard == Heard::Client) {
    look_again(ex, session);
  }
}

Task<void> guard_opening(Exchange& ex, Session& session) {
  const Micros idle = session.settings().timeouts.tunnel_idle;
  Arena arena;
  tls::Hello none;
  Spoken spoken = Spoken::Other;
  std::size_t passed = 0;
  Heard heard = Heard::Client;
  Look seen = look(session, spoken, none, arena);  // Begun: its reader took it for a greeting
  bool again = spoken == Spoken::Http;
  while (heard == Heard::Client && !again && seen != Look::Known) {
    const std::string_view more = session.in.unread().substr(passed);
    if (seen == Look::Unclear) {
      const Failure why = co_await send_text(ex.origin->stream, more, idle, Failure::OriginReset,
                                             Failure::OriginBodyTimeout);
      passed += more.size();
      if (why != Failure::None) {
        break;  // the tunnel will meet it, too
      }
    }
    heard = co_await hear_next(ex, session);
    if (heard == Heard::Nobody) {
      co_return;
    }
    const bool begun = seen == Look::Begun;
    seen = look(session, spoken, none, arena);
    again = heard == Heard::Client ? begun || seen == Look::Begun || spoken == Spoken::Http
                                   : heard == Heard::End && ends_as_request(session);
  }
  if (again) {
    look_again(ex, session);
    co_return;
  }
  session.in.use(passed);
  ex.head_bytes += passed;
  ex.record.bytes_to_origin += passed;
}

}  // namespace weir
