// SPDX-License-Identifier: Apache-2.0
//
// See admit.h.
#include "proxy/pipeline/admit.h"

#include <algorithm>
#include <array>
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
#include "proxy/pipeline/snapshot.h"
#include "proxy/pipeline/worker.h"

namespace weir {
namespace {

using cache::Reason;
using http::BodyKind;
using http::FieldId;
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

void note_where_from(const Exchange& ex, cache::Freshness& freshness) {
  freshness.came_from = ex.parent != nullptr ? cache::CameFrom::Parent : cache::CameFrom::Address;
  freshness.address = ex.record.destination.address;
}

// A cookie in a validation's answer is for whoever asked; what is shared stays without it.
http::ResponseHead shareable(const http::ResponseHead& answer) {
  http::ResponseHead out = answer;
  std::erase_if(out.fields.lines,
                [](const http::Field& line) { return line.id == FieldId::SetCookie; });
  return out;
}

// May the stored response be kept with what the origin now says of it? By all the clauses that a
// new one has to pass.
cache::StoreVerdict judge_merged(const Exchange& ex, const Session& session,
                                 const http::ResponseHead& merged, const Entry& old) {
  cache::Asked asked = ex.cache.asked;
  asked.method = http::Method::Get;
  asked.range = false;
  const cache::StoreQuestion question{
      asked,
      ex.cache.key,
      merged,
      cache::read_response_directives(merged.fields),
      times(ex, session),
      static_cast<std::int64_t>(old.length),
      false,
      session.setup().cache_rules,
      ex.cache.overrides,
  };
  return cache::may_store(question);
}

// `old`, brought up to date by the present response, under the present request's variant. `keeps`:
// whether it may go on being stored.
std::shared_ptr<Entry> updated(Exchange& ex, Session& session, const Entry& old, bool& keeps) {
  http::ResponseHead merged;
  merged.status = old.head.status;
  merged.reason = old.head.reason;
  merged.minor = old.head.minor;
  const http::ResponseHead answer = shareable(ex.response);
  cache::merge_fields(old.head, answer, merged.fields);
  keeps = judge_merged(ex, session, merged, old).store && key_still_holds(ex);
  cache::Freshness freshness =
      cache::read_freshness(merged, cache::read_response_directives(merged.fields),
                            times(ex, session), session.setup().cache_rules, ex.cache.overrides);
  note_where_from(ex, freshness);
  EntryNames names;
  names.url = old.url;
  names.vary = cache::vary_text(merged.fields, ex.arena);
  if (names.vary == "*") {
    keeps = false;
  } else if (!names.vary.empty()) {
    names.variant = cache::variant_text(names.vary, ex.request.fields, ex.arena);
  }
  http::Fields kept;
  cache::stored_fields(merged, freshness, ex.arena, kept);
  std::shared_ptr<Entry> fresh = make_entry(names, merged, kept, freshness);
  if (fresh != nullptr) {
    fresh->length = old.length;
    fresh->runs = old.runs;
  }
  return fresh;
}

// Puts it into the store: in place of the old one, or beside it as another variant of one body.
void keep_updated(const Exchange& ex, Session& session, const EntryPtr& old, const EntryPtr& fresh,
                  bool keeps) {
  store::Store& store = *session.worker.shared.store;
  if (!keeps) {
    store.erase(old);
  } else if (fresh->variant == old->variant && fresh->vary == old->vary) {
    store.update(old, fresh);
  } else {
    store.keep(fresh, ex.cache.erasures);
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

// Before the origin is asked a second time: nothing of its first answer is left.
void ask_again(Exchange& ex, Session& session) {
  CacheUse& use = ex.cache;
  use.validating = false;
  use.entry.reset();
  ex.response.clear();
  session.worker.buffers.give(std::move(ex.origin_in));
  ex.response_bytes_seen = false;
  ex.interim = 0;
  ex.record.origin_status = 0;
  ex.course = Course::Open;
}

// What a plain GET may be given without asking: such an answer may be shared as it arrives.
bool serves_others(const cache::Freshness& freshness, WallTime now) {
  cache::Asked plain;
  plain.method = http::Method::Get;
  return freshness.from != cache::LifetimeFrom::Forced &&
         cache::may_reuse(plain, freshness, now).usable();
}

// It serves nobody else now. Will its like, once it has been validated?
void free_followers(Exchange& ex, Session& session, const cache::Freshness& freshness) {
  if (freshness.no_cache || freshness.lifetime == 0) {
    leave_alone(ex, session);
  } else {
    end_flight(ex, session, store::FlightState::Alone);
  }
}

// The cookies that go to the client that asked and nowhere else: those of a 304, and those that
// no-cache="Set-Cookie" or private="Set-Cookie" keeps out of the store.
std::vector<http::Field> cookies_of(Exchange& ex) {
  std::vector<http::Field> out;
  if (ex.response.status != 304 && !cache::restricts_field(ex.response.fields, "Set-Cookie")) {
    return out;
  }
  for (const http::Field& line : ex.response.fields.lines) {
    if (line.id == FieldId::SetCookie) {
      out.push_back({ex.arena.copy(line.name), ex.arena.copy(line.value), line.id});
    }
  }
  return out;
}

void add_lines(Exchange& ex, const std::vector<http::Field>& more) {
  ex.response.fields.lines.insert(ex.response.fields.lines.end(), more.begin(), more.end());
}

// The origin's 304: what is stored serves. Where it fits nothing, the origin is asked again.
void take_validation(Exchange& ex, Session& session) {
  CacheUse& use = ex.cache;
  const EntryPtr old = validated(ex);
  bool keeps = false;
  EntryPtr fresh = old == nullptr ? nullptr : updated(ex, session, *old, keeps);
  const std::vector<http::Field> cookies = cookies_of(ex);
  settle_origin(ex, session, true);
  if (fresh == nullptr) {
    ask_again(ex, session);
    return;
  }
  keep_updated(ex, session, old, fresh, keeps);
  use.entry = fresh;
  use.validating = false;
  const WallTime now = session.worker.loop.wall();
  cache::ReuseVerdict verdict;
  verdict.reason = Reason::Validated;
  verdict.age = cache::current_age(fresh->freshness, now);
  verdict.ttl = cache::ttl(fresh->freshness, now);
  if (!answer_from_entry(ex, session, verdict)) {
    ask_again(ex, session);
    return;
  }
  add_lines(ex, cookies);
  if (use.leads && keeps && serves_others(fresh->freshness, now)) {
    use.flight->answered(fresh, nullptr);
    end_flight(ex, session, store::FlightState::Answered);
  } else {
    free_followers(ex, session, fresh->freshness);
  }
  use.result = use.result == "not_modified" ? "not_modified" : "revalidated";
  use.stored = keeps;
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
    case cache::HeadEffect::Freshen: {
      bool keeps = false;
      const cache::ResponseDirectives said = cache::read_response_directives(ex.response.fields);
      const EntryPtr fresh = updated(ex, session, *entry, keeps);
      if (fresh && (keeps || said.is_private || said.no_store)) {
        keep_updated(ex, session, entry, fresh, keeps);
      }
    }
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
      times(ex, session),
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
