// SPDX-License-Identifier: Apache-2.0
//
// See block.h.
#include "proxy/pipeline/block.h"

#include <ctime>
#include <string>

#include "filters/classify.h"
#include "filters/policy/policy.h"
#include "proxy/http/block_page.h"
#include "proxy/http/neutral.h"
#include "proxy/pipeline/adjust.h"
#include "proxy/pipeline/answer.h"
#include "proxy/pipeline/session.h"
#include "proxy/pipeline/snapshot.h"
#include "proxy/pipeline/worker.h"

namespace weir {
namespace {

using filters::BlockBody;
using filters::Decision;
using filters::ResourceKind;
using http::BlockShape;

constexpr std::uint16_t kForbidden = 403;
constexpr std::uint16_t kMultipleChoices = 300;
constexpr std::uint16_t kFound = 302;

// "UTC" or "+05:30". The name that the C library keeps for the zone is shared between threads.
std::string_view offset_name(Micros offset, Arena& arena) {
  if (offset == 0) {
    return "UTC";
  }
  const Micros minutes = (offset < 0 ? -offset : offset) / (60 * kSecond);
  const auto two_digits = [](Micros n) {
    return std::string{static_cast<char>('0' + n / 10), static_cast<char>('0' + n % 10)};
  };
  const std::string hours = two_digits(minutes / 60);
  const std::string rest = two_digits(minutes % 60);
  return arena.join({offset < 0 ? "-" : "+", hours, ":", rest});
}

// The time as this machine's clock on the wall shows it.
http::LocalTime local(WallTime at, Arena& arena) {
  const std::time_t seconds = at.us / kSecond;
  std::tm parts{};
  if (::localtime_r(&seconds, &parts) == nullptr) {
    return {at, 0, "UTC"};
  }
  const Micros offset = parts.tm_gmtoff * kSecond;
  return {at, offset, offset_name(offset, arena)};
}

// What would be least noticed in the place of what a page embeds.
BlockShape shape_for(ResourceKind kind) {
  switch (kind) {
    case ResourceKind::Image:
      return BlockShape::Pixel;
    case ResourceKind::Script:
    case ResourceKind::Stylesheet:
    case ResourceKind::Font:
    case ResourceKind::Media:
    case ResourceKind::Object:
    case ResourceKind::Ping:
    case ResourceKind::CspReport:
      return BlockShape::Empty;
    default:
      return BlockShape::Page;
  }
}

BlockShape shape_of(const filters::Action* action, ResourceKind kind) {
  switch (action == nullptr ? BlockBody::Auto : action->body) {
    case BlockBody::Auto:
      return shape_for(kind);
    case BlockBody::Page:
      return BlockShape::Page;
    case BlockBody::Empty:
      return BlockShape::Empty;
    case BlockBody::Pixel:
      return BlockShape::Pixel;
  }
  return BlockShape::Page;
}

std::string_view type_for(ResourceKind kind) {
  switch (kind) {
    case ResourceKind::Script:
      return "text/javascript";
    case ResourceKind::Stylesheet:
      return "text/css";
    default:
      return {};
  }
}

http::BlockNote note_of(Exchange& ex, WallTime now) {
  const filters::Policy& policy = *ex.rules->policy;
  const filters::Verdict& verdict = ex.verdict;
  http::BlockNote note;
  note.status = kForbidden;
  if (verdict.rule != UINT32_MAX) {
    const filters::RuleDocument& rule = policy.rule(verdict.rule);
    note.rule = rule.id;
    note.description = rule.description;
  }
  if (const auto end = policy.ends(verdict, ex.subject, ex.arena)) {
    note.until = {end->at, end->utc_offset, offset_name(end->utc_offset, ex.arena)};
  }
  if (verdict.action != nullptr) {
    note.message = verdict.action->message;
    // The status of a redirect would promise a Location, which a CONNECT cannot be given; one of
    // success, the tunnel itself.
    const std::uint16_t told = verdict.action->status;
    const bool fits = verdict.decision == Decision::Block && told != 0 &&
                      !(ex.subject.host_only && told < kMultipleChoices);
    note.status = fits ? told : kForbidden;
  }
  note.host = ex.subject.host;
  note.url = ex.subject.host_only ? std::string_view() : ex.subject.url;
  note.list = verdict.hit.list_name;
  note.line_number = verdict.hit.line;
  note.line = verdict.hit.text();
  note.ask = policy.document().ask;
  note.now = local(now, ex.arena);
  return note;
}

void write_block_page(Exchange& ex, Session& session) {
  const http::BlockNote note = note_of(ex, session.worker.loop.wall());
  http::BlockPlan plan;
  plan.reply = reply_plan(ex, session);
  plan.language = http::preferred_language(ex.request.fields);
  plan.shape = shape_of(ex.verdict.action, ex.subject.kind);
  plan.empty_type = type_for(ex.subject.kind);
  plan.to_connect = ex.subject.host_only;
  if (ex.verdict.rule != UINT32_MAX) {
    plan.custom = ex.rules->pages[ex.verdict.rule].get();
  }
  answer(ex, http::write_block(note, plan, ex.arena), note.status);
}

void write_redirect(Exchange& ex, Session& session) {
  const filters::Action& action = *ex.verdict.action;
  http::Refusal refusal;
  refusal.status = action.status != 0 ? action.status : kFound;
  refusal.error = row(Failure::Blocked).proxy_status;
  refusal.details = http::blocked_details(ex.rules->policy->rule(ex.verdict.rule).id, ex.arena);
  refusal.more_fields = ex.arena.join({"Location: ", action.to, "\r\n"});
  answer(ex, http::write_refusal(refusal, reply_plan(ex, session), ex.arena), refusal.status);
}

// Whether a list wants the page to find a neutral resource in place of what it asked for.
bool stands_in(const Exchange& ex) {
  return !ex.verdict.redirect.empty() && !ex.subject.host_only &&
         !http::find_neutral(ex.verdict.redirect).none;
}

}  // namespace

void answer_by_rule(Exchange& ex, Session& session) {
  if (!ex.rules->policy->needs_page()) {  // else it is known
    filters::classify(ex.subject, ex.arena);
  }
  ex.failure = Failure::Blocked;
  ex.record.failure = Failure::Blocked;
  take_words(ex);
  if (ex.verdict.decision == Decision::Close) {
    ex.stays = false;
    ex.course = Course::Drop;
  } else if (ex.verdict.decision == Decision::Redirect && !ex.subject.host_only) {
    write_redirect(ex, session);
  } else if (stands_in(ex)) {
    const http::ReplyPlan plan = reply_plan(ex, session);
    answer(ex, http::write_neutral(http::find_neutral(ex.verdict.redirect), plan, ex.arena), 200);
  } else {
    write_block_page(ex, session);
  }
}

}  // namespace weir
