// SPDX-License-Identifier: Apache-2.0
//
// See answer.h.
#include "proxy/pipeline/answer.h"

#include "proxy/pipeline/block.h"
#include "proxy/pipeline/inside.h"
#include "proxy/pipeline/session.h"
#include "proxy/pipeline/stages.h"
#include "proxy/pipeline/worker.h"

namespace weir {
namespace {

using http::Method;

// May the connection go on behind an answer of ours? Only when nothing of the request is unread.
bool may_stay(const Exchange& ex, const Session& session) {
  const bool page_only = session.inside != nullptr && session.inside->blocked_by != nullptr;
  return ex.client_wants_to_stay && !has_body(ex) && ex.request.method_id != Method::Connect &&
         !page_only && !session.worker.draining();
}

}  // namespace

http::ReplyPlan reply_plan(Exchange& ex, Session& session, bool closes) {
  ex.stays = !closes && may_stay(ex, session);
  http::ReplyPlan plan;
  plan.page = http::preferred_page(ex.request.fields);
  plan.to_head = ex.request.method_id == Method::Head;
  plan.close = !ex.stays;
  plan.keep_alive = ex.stays && ex.request.minor == 0;
  plan.realm = session.settings().auth.realm;
  plan.pseudonym = session.setup().pseudonym;
  plan.date = session.worker.date.at(session.worker.loop.wall());
  plan.request_id = ex.record.id;
  return plan;
}

void answer(Exchange& ex, std::string_view reply, std::uint16_t status) {
  ex.reply = reply;
  ex.record.status = status;
  ex.record.served_by = ServedBy::Us;
  ex.course = Course::Reply;
}

void answer_here(Exchange& ex, Session& session) {
  const http::ReplyPlan plan = reply_plan(ex, session);
  constexpr std::string_view kAllow = "Allow: GET, HEAD, POST, PUT, DELETE, OPTIONS, CONNECT\r\n";
  const std::string_view reply =
      ex.request.method_id == Method::Trace
          ? http::write_answer("message/http", http::trace_body(ex.request, ex.arena), "", plan,
                               ex.arena)
          : http::write_answer("", "", kAllow, plan, ex.arena);
  answer(ex, reply, 200);
}

void refuse(Exchange& ex, Session& session, Failure why) {
  if (why == Failure::Blocked && ex.rules) {
    answer_by_rule(ex, session);
    return;
  }
  const FailureRow& r = row(why);
  ex.failure = why;
  ex.record.failure = why;
  if (r.status == 0) {
    ex.stays = false;
    ex.course = Course::Drop;
    return;
  }
  const http::ReplyPlan plan = reply_plan(ex, session, r.closes);
  answer(ex, http::write_refusal(why, plan, ex.arena), r.status);
}

void end_tunnel(Exchange& ex, Session& session, Failure why) {
  if (ex.origin != nullptr) {
    session.worker.pool.give_back(std::exchange(ex.origin, nullptr), false);
  }
  ex.failure = why;
  ex.record.kind = RecordKind::Tunnel;
  ex.stays = false;
  ex.course = Course::Drop;
}

}  // namespace weir
