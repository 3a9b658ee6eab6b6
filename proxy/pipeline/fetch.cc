// SPDX-License-Identifier: Apache-2.0
//
// Stage 3: ask the origin. Obtain a connection, send the request, read the response head; interim
// answers go to the client at once. When a pooled connection turns out to have died before any byte
// of an answer, a request that is safe to repeat is sent once more on a new one (RFC 9112 9.3.1).
#include <algorithm>

#include "proxy/base/ascii.h"
#include "proxy/http/forward.h"
#include "proxy/http/parse.h"
#include "proxy/pipeline/limits.h"
#include "proxy/pipeline/look_up.h"
#include "proxy/pipeline/obtain.h"
#include "proxy/pipeline/police.h"
#include "proxy/pipeline/send.h"
#include "proxy/pipeline/session.h"
#include "proxy/pipeline/stages.h"
#include "proxy/pipeline/worker.h"

namespace weir {
namespace {

using http::BodyKind;

http::Disclosure disclosure(ForwardedFor how) {
  return {how == ForwardedFor::Off, how == ForwardedFor::Add};
}

std::string_view client_text(const Session& session, Arena& arena) {
  constexpr std::size_t kLongestAddress = 46;
  char* const text = arena.allocate(kLongestAddress);
  return {text, session.peer.address.write(text)};
}

// The host as the next hop is told it. A parent dials what it is told: of a transparent client's
// address the one that it went to, and not the one that it claims.
std::string_view next_authority(Exchange& ex, const Session& session) {
  constexpr std::uint16_t kHttpPort = 80;
  if (!session.arrival || ex.parent == nullptr || !ex.host.address) {
    return ex.authority;
  }
  const std::string_view went_to = ex.arena.copy(session.arrival->address.text());
  return authority_text(went_to, ex.port, kHttpPort, ex.arena);
}

std::string_view request_head(Exchange& ex, Session& session) {
  const Settings& settings = session.settings();
  http::RequestPlan plan;
  plan.host = next_authority(ex, session);
  // A parent gets the absolute form, an origin the path (RFC 9112 3.2.1, 3.2.2).
  const bool absolute = ex.parent != nullptr && !ex.secure;
  const std::string_view path = ex.target.path == "*" ? "" : ex.target.path;
  plan.target = absolute ? ex.arena.join({"http://", plan.host, path}) : ex.target.path;
  plan.framing = ex.upload_framing;
  plan.via = session.setup().pseudonym;
  plan.forwarded_for = disclosure(settings.http.forwarded_for);
  plan.forwarded = disclosure(settings.http.forwarded);
  if (plan.forwarded_for.add || plan.forwarded.add) {
    plan.client = client_text(session, ex.arena);
  }
  plan.upgrade = ex.upgrade;
  plan.keep_trailers = settings.http.keep_trailers;
  if (absolute) {
    plan.parent_authorization = ex.parent->authorization;
  }
  CacheUse& use = ex.cache;
  if (use.validating) {
    use.sent = ex.request;
    cache::validating_fields(ex.request.fields, use.conditions, use.sent.fields);
  }
  return http::write_request(use.validating ? use.sent : ex.request, plan, ex.arena);
}

void plan_upload(Exchange& ex, Session& session, std::string_view head) {
  const Settings& settings = session.settings();
  ex.upload_reader.begin(ex.upload_framing);
  RelayPlan& plan = ex.upload;
  plan.from = &session.client;
  plan.in = &session.in;
  plan.pinned = &ex.pinned_request;
  plan.reader = &ex.upload_reader;
  plan.to = &ex.origin->stream;
  plan.arena = &ex.arena;
  plan.prefix = head;
  plan.chunked = ex.upload_framing.kind == BodyKind::Chunked;
  plan.keep_trailers = settings.http.keep_trailers;
  plan.most = plan.chunked ? settings.limits.request_body : 0;
  plan.read_idle = settings.timeouts.body_idle;
  if (http::expectation(ex.request) == http::Expectation::Continue) {
    // The client rightly waits for as long as the origin may take to say 100.
    plan.read_idle = std::max(plan.read_idle, settings.timeouts.origin_head);
  }
  plan.write_idle = settings.timeouts.origin_body_idle;
  plan.min_rate = settings.timeouts.body_min_rate;
  plan.began = session.worker.loop.now();
  plan.read_timeout = Failure::BodyTimeout;
  plan.cut = Failure::ClientCut;
  plan.bad_body = Failure::BadChunk;
  plan.bad_trailer = Failure::BadTrailer;
  plan.too_large = Failure::BodyTooLarge;
  plan.write_broken = Failure::OriginReset;
  plan.write_timeout = Failure::OriginHeadTimeout;
}

// The upload beside the response. What the client did wrong ends the exchange, by closing the
// origin connection under whoever waits for the answer, and without a final chunk. An origin that
// stops taking the body may still answer: that is for the reader of the response to see.
Task<Failure> upload_body(Exchange& ex, Session& session) {
  session.client.limit_reads(ex.limits ? &ex.limits->up : nullptr);
  const Failure why = co_await relay(ex.upload, session.worker.tools);
  session.client.limit_reads(nullptr);
  ex.asked = session.worker.loop.now();
  ex.uploaded = why == Failure::None;
  if (ex.uploaded && ex.course == Course::Open && ex.origin != nullptr) {
    session.client.tie(&ex.origin->stream, Failure::ClientGone);
  }
  if (why != Failure::None && row(why).fault != Fault::Origin && ex.origin != nullptr) {
    ex.origin->stream.reset(why);
  }
  co_return why;
}

Task<Failure> send_request(Exchange& ex, Session& session) {
  const std::string_view head = request_head(ex, session);
  ex.cache.requested = session.worker.loop.wall();
  ex.asked = session.worker.loop.now();
  ex.record.bytes_to_origin += head.size();
  if (has_body(ex)) {
    plan_upload(ex, session, head);
    ex.upload_lane = upload_body(ex, session);
    ex.upload_lane.start();
    co_return Failure::None;
  }
  session.heed_client(ex);
  const Micros idle = session.settings().timeouts.origin_body_idle;
  co_return co_await send_text(ex.origin->stream, head, idle, Failure::OriginReset,
                               Failure::OriginHeadTimeout);
}

void make_room(Exchange& ex, Session& session) {
  Buffer& in = ex.origin_in;
  if (!in.valid()) {
    in = session.worker.buffers.take_small();
  } else if (in.room() == 0) {
    Buffer larger(std::max(2 * in.unread().size(), BufferPool::kSmall));
    in.move_unread_to(larger);
    session.worker.buffers.give(std::move(in));
    in = std::move(larger);
  }
}

// Why the stream gave nothing more: what it was closed with, or what the origin did.
Failure origin_failure(const Exchange& ex, const IoResult& r) {
  if (!ex.origin->stream.is_open()) {
    return ex.origin->stream.closed_why();
  }
  return r.what == Io::End ? Failure::OriginClosed : Failure::OriginReset;
}

// More bytes of the response head.
Task<Failure> read_more(Exchange& ex, Session& session) {
  Worker& worker = session.worker;
  for (;;) {
    make_room(ex, session);
    const IoResult r = ex.origin->stream.read(ex.origin_in.space(), ex.origin_in.room());
    if (r.what == Io::Bytes) {
      if (!ex.response_bytes_seen) {
        ex.record.first_byte = worker.loop.now() - ex.asked;
      }
      ex.response_bytes_seen = true;
      ex.origin_in.added(r.bytes);
      co_return Failure::None;
    }
    if (r.what != Io::WouldBlock) {
      co_return origin_failure(ex, r);
    }
    const Instant until = ex.asked + session.settings().timeouts.origin_head;
    const Failure why = co_await ex.origin->stream.readable(until, Failure::OriginHeadTimeout);
    if (why == Failure::OriginHeadTimeout && !ex.upload_lane.done()) {
      ex.asked = worker.loop.now();  // the body is still on its way and has deadlines of its own
    } else if (why == Failure::OriginHeadTimeout &&
               worker.loop.now() < ex.asked + session.settings().timeouts.origin_head) {
      continue;  // its end has moved the deadline on
    } else if (why != Failure::None) {
      co_return why;
    }
  }
}

Task<Failure> pass_interim(Exchange& ex, Session& session) {
  if (++ex.interim > session.settings().limits.interim_responses) {
    co_return Failure::OriginTooManyInterim;
  }
  if (ex.request.minor == 0 || session.for_nobody()) {
    co_return Failure::None;  // RFC 9110 15.2: HTTP/1.0 knows no interim answers
  }
  http::ResponsePlan plan;
  plan.bodiless = true;
  plan.via = session.setup().pseudonym;
  const std::string_view head = http::write_response(ex.response, plan, ex.arena);
  ex.record.bytes_to_client += head.size();
  co_return co_await send_text(session.client, head, session.settings().timeouts.client_write,
                               Failure::ClientGone, Failure::ClientStalled);
}

// A final head, or 101: how it is framed and whether it may be.
Failure accept_head(Exchange& ex) {
  if (ex.response.status == 101) {
    const std::string_view chosen = ex.response.fields.value(http::FieldId::Upgrade);
    bool asked_for = false;
    http::each_element(ex.upgrade, [&](std::string_view token) {
      asked_for = asked_for || same_ignoring_case(token, chosen);
      return true;
    });
    return asked_for ? Failure::None : Failure::OriginBadUpgrade;
  }
  const bool to_head = ex.request.method_id == http::Method::Head;
  const auto framing = http::response_framing(ex.response, to_head);
  if (!framing) {
    return framing.error();
  }
  ex.download_framing = *framing;
  return Failure::None;
}

Task<Failure> read_response_head(Exchange& ex, Session& session) {
  const Settings::Limits& limits = session.settings().limits;
  const http::HeadLimits head_limits{limits.request_line, limits.head, limits.fields};
  http::HeadScan scan;
  for (;;) {
    const http::Taken taken =
        http::take_response(ex.origin_in.valid() ? ex.origin_in.unread() : std::string_view(), scan,
                            head_limits, ex.response);
    if (taken.progress == http::Progress::Bad) {
      co_return taken.why;
    }
    Failure why = Failure::None;
    if (taken.progress == http::Progress::NeedMore) {
      why = co_await read_more(ex, session);
    } else {
      ex.record.origin_status = ex.response.status;
      ex.record.bytes_from_origin += taken.used;
      ex.origin_in.use(taken.used);
      if (ex.response.status >= 200 || ex.response.status == 101) {
        co_return accept_head(ex);
      }
      scan = http::HeadScan();
      why = co_await pass_interim(ex, session);
    }
    if (why != Failure::None) {
      co_return why;
    }
  }
}

bool may_retry(const Exchange& ex, Failure why) {
  return ex.origin != nullptr && ex.origin->reused && row(why).retry == Retry::IfReused &&
         !ex.response_bytes_seen && http::is_idempotent(ex.request.method_id) &&
         ex.upload_framing.kind == BodyKind::None;
}

// Done with an origin that failed: whatever still uses it is stopped first.
Task<Failure> drop_origin(Exchange& ex, Session& session, Failure why) {
  session.unheed_client();
  Failure upload_why = Failure::None;
  if (ex.origin != nullptr) {
    ex.origin->stream.close(why);
  }
  if (ex.upload_lane.valid()) {
    session.client.stop_reads(why);
    upload_why = co_await std::move(ex.upload_lane);
    session.client.allow_reads();
  }
  if (ex.origin != nullptr) {
    session.worker.pool.give_back(std::exchange(ex.origin, nullptr), false);
  }
  ex.response.clear();  // its fields view the buffer that goes now
  session.worker.buffers.give(std::move(ex.origin_in));
  co_return upload_why;
}

// No answer to be had: something stale may do; those who share the fetch are told.
void give_up(Exchange& ex, Session& session, Failure why) {
  if (row(why).fault != Fault::Origin) {
    end_flight(ex, session, store::FlightState::LookAgain);
    refuse(ex, session, why);
    return;
  }
  const bool timeout = row(why).status == 504;
  // What is wrong with a certificate is for the client to know, whatever is stored.
  const bool certificate = row(why).proxy_status == "tls_certificate_error";
  const bool stale =
      !certificate &&
      serve_stale(ex, session, timeout ? cache::ErrorKind::Timeout : cache::ErrorKind::Unreachable);
  end_flight(ex, session, store::FlightState::Failed, why);
  if (!stale) {
    refuse(ex, session, police_failure(ex, why));
  }
}

}  // namespace

Task<void> fetch(Exchange& ex, Session& session) {
  for (bool fresh = false;; fresh = true) {
    Failure why = co_await obtain(ex, session, fresh);
    if (why == Failure::None && session.gone()) {
      why = Failure::ClientGone;
    }
    if (why == Failure::None) {
      why = co_await send_request(ex, session);
    }
    if (why == Failure::None) {
      why = co_await read_response_head(ex, session);
    }
    if (why == Failure::None) {
      session.unheed_client();
      ex.course = Course::Relay;
      co_return;
    }
    const bool again = !fresh && may_retry(ex, why);
    co_await drop_origin(ex, session, why);
    if (!again) {
      give_up(ex, session, why);
      co_return;
    }
    ex.record.retried = true;
  }
}

}  // namespace weir
