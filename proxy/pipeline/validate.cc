// SPDX-License-Identifier: Apache-2.0
//
// See validate.h.
#include "proxy/pipeline/validate.h"

#include <array>

#include "proxy/cache/storage.h"
#include "proxy/cache/vary.h"
#include "proxy/pipeline/answer_stored.h"
#include "proxy/pipeline/keep_entry.h"
#include "proxy/pipeline/look_up.h"
#include "proxy/pipeline/session.h"
#include "proxy/pipeline/settle.h"
#include "proxy/pipeline/share_answer.h"
#include "proxy/pipeline/worker.h"

namespace weir {
namespace {

using cache::Reason;
using http::FieldId;
using store::Entry;
using store::EntryPtr;

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
      times_of(ex, session),
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
                            times_of(ex, session), session.setup().cache_rules, ex.cache.overrides);
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

}  // namespace

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

}  // namespace weir
