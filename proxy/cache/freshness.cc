// SPDX-License-Identifier: Apache-2.0
//
// See freshness.h. Everything is in whole seconds; nothing can overflow, for what strangers say is
// bounded by 2^31 or by the four digits of a year.
#include "proxy/cache/freshness.h"

#include <algorithm>
#include <optional>
#include <string_view>

#include "proxy/http/date.h"

namespace weir::cache {
namespace {

using http::FieldId;
using http::ResponseHead;

std::optional<std::int64_t> date_in(const ResponseHead& head, FieldId id, WallTime now) {
  const http::Field* line = head.fields.find(id);
  return line != nullptr ? http::parse_date(line->value, now) : std::nullopt;
}

std::uint32_t bounded(std::int64_t seconds) {
  return static_cast<std::uint32_t>(std::clamp(seconds, std::int64_t{0}, std::int64_t{kForever}));
}

// What was decided about the lifetime.
struct Lifetime {
  LifetimeFrom from = LifetimeFrom::Nothing;
  std::uint32_t seconds = 0;
};

// RFC 9111 4.2.1, in its order. A malformed Expires is in the past (5.3).
Lifetime stated(const ResponseHead& head, const ResponseDirectives& directives,
                const Freshness& times) {
  if (directives.s_maxage != kAbsent) {
    return {LifetimeFrom::SMaxAge, bounded(directives.s_maxage)};
  }
  if (directives.max_age != kAbsent) {
    return {LifetimeFrom::MaxAge, bounded(directives.max_age)};
  }
  if (head.fields.has(FieldId::Expires)) {
    const auto expires = date_in(head, FieldId::Expires, times.received);
    return {LifetimeFrom::Expires, expires ? bounded(*expires - times.date) : 0};
  }
  return {};
}

// RFC 9111 4.2.2.
Lifetime guessed(const ResponseHead& head, const ResponseDirectives& directives,
                 const Freshness& times, const Rules& rules, bool no_guess) {
  const bool allowed = (heuristically_cacheable(head.status) && !no_guess) || directives.is_public;
  if (!allowed || rules.heuristic_percent == 0 || times.last_modified == kNoTime) {
    return {};
  }
  const std::int64_t unchanged = std::max<std::int64_t>(times.date - times.last_modified, 0);
  const std::int64_t share = unchanged * rules.heuristic_percent / 100;
  return {LifetimeFrom::Heuristic, bounded(std::min<std::int64_t>(share, rules.heuristic_limit))};
}

bool negative(std::uint16_t status) {
  return status == 404 || status == 405 || status == 410 || status == 414 ||
         (status >= 500 && status <= 504);
}

Lifetime lifetime_of(const ResponseHead& head, const ResponseDirectives& directives,
                     const Freshness& times, const Rules& rules, const Overrides& overrides) {
  if (overrides.cache_for != kAbsent) {
    return {LifetimeFrom::Forced, bounded(overrides.cache_for)};
  }
  Lifetime out = stated(head, directives, times);
  if (out.from == LifetimeFrom::Nothing && rules.negative_lifetime != 0 && negative(head.status)) {
    out = {LifetimeFrom::Negative, bounded(rules.negative_lifetime)};
  }
  if (out.from == LifetimeFrom::Nothing) {
    out = guessed(head, directives, times, rules, overrides.no_guess);
  }
  if (rules.lifetime_limit != 0) {
    out.seconds = std::min(out.seconds, rules.lifetime_limit);
  }
  return out;
}

// RFC 9111 4.2.3. An origin whose clock is fast makes nothing younger than it is.
std::uint32_t initial_age(const ResponseHead& head, const Freshness& times,
                          const Exchanged& exchanged) {
  const std::int64_t received = exchanged.received.us / kSecond;
  const std::int64_t delay = (exchanged.received.us - exchanged.requested.us) / kSecond;
  const std::int64_t said = std::max(parse_age(head.fields), Delta{0});
  const std::int64_t corrected = said + std::max<std::int64_t>(delay, 0);
  return bounded(std::max(received - times.date, corrected));
}

}  // namespace

Freshness read_freshness(const ResponseHead& head, const ResponseDirectives& directives,
                         const Exchanged& exchanged, const Rules& rules,
                         const Overrides& overrides) {
  Freshness out;
  out.received = exchanged.received;
  out.date = date_in(head, FieldId::Date, out.received).value_or(out.received.us / kSecond);
  out.last_modified = date_in(head, FieldId::LastModified, out.received).value_or(kNoTime);
  out.initial_age = initial_age(head, out, exchanged);
  const Lifetime lifetime = lifetime_of(head, directives, out, rules, overrides);
  const bool forced = lifetime.from == LifetimeFrom::Forced;
  out.from = lifetime.from;
  // A rule counts from the arrival, however old the response was by then.
  out.lifetime = bounded(std::int64_t{lifetime.seconds} + (forced ? out.initial_age : 0));
  out.stale_while_revalidate = bounded(directives.stale_while_revalidate);
  out.stale_if_error = directives.stale_if_error;
  out.stale_on_error_limit = rules.serve_stale_on_error ? rules.stale_on_error_limit : 0;
  out.must_revalidate =
      directives.must_revalidate || directives.proxy_revalidate || directives.s_maxage != kAbsent;
  out.no_cache = directives.no_cache && !forced;
  out.immutable = directives.immutable;
  return out;
}

Delta parse_age(const http::Fields& fields) {
  const http::Field* line = fields.find(FieldId::Age);
  if (line == nullptr) {
    return kAbsent;
  }
  const std::string_view first = trim_ows(line->value.substr(0, line->value.find(',')));
  if (first.empty() || !all(first, kDigit)) {
    return kAbsent;
  }
  return parse_delta(first);
}

bool heuristically_cacheable(std::uint16_t status) {
  switch (status) {
    case 200:
    case 203:
    case 204:
    case 206:
    case 300:
    case 301:
    case 308:
    case 404:
    case 405:
    case 410:
    case 414:
    case 501:
      return true;
    default:
      return false;
  }
}

}  // namespace weir::cache
