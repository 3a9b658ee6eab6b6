// SPDX-License-Identifier: Apache-2.0
//
// Stage 3b: what CONNECT waits for (RFC 9110 9.3.6): a connection to the destination itself, or one
// to a parent that has agreed to tunnel. Bytes the client sent early stay in its buffer until then.
#include <string>

#include "proxy/http/forward.h"
#include "proxy/http/parse.h"
#include "proxy/pipeline/inside.h"
#include "proxy/pipeline/obtain.h"
#include "proxy/pipeline/police.h"
#include "proxy/pipeline/send.h"
#include "proxy/pipeline/session.h"
#include "proxy/pipeline/stages.h"
#include "proxy/pipeline/worker.h"

namespace weir {
namespace {

// What the parent is asked for: the target, unless rules have another name dialled for it. A client
// that was turned aside goes to the address it chose.
std::string_view wanted(Exchange& ex, const Session& session) {
  if (session.inside != nullptr) {
    return session.inside->authority;
  }
  if (session.arrival && ex.dial_name.empty()) {
    return ex.arena.copy(session.arrival->text());
  }
  return ex.dial_name.empty() ? ex.authority : authority_text(ex.dial_name, ex.port, 0, ex.arena);
}

std::string_view connect_head(Exchange& ex, const Session& session) {
  const std::string_view authority = wanted(ex, session);
  const std::string_view authorization =
      ex.parent->authorization.empty()
          ? std::string_view()
          : ex.arena.join({"Proxy-Authorization: ", ex.parent->authorization, "\r\n"});
  return ex.arena.join({"CONNECT ", authority, " HTTP/1.1\r\nHost: ", authority, "\r\nVia: 1.1 ",
                        session.setup().pseudonym, "\r\n", authorization, "\r\n"});
}

// The parent's answer; whatever follows a 2xx is the tunnel's.
Task<Failure> read_answer(Exchange& ex, Session& session) {
  const Settings& settings = session.settings();
  const http::HeadLimits limits{settings.limits.request_line, BufferPool::kSmall,
                                settings.limits.fields};
  const Instant until = session.worker.loop.now() + settings.timeouts.connect_total;
  http::HeadScan scan;
  ex.origin_in = session.worker.buffers.take_small();
  for (;;) {
    const http::Taken taken = http::take_response(ex.origin_in.unread(), scan, limits, ex.response);
    if (taken.progress == http::Progress::Bad) {
      co_return taken.why;
    }
    if (taken.progress == http::Progress::Done) {
      ex.origin_in.use(taken.used);
      if (ex.response.status >= 200) {
        ex.record.origin_status = ex.response.status;
        co_return ex.response.status < 300 ? Failure::None : Failure::ParentRefused;
      }
      scan = http::HeadScan();
      continue;
    }
    if (ex.origin_in.room() == 0) {
      co_return Failure::OriginHeadTooLarge;
    }
    const IoResult r = ex.origin->stream.read(ex.origin_in.space(), ex.origin_in.room());
    if (r.what == Io::Bytes) {
      ex.origin_in.added(r.bytes);
    } else if (r.what != Io::WouldBlock) {
      co_return ex.origin->stream.is_open() ? Failure::OriginClosed
                                            : ex.origin->stream.closed_why();
    } else {
      const Failure why = co_await ex.origin->stream.readable(until, Failure::OriginHeadTimeout);
      if (why != Failure::None) {
        co_return why;
      }
    }
  }
}

}  // namespace

Task<Failure> ask_parent(Exchange& ex, Session& session) {
  const std::string_view head = connect_head(ex, session);
  const Micros idle = session.settings().timeouts.connect_total;
  const Failure why = co_await send_text(ex.origin->stream, head, idle, Failure::OriginReset,
                                         Failure::OriginHeadTimeout);
  if (why != Failure::None) {
    co_return why;
  }
  co_return co_await read_answer(ex, session);
}

namespace {

// A connection on which the tunnel can begin.
Task<Failure> reach(Exchange& ex, Session& session) {
  const Failure why = co_await obtain_for_tunnel(ex, session);
  if (why != Failure::None) {
    co_return why;
  }
  if (session.client.broken()) {
    co_return Failure::ClientGone;
  }
  if (ex.parent == nullptr) {
    co_return Failure::None;
  }
  co_return co_await ask_parent(ex, session);
}

// A parent that broke or kept silent may be replaced by the next; one that said no has decided.
bool may_try_another(const Exchange& ex, Failure why) {
  return ex.route != nullptr && ex.parent != nullptr && ex.next_parent < ex.route->size() &&
         why != Failure::ParentRefused && row(why).fault == Fault::Origin;
}

void give_up_origin(Exchange& ex, Session& session) {
  if (ex.origin != nullptr) {
    session.worker.pool.give_back(std::exchange(ex.origin, nullptr), false);
  }
  ex.response.clear();  // its fields view the buffer that goes now
  session.worker.buffers.give(std::move(ex.origin_in));
}

}  // namespace

Task<Failure> establish(Exchange& ex, Session& session) {
  constexpr std::string_view kEstablished = "HTTP/1.1 200 Connection established\r\n\r\n";
  ex.established = true;
  ex.record.status = 200;
  ex.record.bytes_to_client += kEstablished.size();
  const Micros idle = session.settings().timeouts.client_write;
  co_return co_await send_text(session.client, kEstablished, idle, Failure::ClientGone,
                               Failure::ClientStalled);
}

Task<void> open_tunnel(Exchange& ex, Session& session) {
  Failure why = co_await reach(ex, session);
  while (why != Failure::None && may_try_another(ex, why)) {
    give_up_origin(ex, session);
    why = co_await reach(ex, session);
  }
  if (why == Failure::None) {
    ex.record.served_by = ex.parent != nullptr ? ServedBy::Parent : ServedBy::Origin;
  }
  if (why == Failure::None && ex.unheard) {
    ex.record.status = 200;
  } else if (why == Failure::None && !ex.established) {
    why = co_await establish(ex, session);
  }
  if (why != Failure::None) {
    give_up_origin(ex, session);
    const std::uint16_t told = ex.record.status;
    refuse(ex, session, police_failure(ex, why));
    if (ex.established) {  // no status can be told in the middle of a tunnel
      ex.record.status = told;
      ex.record.kind = RecordKind::Tunnel;
      ex.stays = false;
      ex.course = Course::Drop;
    }
  }
}

}  // namespace weir
