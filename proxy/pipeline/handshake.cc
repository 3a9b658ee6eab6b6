// SPDX-License-Identifier: Apache-2.0
//
// See handshake.h.
#include "proxy/pipeline/handshake.h"

#include "proxy/pipeline/inside.h"
#include "proxy/pipeline/session.h"
#include "proxy/pipeline/worker.h"
#include "proxy/tls/engine.h"

namespace weir {
namespace {

Failure name_origin_trouble(tls::Trouble trouble) {
  switch (trouble) {
    case tls::Trouble::Untrusted:
      return Failure::OriginUntrusted;
    case tls::Trouble::Expired:
      return Failure::OriginExpired;
    case tls::Trouble::WrongName:
      return Failure::OriginWrongName;
    default:
      return Failure::OriginTlsFailed;
  }
}

TlsOutcome outcome_of(Failure why) {
  switch (why) {
    case Failure::None:
      return TlsOutcome::OriginDone;
    case Failure::OriginUntrusted:
    case Failure::OriginExpired:
    case Failure::OriginWrongName:
      return TlsOutcome::OriginUntrusted;
    default:
      return TlsOutcome::OriginFailed;
  }
}

}  // namespace

Task<Failure> shake_hands(Stream& stream, Instant until, Failure timeout,
                          Failure (*name)(tls::Trouble)) {
  for (;;) {
    const Io what = stream.shake();
    if (what == Io::Bytes) {
      co_return Failure::None;
    }
    if (what != Io::WouldBlock) {
      co_return stream.is_open() ? name(stream.shake_trouble()) : stream.closed_why();
    }
    Failure why = Failure::None;
    if (stream.shake_wants_write()) {
      why = co_await stream.writable(until, timeout);
    } else {
      why = co_await stream.readable(until, timeout);
    }
    if (why != Failure::None) {
      co_return why;
    }
  }
}

Task<Failure> secure_origin(Exchange& ex, Session& session, OriginConnection& c) {
  Worker& worker = session.worker;
  auto engine = tls::Engine::to_origin(*worker.shared.contexts, session.inside->host);
  if (engine == nullptr) {
    co_return Failure::Overloaded;
  }
  c.stream.secure(std::move(engine));
  const Instant began = worker.loop.now();
  const Instant until = began + session.settings().timeouts.connect_total;
  const Failure why =
      co_await shake_hands(c.stream, until, Failure::OriginTlsTimeout, name_origin_trouble);
  ex.record.tls = worker.loop.now() - began;
  worker.metrics.add(metric::TlsHandshakes, outcome_of(why));
  co_return why;
}

}  // namespace weir
