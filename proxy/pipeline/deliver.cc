// SPDX-License-Identifier: Apache-2.0
//
// Stage 4: the answer to the client, an origin's or our own, and what becomes of the two
// connections afterwards. A connection is used again only when everything about the exchange was
// clean; a cut answer looks cut to the client as well.
#include <algorithm>

#include "proxy/base/ascii.h"
#include "proxy/base/assert.h"
#include "proxy/http/forward.h"
#include "proxy/pipeline/answer_stored.h"
#include "proxy/pipeline/body_rules.h"
#include "proxy/pipeline/deliver_stored.h"
#include "proxy/pipeline/limits.h"
#include "proxy/pipeline/send.h"
#include "proxy/pipeline/session.h"
#include "proxy/pipeline/settle.h"
#include "proxy/pipeline/stages.h"
#include "proxy/pipeline/stored_wait.h"
#include "proxy/pipeline/worker.h"

namespace weir {
namespace {

using http::BodyKind;
using http::FieldId;

// How the body goes to the client: with its length, in chunks, or until the connection ends for a
// client that knows neither.
http::Framing framing_for_client(const Exchange& ex) {
  const http::Framing& in = ex.download_framing;
  const bool rewritten = ex.body_rules && ex.body_rules->transform;
  if (in.kind == BodyKind::None || (in.kind == BodyKind::Length && !rewritten)) {
    return in;
  }
  return {ex.request.minor >= 1 ? BodyKind::Chunked : BodyKind::UntilClose, 0};
}

bool upload_complete(const Exchange& ex) {
  return !ex.upload_lane.valid() || ex.uploaded;
}

std::string_view response_head(Exchange& ex, Session& session, const http::Framing& framing) {
  if (ex.cache.takes_part) {
    add_cache_status(ex, session);
  }
  http::ResponsePlan plan;
  plan.framing = framing;
  plan.bodiless = ex.download_framing.kind == BodyKind::None;
  plan.close = !ex.stays;
  plan.keep_alive = ex.stays && ex.request.minor == 0;
  plan.via = session.setup().pseudonym;
  plan.date = session.worker.date.at(session.worker.loop.wall());
  plan.keep_trailers = session.settings().http.keep_trailers;
  if (ex.response.status == 101) {
    plan.upgrade = ex.response.fields.value(FieldId::Upgrade);
  }
  return http::write_response(ex.response, plan, ex.arena);
}

void plan_download(Exchange& ex, Session& session, const http::Framing& framing) {
  const Settings::Timeouts& timeouts = session.settings().timeouts;
  ex.download_reader.begin(ex.download_framing);
  RelayPlan& plan = ex.download;
  plan.from = ex.origin != nullptr ? &ex.origin->stream : nullptr;
  plan.in = &ex.origin_in;
  plan.pinned = &ex.pinned_response;
  plan.in_holds_head = !ex.pinned_response.valid();  // a look at the body may have moved it
  plan.reader = &ex.download_reader;
  plan.to = &session.client;
  plan.arena = &ex.arena;
  plan.prefix = response_head(ex, session, framing);
  plan.chunked = framing.kind == BodyKind::Chunked;
  plan.keep_trailers = session.settings().http.keep_trailers;
  if (ex.body_rules) {
    plan.transform = ex.body_rules->transform.get();
    plan.watch = ex.body_rules.get();
    plan.check_at = ex.body_rules->check_at;
  }
  plan.read_idle = timeouts.origin_body_idle;
  plan.write_idle = timeouts.client_write;
  plan.read_timeout = Failure::OriginBodyTimeout;
  plan.cut = Failure::OriginCut;
  plan.bad_body = Failure::OriginBadBody;
  plan.bad_trailer = Failure::OriginBadBody;
  plan.too_large = Failure::OriginBadBody;
  plan.write_broken = Failure::ClientGone;
  plan.write_timeout = Failure::ClientStalled;
}

// Stops an upload that the answer has overtaken (RFC 9112 9.5): both connections end with it.
Task<void> settle_upload(Exchange& ex, Session& session) {
  if (!ex.upload_lane.valid()) {
    co_return;
  }
  if (!ex.upload_lane.done()) {
    ex.stays = false;
    ex.origin->stream.close(Failure::OriginClosed);
    session.client.stop_reads(Failure::ClientCut);
  }
  co_await std::move(ex.upload_lane);
  session.client.allow_reads();
}

void note_trouble(Exchange& ex, Session& session, Failure why) {
  ex.failure = why;
  ex.record.failure = why;
  ex.stays = false;
  session.client.reset(why);
}

Task<void> deliver_reply(Exchange& ex, Session& session) {
  const Micros idle = session.settings().timeouts.client_write;
  ex.record.bytes_to_client += ex.reply.size();
  const Failure why = co_await send_text(session.client, ex.reply, idle, Failure::ClientGone,
                                         Failure::ClientStalled);
  if (why != Failure::None) {
    ex.stays = false;
    session.client.close(why);
  }
}

Task<void> deliver_switch(Exchange& ex, Session& session) {
  const std::string_view head = response_head(ex, session, {});
  const Micros idle = session.settings().timeouts.client_write;
  ex.record.bytes_to_client += head.size();
  ex.record.status = 101;
  const Failure why =
      co_await send_text(session.client, head, idle, Failure::ClientGone, Failure::ClientStalled);
  if (why != Failure::None) {
    note_trouble(ex, session, why);
    settle_origin(ex, session, false);
    co_return;
  }
  ex.course = Course::Tunnel;
}

// What a fault of the body is called when it came with the head, of which nothing has been sent
// yet.
Failure told_before_the_head(Failure why) {
  switch (why) {
    case Failure::OriginBadBody:
      return Failure::OriginBadFraming;
    case Failure::OriginCut:
      return Failure::OriginClosed;
    case Failure::OriginBodyTimeout:
      return Failure::OriginHeadTimeout;
    default:
      return why;
  }
}

Task<void> deliver_response(Exchange& ex, Session& session) {
  const http::Framing framing = framing_for_client(ex);
  ex.stays = ex.client_wants_to_stay && upload_complete(ex) &&
             framing.kind != BodyKind::UntilClose && !session.worker.draining();
  plan_download(ex, session, framing);
  ex.record.status = ex.response.status;
  ex.record.served_by = ex.parent != nullptr ? ServedBy::Parent : ServedBy::Origin;
  session.client.tie(&ex.origin->stream, Failure::ClientGone);
  ex.origin->stream.limit_reads(ex.limits ? &ex.limits->down : nullptr);
  const Instant began = session.worker.loop.now();
  const Failure why = co_await relay(ex.download, session.worker.tools);
  ex.record.body = session.worker.loop.now() - began;
  ex.origin->stream.limit_reads(nullptr);
  session.client.tie(nullptr, Failure::None);
  const bool uploaded = upload_complete(ex);
  const bool can_still_tell = why != Failure::None && ex.download.sent == 0 &&
                              (row(why).fault == Fault::Origin || why == Failure::BodyTooDense);
  if (why != Failure::None && !can_still_tell) {
    // The reason may lie with the upload: a client that broke its own request.
    note_trouble(ex, session, why);
  }
  co_await settle_upload(ex, session);
  settle_origin(ex, session, why == Failure::None && uploaded);
  if (can_still_tell) {
    refuse(ex, session, told_before_the_head(why));
    ex.stays = false;
    co_await deliver_reply(ex, session);
  }
}

// A body out of the cache that rules change or count on its way.
Task<Failure> relay_stored(Exchange& ex, Session& session, const http::Framing& framing) {
  StoredPull pull{ex, session, StoredSource(ex.cache)};
  plan_download(ex, session, framing);
  ex.download.pull = &pull;
  ex.download.in_holds_head = false;
  const Failure why = co_await relay(ex.download, session.worker.tools);
  ex.download.pull = nullptr;
  co_return why;
}

Task<void> deliver_stored(Exchange& ex, Session& session) {
  const http::Framing framing = framing_for_client(ex);
  ex.stays = ex.client_wants_to_stay && (!has_body(ex) || ex.uploaded) &&
             framing.kind != BodyKind::UntilClose && !session.worker.draining();
  ex.record.status = ex.response.status;
  const Instant began = session.worker.loop.now();
  Failure why = Failure::None;
  if (ex.body_rules) {
    why = co_await relay_stored(ex, session, framing);
  } else {
    const std::string_view head = response_head(ex, session, framing);
    why = co_await send_stored(ex, session, head, framing.kind == BodyKind::Chunked);
  }
  ex.record.body = session.worker.loop.now() - began;
  ex.cache.follower.reset();
  if (ex.upload_lane.valid()) {
    co_await std::move(ex.upload_lane);
    session.client.allow_reads();
  }
  if (why == Failure::None) {
    co_return;
  }
  if (ex.download.sent == 0 && row(why).fault != Fault::Client) {
    refuse(ex, session, told_before_the_head(why));
    ex.stays = false;
    co_await deliver_reply(ex, session);
  } else {
    note_trouble(ex, session, why);
  }
}

}  // namespace

Task<void> deliver(Exchange& ex, Session& session) {
  switch (ex.course) {
    case Course::Reply:
      return deliver_reply(ex, session);
    case Course::Relay:
      return ex.response.status == 101 ? deliver_switch(ex, session)
                                       : deliver_response(ex, session);
    case Course::Stored:
      return deliver_stored(ex, session);
    case Course::Open:
    case Course::Tunnel:
    case Course::Drop:
      break;
  }
  WEIR_ASSERT(false && "a course with an answer");
}

}  // namespace weir
