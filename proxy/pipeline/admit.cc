// SPDX-License-Identifier: Apache-2.0
//
// See admit.h.
#include "proxy/pipeline/admit.h"

#include <utility>

#include "filters/policy/policy.h"
#include "proxy/cache/invalidation.h"
#include "proxy/cache/storage.h"
#include "proxy/cache/vary.h"
#include "proxy/pipeline/answer_stored.h"
#include "proxy/pipeline/describe.h"
#include "proxy/pipeline/fill.h"
#include "proxy/pipeline/keep_entry.h"
#include "proxy/pipeline/look_up.h"
#include "proxy/pipeline/session.h"
#include "proxy/pipeline/settle.h"
#include "proxy/pipeline/share_answer.h"
#include "proxy/pipeline/snapshot.h"
#include "proxy/pipeline/validate.h"
#include "proxy/pipeline/worker.h"

namespace weir {
namespace {

using cache::Reason;
using http::BodyKind;
using http::FieldId;
using store::Entry;

void forget_what_changed(Exchange& ex, Session& session) {
  const cache::Invalidated gone =
      cache::invalidates(ex.request.method_id, ex.response.status)
          ? cache::keys_to_invalidate(ex.request.method_id, ex.cache.key, ex.response, ex.arena)
          : cache::Invalidated{};
  for (const std::string_view key : gone.all()) {
    if (session.worker.shared.store->erase(key)) {
      session.worker.metrics.add(metric::CacheInvalidations);
    }
  }
  if (!ex.cache.asked.answerable()) {
    // What this very exchange has erased must not keep its own answer out.
    ex.cache.erasures = session.worker.shared.store->memory.erasures(ex.cache.hash);
  }
}

// What rules about the response's head say of caching; of its body they are asked when it is sent.
void hear_response_rules(Exchange& ex) {
  if (!ex.rules) {
    return;
  }
  read_overrides(ex, ex.verdict);
  if (ex.rules->policy->has_phase(filters::Phase::Response)) {
    describe_response_to_rules(ex);
    filters::Verdict verdict = ex.verdict;
    ex.rules->policy->judge(filters::Phase::Response, ex.subject, ex.arena, verdict);
    read_overrides(ex, verdict);
  }
}

cache::StoreVerdict judge(Exchange& ex, Session& session) {
  const CacheUse& use = ex.cache;
  if (ex.origin->personal || binds_connection(ex)) {
    cache::StoreVerdict out;
    out.reason = Reason::Authorization;  // it was the connection that was authorised
    return out;
  }
  cache::StoreQuestion question{
      use.asked,
      use.key,
      ex.response,
      cache::read_response_directives(ex.response.fields),
      times_of(ex, session),
      cache::kLengthUnknown,
      false,
      session.setup().cache_rules,
      use.overrides,
  };
  if (ex.download_framing.kind == BodyKind::Length) {
    question.length = static_cast<std::int64_t>(ex.download_framing.length);
  } else if (ex.download_framing.kind == BodyKind::None) {
    question.length = 0;
  }
  return cache::may_store(question);
}

std::shared_ptr<Entry> draft(Exchange& ex, const cache::StoreVerdict& verdict) {
  EntryNames names;
  names.url = ex.cache.key;
  names.vary = cache::vary_text(ex.response.fields, ex.arena);
  if (!names.vary.empty()) {
    names.variant = cache::variant_text(names.vary, ex.request.fields, ex.arena);
  }
  http::Fields kept;
  cache::stored_fields(ex.response, verdict.freshness, ex.arena, kept);
  std::shared_ptr<Entry> entry = make_entry(names, ex.response, kept, verdict.freshness);
  if (entry != nullptr) {
    note_where_from(ex, entry->freshness);
    entry->length = cache::kCompleteUnknown;
    if (ex.download_framing.kind != BodyKind::Chunked &&
        ex.download_framing.kind != BodyKind::UntilClose) {
      entry->length = ex.download_framing.length;
    }
  }
  return entry;
}

// A part goes to the client as the origin sent it, whatever else is stored.
void answer_with_part(Exchange& ex, std::uint64_t size, std::uint32_t age) {
  CacheUse& use = ex.cache;
  ex.download_framing = {BodyKind::Length, size};
  ex.response.fields.lines = use.entry->head.fields.lines;
  ex.response.fields.lines.push_back({"Age", cache::age_text(age, ex.arena), http::FieldId::Age});
  ex.response.reason = use.entry->head.reason;
  use.pieces.clear();
  use.pieces.push_back({{}, 0, size});
  use.follower.emplace(use.filling, 0);
  ex.course = Course::Stored;
}

// From here on the body comes by itself, and this client is one of its readers.
void start_fill(Exchange& ex, Session& session, const cache::StoreVerdict& verdict) {
  CacheUse& use = ex.cache;
  std::shared_ptr<Entry> entry = draft(ex, verdict);
  FillPlan plan;
  if (entry != nullptr && verdict.partial) {
    const auto part =
        cache::parse_content_range(ex.response.fields.value(http::FieldId::ContentRange));
    plan.first = part->range.first;
    plan.size = part->range.size();
    entry->length = part->complete;
  }
  if (entry == nullptr || (verdict.partial && entry->length == cache::kCompleteUnknown)) {
    leave_alone(ex, session);
    return;
  }
  std::optional<std::uint64_t> length;
  if (ex.download_framing.kind == BodyKind::Length || ex.download_framing.kind == BodyKind::None) {
    length = ex.download_framing.length;
  }
  const std::vector<http::Field> cookies = cookies_of(ex);
  plan.origin_stays = origin_may_stay(ex) && !ex.origin->personal && !binds_connection(ex);
  plan.origin = std::exchange(ex.origin, nullptr);
  plan.in = std::move(ex.origin_in);
  plan.framing = ex.download_framing;
  plan.entry = entry;
  plan.filling = std::make_shared<store::Filling>(session.worker.shared.store->plan(length));
  plan.flight = use.leads ? use.flight : nullptr;
  plan.hash = use.hash;
  plan.erasures = use.erasures;
  plan.background = use.background;
  use.entry = entry;
  use.filling = plan.filling;
  use.own_fill = true;
  use.stored = true;
  use.validating = false;
  session.worker.metrics.add(metric::CacheStored);
  if (verdict.partial) {
    answer_with_part(ex, *plan.size,
                     cache::current_age(verdict.freshness, session.worker.loop.wall()));
  } else {
    const WallTime now = session.worker.loop.wall();
    cache::ReuseVerdict reuse;
    reuse.reason = verdict.reason;
    reuse.age = cache::current_age(verdict.freshness, now);
    reuse.ttl = cache::ttl(verdict.freshness, now);
    const std::string_view result = use.result;
    answer_from_entry(ex, session, reuse);
    use.result = result;
  }
  add_lines(ex, cookies);
  ex.record.served_by = ex.parent != nullptr ? ServedBy::Parent : ServedBy::Origin;
  if (use.leads && serves_others(entry->freshness, session.worker.loop.wall())) {
    use.leads = false;
    use.flight->answered(entry, plan.filling);
  } else if (use.leads) {
    plan.flight.reset();
    free_followers(ex, session, entry->freshness);
  }
  (new Fill(session.worker, std::move(plan)))->run();  // deletes itself
}

}  // namespace

void admit(Exchange& ex, Session& session) {
  CacheUse& use = ex.cache;
  if (ex.response.status == 101) {
    leave_alone(ex, session);
    return;
  }
  forget_what_changed(ex, session);
  hear_response_rules(ex);
  if (use.validating && ex.response.status == 304) {
    take_validation(ex, session);
    return;
  }
  if (use.validating || use.entry) {
    use.result = "refreshed";
    if (cache::is_error_status(ex.response.status) &&
        serve_stale(ex, session, cache::ErrorKind::Status5xx)) {
      session.worker.pool.give_back(std::exchange(ex.origin, nullptr), false);
      end_flight(ex, session, store::FlightState::Failed, Failure::OriginClosed);
      return;
    }
  }
  if (ex.request.method_id == http::Method::Head) {
    learn_from_head(ex, session);
  }
  const cache::StoreVerdict verdict = judge(ex, session);
  const bool other = !key_still_holds(ex);
  const bool too_large = verdict.store && ex.download_framing.kind == BodyKind::Length &&
                         !session.worker.shared.store->fits(ex.download_framing.length);
  if (use.forward == cache::Forward::None || !use.asked.answerable() || !verdict.store) {
    use.reason = verdict.reason;
  }
  const bool uploading = ex.upload_lane.valid() && !ex.uploaded;
  if (!verdict.store || too_large || uploading || other) {
    use.reason = too_large ? Reason::TooLarge : verdict.reason;
    session.worker.shared.store->reasons.note(use.hash, use.reason, session.worker.loop.wall());
    leave_alone(ex, session);
    if (use.entry && ex.response.status < 400 && use.asked.method == http::Method::Get) {
      session.worker.shared.store->erase(use.entry);  // it has been replaced by what is not kept
      use.entry.reset();
    }
    return;
  }
  start_fill(ex, session, verdict);
}

}  // namespace weir
