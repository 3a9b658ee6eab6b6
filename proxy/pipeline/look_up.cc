// SPDX-License-Identifier: Apache-2.0
//
// See look_up.h.
#include "proxy/pipeline/look_up.h"

#include <algorithm>
#include <array>

#include "filters/policy/apply.h"
#include "proxy/cache/key.h"
#include "proxy/cache/vary.h"
#include "proxy/net/destination.h"
#include "proxy/pipeline/answer_stored.h"
#include "proxy/pipeline/police.h"
#include "proxy/pipeline/refresh.h"
#include "proxy/pipeline/session.h"
#include "proxy/pipeline/snapshot.h"
#include "proxy/pipeline/stages.h"
#include "proxy/pipeline/worker.h"

namespace weir {
namespace {

using cache::Forward;
using cache::Reason;
using store::Entry;
using store::EntryPtr;

constexpr unsigned kMostTurns = 8;  // a store that changes under us this often is not waited for

// May the exchange have anything to do with the cache at all? What an address serves under a name
// it may not have is shared with nobody; a GET with a body asks something that its URL does not
// tell; and beside a connection that a login bound to this client, nothing tells whose an answer
// is.
bool may_take_part(const Exchange& ex, const Session& session) {
  const bool body_counts = has_body(ex) && http::is_safe(ex.request.method_id);
  const bool named = ex.claim == Claim::None || ex.claim == Claim::Verified;
  return session.worker.shared.store != nullptr && ex.upgrade.empty() && !ex.ends_here && named &&
         !body_counts && !session.is_bound();
}

// Does the exchange have anything to do with the cache? Then it has a key.
bool takes_part(Exchange& ex, Session& session) {
  CacheUse& use = ex.cache;
  if (use.takes_part) {
    return true;
  }
  if (!may_take_part(ex, session)) {
    return false;
  }
  use.key = store_key(ex);
  if (use.key.empty()) {
    return false;
  }
  use.takes_part = true;
  use.background = session.for_nobody();
  use.hash = store::MemoryTier::hash(use.key);
  use.asked = cache::read_asked(ex.request);
  use.overrides.no_guess = ex.secure;
  if (ex.rules) {
    read_overrides(ex, ex.verdict);
  }
  return true;
}

// The place among `entries` of the one this request selects.
std::size_t choose(Exchange& ex, const std::vector<EntryPtr>& entries) {
  std::array<cache::Variant, store::kMostVariants> variants;
  const std::size_t n = std::min(entries.size(), variants.size());
  for (std::size_t i = 0; i < n; ++i) {
    const Entry& entry = *entries[i];
    variants[i].vary = entry.vary;
    variants[i].variant = entry.variant;
    variants[i].date = entry.freshness.date;
    if (!entry.vary.empty()) {
      variants[i].content_language = entry.head.fields.value(http::FieldId::ContentLanguage);
    }
  }
  return cache::choose_variant({variants.data(), n}, ex.request.fields, ex.arena);
}

void forward(Exchange& ex, Forward how, Reason why) {
  ex.cache.forward = how;
  ex.cache.reason = why;
  ex.cache.result = "miss";
}

// Asks the origin whether what is stored is still good.
void plan_validation(Exchange& ex, std::size_t chosen) {
  CacheUse& use = ex.cache;
  std::array<cache::Candidate, store::kMostVariants> candidates;
  std::size_t n = 0;
  for (std::size_t i = 0; i < use.group->entries.size() && n < candidates.size(); ++i) {
    const Entry& entry = *use.group->entries[i];
    if (entry.complete() && entry.head.status != 206) {
      candidates[n++] = {&entry.head, &entry.freshness, i == chosen};
    }
  }
  use.conditions = cache::conditions_for({candidates.data(), n}, ex.arena);
  use.validating = use.conditions.any();
}

// May this request share a fetch with others that ask the same? One that only refreshes what is
// stored takes a seat in any case, so that there is never a second for the key.
bool may_share(const Exchange& ex, const Session& session) {
  const CacheUse& use = ex.cache;
  const cache::Asked& asked = use.asked;
  const bool wanted = session.settings().cache.collapse && !asked.authorization;
  return (wanted || use.background) && !use.alone && asked.method == http::Method::Get &&
         !asked.for_origin && !asked.directives.no_store &&
         (use.validating || !asked.conditional()) && ex.upload_framing.kind == http::BodyKind::None;
}

}  // namespace

std::string_view flight_key(Exchange& ex) {
  const CacheUse& use = ex.cache;
  std::string_view vary = use.known_vary;
  if (vary.empty() && use.group) {
    vary = use.group->entries.front()->vary;
  }
  if (vary.empty()) {
    return use.key;
  }
  return ex.arena.join({use.key, "\n", cache::variant_text(vary, ex.request.fields, ex.arena)});
}

namespace {

LookUp lead_or_follow(Exchange& ex, Session& session) {
  CacheUse& use = ex.cache;
  if (use.leads || !may_share(ex, session)) {
    return LookUp::Decided;
  }
  store::Flights& flights = session.worker.shared.store->flights;
  const Instant now = session.worker.loop.now();
  if (flights.alone(use.hash, now)) {
    use.alone = true;
    return LookUp::Decided;
  }
  if (use.asked.range) {
    // The answer to it would not do for others; but a body on its way may have the part.
    use.flight = flights.answered(flight_key(ex), use.hash, use.erasures);
    return use.flight ? LookUp::AwaitFlight : LookUp::Decided;
  }
  const auto seat = flights.board(flight_key(ex), use.hash, now,
                                  session.settings().cache.collapse_wait, use.erasures);
  use.flight = seat.flight;
  use.leads = seat.leads;
  if (!seat.leads && use.background) {
    ex.course = Course::Drop;  // somebody else is at it
  }
  return seat.leads || use.background ? LookUp::Decided : LookUp::AwaitFlight;
}

// Nothing usable: what to ask the origin, alone or with others.
LookUp ask_origin(Exchange& ex, Session& session) {
  CacheUse& use = ex.cache;
  if (use.asked.directives.only_if_cached) {
    use.result = "miss";
    use.reason = Reason::OnlyIfCached;
    refuse(ex, session, Failure::NotCached);
    return LookUp::Decided;
  }
  if (++use.turns > kMostTurns) {
    use.alone = true;
  }
  use.erasures = session.worker.shared.store->memory.erasures(use.hash);
  return lead_or_follow(ex, session);
}

Failure judge_address(const Session& session, const IpAddress& address, std::uint16_t port) {
  const Setup& setup = session.setup();
  return judge_destination(address, port, ClientClass::of(session.peer.address),
                           setup.settings.destinations, setup.own)
      .failure;
}

// The limits on addresses, ours and the rules', hold for a hit as for a connection: one through a
// parent had no address but one that was asked for. Where nothing is known of where it came from,
// the origin is asked.
bool address_may_serve(Exchange& ex, Session& session, const Entry& entry) {
  const cache::Freshness& from = entry.freshness;
  if (from.came_from == cache::CameFrom::Unknown) {
    forward(ex, Forward::Bypass, Reason::RuleForbids);
    return false;
  }
  const bool by_parent = from.came_from == cache::CameFrom::Parent;
  const auto address = by_parent ? named_address(ex, session) : from.address;
  Failure why = by_parent ? Failure::None : judge_address(session, from.address, ex.port);
  if (why == Failure::None) {
    why = police_address(ex, address);
  }
  if (why != Failure::None) {
    refuse(ex, session, why);
    return false;
  }
  if (address) {
    settle_address(ex, session, *address);
  }
  if (ex.rules) {
    read_overrides(ex, ex.verdict);
  }
  if (ex.cache.overrides.no_cache || !key_still_holds(ex)) {
    // What the rules now make of the request is not what this entry answers.
    ex.cache.overrides.no_cache = true;
    forward(ex, Forward::Bypass, Reason::RuleForbids);
    return false;
  }
  return true;
}

// What a rule says of a lifetime holds for those whom the rule means: for them whatever the
// response says, and for nobody else.
cache::Freshness terms_for(const CacheUse& use, const cache::Freshness& stored) {
  cache::Freshness out = stored;
  if (use.overrides.cache_for != cache::kAbsent) {
    out.lifetime = static_cast<std::uint32_t>(
        std::min<cache::Delta>(use.overrides.cache_for, cache::kForever));
    out.no_cache = false;
  } else if (stored.from == cache::LifetimeFrom::Forced) {
    out.no_cache = true;
  }
  return out;
}

bool settle_by_entry(Exchange& ex, Session& session, const EntryPtr& entry) {
  CacheUse& use = ex.cache;
  use.terms = terms_for(use, entry->freshness);
  const cache::ReuseVerdict verdict =
      cache::may_reuse(use.asked, use.terms, session.worker.loop.wall());
  use.reason = verdict.reason;
  use.entry = entry;
  if (use.background || !verdict.usable()) {
    forward(ex, cache::forward_for(verdict.reason), verdict.reason);
    return false;
  }
  if (!address_may_serve(ex, session, *entry)) {
    return ex.course != Course::Open;
  }
  use.forward = Forward::None;
  if (!answer_from_entry(ex, session, verdict)) {
    use.entry.reset();
    forward(ex, Forward::Partial, Reason::OtherPart);
    return false;
  }
  if (verdict.reuse == cache::Reuse::StaleWhileRevalidate) {
    refresh_in_background(ex, session);
  }
  return true;
}

}  // namespace

void read_overrides(Exchange& ex, const filters::Verdict& verdict) {
  const filters::Adjustments all = ex.rules->policy->summarise(verdict);
  cache::Overrides& out = ex.cache.overrides;
  out.no_cache =
      out.no_cache || all.no_cache || filters::asks_otherwise(ex.verdict, all, ex.subject.host);
  if (all.cache_for) {
    out.cache_for = *all.cache_for / kSecond;
  }
}

std::string_view store_key(Exchange& ex) {
  return cache::cache_key({ex.secure ? "https" : "http", ex.host.name, ex.port, ex.target.path},
                          ex.arena);
}

bool key_still_holds(Exchange& ex) {
  return store_key(ex) == ex.cache.key;
}

LookUp look_up(Exchange& ex, Session& session) {
  CacheUse& use = ex.cache;
  if (!takes_part(ex, session)) {
    return LookUp::Decided;
  }
  store::Store& store = *session.worker.shared.store;
  if (use.overrides.no_cache) {
    forward(ex, Forward::Bypass, Reason::RuleForbids);
    return LookUp::Decided;
  }
  if (!use.asked.answerable()) {
    forward(ex, Forward::Method, Reason::RequestMethod);
    return LookUp::Decided;
  }
  use.validating = false;
  use.entry.reset();
  use.group = store.find(use.key, use.hash);
  if (!use.group && !use.loaded && store.on_disk(use.key)) {
    return LookUp::AwaitDisk;
  }
  if (!use.group) {
    forward(ex, Forward::UriMiss, Reason::Absent);
    return ask_origin(ex, session);
  }
  const std::size_t chosen = choose(ex, use.group->entries);
  if (chosen == cache::kNoVariant) {
    forward(ex, Forward::VaryMiss, Reason::OtherVariant);
  } else if (settle_by_entry(ex, session, use.group->entries[chosen])) {
    return LookUp::Decided;
  }
  if (use.overrides.no_cache) {  // by a rule about the address it came from
    use.entry.reset();
    return LookUp::Decided;
  }
  if (!use.asked.for_origin && (use.entry || chosen == cache::kNoVariant)) {
    plan_validation(ex, chosen);
  }
  return ask_origin(ex, session);
}

bool take_from_flight(Exchange& ex, Session& session, const store::Flight::News& news) {
  CacheUse& use = ex.cache;
  if (news.filling && !news.filling->joinable()) {
    use.alone = true;
    return false;
  }
  if (choose(ex, {news.entry}) == cache::kNoVariant) {
    use.known_vary = ex.arena.copy(news.entry->vary);
    return false;
  }
  // Kept for its validator alone is not shared: whoever asks is asked about himself.
  use.terms = terms_for(use, news.entry->freshness);
  const cache::ReuseVerdict verdict =
      cache::may_reuse(use.asked, use.terms, session.worker.loop.wall());
  if (!verdict.usable() || !address_may_serve(ex, session, *news.entry)) {
    use.alone = true;
    return ex.course != Course::Open;
  }
  use.entry = news.entry;
  use.filling = news.filling;
  use.validating = false;
  use.collapsed = true;
  if (!answer_from_entry(ex, session, verdict)) {
    use.entry.reset();
    use.filling.reset();
    use.collapsed = false;
    use.alone = true;
    return false;
  }
  session.worker.metrics.add(metric::CacheCollapsed);
  return true;
}

bool serve_stale(Exchange& ex, Session& session, cache::ErrorKind kind) {
  CacheUse& use = ex.cache;
  if (!use.takes_part || !use.entry || use.background || !use.asked.answerable()) {
    return false;
  }
  const cache::ReuseVerdict verdict =
      cache::may_serve_on_error(use.asked, use.terms, session.worker.loop.wall(), kind);
  if (!verdict.usable()) {
    return false;
  }
  if (!address_may_serve(ex, session, *use.entry)) {
    return ex.course == Course::Reply;
  }
  if (!answer_from_entry(ex, session, verdict)) {
    return false;
  }
  use.result = "stale";
  return true;
}

void leave_alone(Exchange& ex, Session& session) {
  const Micros mark = session.settings().cache.alone_for;
  if (ex.cache.leads) {
    session.worker.shared.store->flights.mark_alone(ex.cache.hash,
                                                    session.worker.loop.now() + mark);
  }
  end_flight(ex, session, store::FlightState::Alone);
}

void end_flight(Exchange& ex, Session& session, store::FlightState state, Failure why) {
  CacheUse& use = ex.cache;
  if (!use.leads) {
    return;
  }
  store::Flights& flights = session.worker.shared.store->flights;
  flights.remove(use.flight, use.hash);
  if (state != store::FlightState::Answered) {  // then they have been told already
    use.flight->over(state, why);
  }
  use.flight.reset();
  use.leads = false;
}

}  // namespace weir
