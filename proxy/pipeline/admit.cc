// SPDX-License-Identifier: Apache-2.0
//
// See admit.h.
#include "proxy/pipeline/admit.h"

#include <algorithm>
#include <array>
#include <utility>

#include "proxy/cache/invalidation.h"
#include "proxy/cache/storage.h"
#include "proxy/cache/vary.h"
#include "proxy/pipeline/answer_stored.h"
#include "proxy/pipeline/fill.h"
#include "proxy/pipeline/keep_entry.h"
#include "proxy/pipeline/look_up.h"
#include "proxy/pipeline/session.h"
#include "proxy/pipeline/settle.h"
#include "proxy/pipeline/worker.h"

namespace weir {
namespace {

using cache::Reason;
using http::BodyKind;
using store::Entry;
using store::EntryPtr;

cache::Exchanged times(const Exchange& ex, const Session& session) {
  return {ex.cache.requested, session.worker.loop.wall()};
}

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

// `old`, brought up to date by the present response, under the present request's variant.
std::shared_ptr<Entry> updated(Exchange& ex, Session& session, const Entry& old) {
  http::ResponseHead merged;
  merged.status = old.head.status;
  merged.reason = old.head.reason;
  merged.minor = old.head.minor;
  cache::merge_fields(old.head, ex.response, merged.fields);
  const auto directives = cache::read_response_directives(merged.fields);
  const cache::Freshness freshness =
      cache::read_freshness(merged, directives, times(ex, session),
                            session.worker.shared.cache_rules, ex.cache.overrides);
  EntryNames names;
  names.url = old.url;
  names.vary = cache::vary_text(merged.fields, ex.arena);
  names.variant = names.vary.empty() || names.vary == "*"
                      ? ""
                      : cache::variant_text(names.vary, ex.request.fields, ex.arena);
  http::Fields kept;
  cache::stored_fields(merged, freshness, ex.arena, kept);
  std::shared_ptr<Entry> fresh = make_entry(names, merged, kept, freshness);
  if (fresh != nullptr) {
    fresh->length = old.length;
    fresh->address = old.address;
    fresh->runs = old.runs;
  }
  return fresh;
}

// Puts it into the store: in place of the old one, or beside it as another variant of one body.
void keep_updated(Session& session, const EntryPtr& old, const EntryPtr& fresh) {
  store::Store& store = *session.worker.shared.store;
  const bool forbidden =
      cache::read_response_directives(fresh->head.fields).no_store || fresh->vary == "*";
  if (forbidden) {
    store.erase(old);
  } else if (fresh->variant == old->variant && fresh->vary == old->vary) {
    store.update(old, fresh);
  } else {
    store.keep(fresh);
  }
}

// Whom the 304 is about, among those that were asked about.
EntryPtr validated(const Exchange& ex) {
  const CacheUse& use = ex.cache;
  std::array<cache::Candidate, store::kMostVariants> candidates;
  std::array<EntryPtr, store::kMostVariants> entries;
  std::size_t n = 0;
  for (const EntryPtr& entry : use.group->entries) {
    if (n < entries.size() && entry->complete() && entry->head.status != 206) {
      candidates[n] = {&entry->head, &entry->freshness, entry == use.entry};
      entries[n++] = entry;
    }
  }
  const std::size_t chosen = cache::select_by_304(ex.response, {candidates.data(), n});
  return chosen == cache::kNoCandidate ? nullptr : entries[chosen];
}

// The origin's 304: what is stored serves. Where it fits nothing, the origin is asked again.
void take_validation(Exchange& ex, Session& session) {
  CacheUse& use = ex.cache;
  const EntryPtr old = validated(ex);
  EntryPtr fresh = old == nullptr ? nullptr : updated(ex, session, *old);
  settle_origin(ex, session, true);
  if (fresh == nullptr) {
    use.validating = false;
    use.entry.reset();
    ex.course = Course::Open;
    return;
  }
  keep_updated(session, old, fresh);
  use.entry = std::move(fresh);
  use.validating = false;
  const WallTime now = session.worker.loop.wall();
  cache::ReuseVerdict verdict;
  verdict.reason = Reason::Validated;
  verdict.age = cache::current_age(use.entry->freshness, now);
  verdict.ttl = cache::ttl(use.entry->freshness, now);
  const bool answered = answer_from_entry(ex, session, verdict);
  end_flight(ex, session, store::FlightState::LookAgain);
  if (!answered) {
    ex.course = Course::Open;
    use.entry.reset();
    return;
  }
  use.result = use.result == "not_modified" ? "not_modified" : "revalidated";
  use.stored = true;
}

void learn_from_head(Exchange& ex, Session& session) {
  CacheUse& use = ex.cache;
  const EntryPtr entry = use.entry;
  if (!entry || !entry->complete()) {
    return;
  }
  switch (cache::effect_of_head(ex.response, entry->head, entry->length)) {
    case cache::HeadEffect::Nothing:
      return;
    case cache::HeadEffect::Invalidate:
      session.worker.shared.store->erase(entry);
      return;
    case cache::HeadEffect::Freshen:
      if (const EntryPtr fresh = updated(ex, session, *entry)) {
        keep_updated(session, entry, fresh);
      }
  }
}

cache::StoreVerdict judge(Exchange& ex, Session& session) {
  const CacheUse& use = ex.cache;
  cache::StoreQuestion question{
      use.asked,
      use.key,
      ex.response,
      cache::read_response_directives(ex.response.fields),
      times(ex, session),
      cache::kLengthUnknown,
      false,
      session.worker.shared.cache_rules,
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
    if (ex.parent == nullptr) {
      entry->address = ex.record.destination.address;
    }
    entry->length = cache::kCompleteUnknown;
    if (ex.download_framing.kind != BodyKind::Chunked &&
        ex.download_framing.kind != BodyKind::UntilClose) {
      entry->length = ex.download_framing.length;
    }
  }
  return entry;
}

// A part goes to the client as the origin sent it, whatever else is stored.
void answer_with_part(Exchange& ex, std::uint32_t age) {
  CacheUse& use = ex.cache;
  ex.response.fields.lines = use.entry->head.fields.lines;
  ex.response.fields.lines.push_back({"Age", cache::age_text(age, ex.arena), http::FieldId::Age});
  ex.response.reason = use.entry->head.reason;
  use.pieces.clear();
  use.pieces.push_back({{}, 0, ex.download_framing.length});
  use.follower.emplace(use.filling, 0);
  ex.course = Course::Stored;
}

// From here on the body comes by itself, and this client is one of its readers.
void start_fill(Exchange& ex, Session& session, const cache::StoreVerdict& verdict) {
  CacheUse& use = ex.cache;
  std::shared_ptr<Entry> entry = draft(ex, verdict);
  std::uint64_t first = 0;
  if (entry != nullptr && verdict.partial) {
    const auto part =
        cache::parse_content_range(ex.response.fields.value(http::FieldId::ContentRange));
    first = part->range.first;
    entry->length = part->complete;
  }
  if (entry == nullptr || (verdict.partial && entry->length == cache::kCompleteUnknown)) {
    end_flight(ex, session, store::FlightState::Alone);
    return;
  }
  std::optional<std::uint64_t> length;
  if (ex.download_framing.kind == BodyKind::Length || ex.download_framing.kind == BodyKind::None) {
    length = ex.download_framing.length;
  }
  FillPlan plan;
  plan.origin_stays = origin_may_stay(ex) && !ex.origin->personal && !binds_connection(ex);
  plan.origin = std::exchange(ex.origin, nullptr);
  plan.in = std::move(ex.origin_in);
  plan.framing = ex.download_framing;
  plan.entry = entry;
  plan.first = first;
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
    answer_with_part(ex, cache::current_age(verdict.freshness, session.worker.loop.wall()));
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
  ex.record.served_by = ex.parent != nullptr ? ServedBy::Parent : ServedBy::Origin;
  if (use.leads) {
    use.leads = false;
    use.flight->answered(entry, plan.filling);
  }
  (new Fill(session.worker, std::move(plan)))->run();  // deletes itself
}

}  // namespace

void admit(Exchange& ex, Session& session) {
  CacheUse& use = ex.cache;
  if (ex.response.status == 101) {
    end_flight(ex, session, store::FlightState::Alone);
    return;
  }
  forget_what_changed(ex, session);
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
  const bool too_large = verdict.store && ex.download_framing.kind == BodyKind::Length &&
                         !session.worker.shared.store->fits(ex.download_framing.length);
  if (use.forward == cache::Forward::None || !use.asked.answerable() || !verdict.store) {
    use.reason = verdict.reason;
  }
  const bool uploading = ex.upload_lane.valid() && !ex.uploaded;
  if (!verdict.store || too_large || uploading) {
    use.reason = too_large ? Reason::TooLarge : verdict.reason;
    end_flight(ex, session, store::FlightState::Alone);
    if (use.entry && ex.response.status < 400 && use.asked.method == http::Method::Get) {
      session.worker.shared.store->erase(use.entry);  // it has been replaced by what is not kept
      use.entry.reset();
    }
    return;
  }
  start_fill(ex, session, verdict);
}

}  // namespace weir
