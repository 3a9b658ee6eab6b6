// SPDX-License-Identifier: Apache-2.0
//
// See reuse.h. The order of the questions is the order of precedence: what the response forbids,
// then what the request wants, then what either allows.
#include "proxy/cache/reuse.h"

#include <algorithm>

namespace weir::cache {
namespace {

using http::FieldId;

ReuseVerdict verdict(const Freshness& freshness, WallTime now) {
  ReuseVerdict out;
  out.age = current_age(freshness, now);
  out.ttl = std::int64_t{freshness.lifetime} - out.age;
  return out;
}

ReuseVerdict as(ReuseVerdict out, Reuse reuse, Reason reason) {
  out.reuse = reuse;
  out.reason = reason;
  return out;
}

// Why the origin has to be asked however fresh the response is; None when it has not.
Reason must_ask(const Asked& asked, const Freshness& freshness) {
  if (asked.for_origin) {
    return Reason::ForOrigin;
  }
  if (asked.directives.no_store) {
    return Reason::RequestBypass;
  }
  if (freshness.no_cache) {
    return Reason::ResponseNoCache;
  }
  if (asked.directives.no_cache) {
    return Reason::RequestNoCache;
  }
  return asked.directives.pragma ? Reason::RequestPragma : Reason::None;
}

bool too_old(const RequestDirectives& wanted, std::uint32_t age) {
  // max-age=0 is how reloading is said; a response of this very second is no exception.
  return wanted.max_age != kAbsent && (age > wanted.max_age || wanted.max_age == 0);
}

ReuseVerdict when_fresh(const Asked& asked, const Freshness& freshness, const ReuseVerdict& found) {
  const RequestDirectives& wanted = asked.directives;
  if (too_old(wanted, found.age)) {
    const bool spared = freshness.immutable && wanted.max_age == 0;
    return spared ? as(found, Reuse::Fresh, Reason::Immutable)
                  : as(found, Reuse::Validate, Reason::RequestMaxAge);
  }
  if (wanted.min_fresh != kAbsent && found.ttl < wanted.min_fresh) {
    return as(found, Reuse::Validate, Reason::RequestMinFresh);
  }
  const bool guess = freshness.from == LifetimeFrom::Heuristic;
  return as(found, Reuse::Fresh, guess ? Reason::FreshHeuristic : Reason::Fresh);
}

ReuseVerdict when_stale(const Asked& asked, const Freshness& freshness, const ReuseVerdict& found) {
  const RequestDirectives& wanted = asked.directives;
  const std::int64_t staleness = -found.ttl;
  if (freshness.must_revalidate) {
    return as(found, Reuse::Validate, Reason::StaleMustRevalidate);
  }
  if (wanted.max_stale == kForever || staleness < wanted.max_stale) {
    return as(found, Reuse::StaleAllowed, Reason::MaxStale);
  }
  if (too_old(wanted, found.age)) {
    return as(found, Reuse::Validate, Reason::RequestMaxAge);
  }
  if (wanted.min_fresh != kAbsent) {
    return as(found, Reuse::Validate, Reason::RequestMinFresh);
  }
  return staleness < freshness.stale_while_revalidate
             ? as(found, Reuse::StaleWhileRevalidate, Reason::WhileRevalidate)
             : as(found, Reuse::Validate, Reason::Stale);
}

}  // namespace

Asked read_asked(const http::RequestHead& head) {
  Asked out;
  out.method = head.method_id;
  bool directives = false;
  for (const http::Field& line : head.fields.lines) {
    out.authorization |= line.id == FieldId::Authorization;
    out.cookie |= line.id == FieldId::Cookie;
    out.range |= line.id == FieldId::Range;
    out.if_range |= line.id == FieldId::IfRange;
    out.if_none_match |= line.id == FieldId::IfNoneMatch;
    out.if_modified_since |= line.id == FieldId::IfModifiedSince;
    out.for_origin |= line.id == FieldId::IfMatch || line.id == FieldId::IfUnmodifiedSince;
    directives |= line.id == FieldId::CacheControl || line.id == FieldId::Pragma;
  }
  if (directives) {
    out.directives = read_request_directives(head.fields);
  }
  return out;
}

ReuseVerdict may_reuse(const Asked& asked, const Freshness& freshness, WallTime now) {
  const ReuseVerdict found = verdict(freshness, now);
  const Reason ask = must_ask(asked, freshness);
  if (ask != Reason::None) {
    return as(found, Reuse::Validate, ask);
  }
  return found.ttl > 0 ? when_fresh(asked, freshness, found) : when_stale(asked, freshness, found);
}

ReuseVerdict may_serve_on_error(const Asked& asked, const Freshness& freshness, WallTime now,
                                ErrorKind error) {
  const ReuseVerdict found = verdict(freshness, now);
  const Reason ask = must_ask(asked, freshness);
  if (ask != Reason::None) {
    return as(found, Reuse::Validate, ask);
  }
  const bool silent = error != ErrorKind::Status5xx;
  const std::int64_t staleness = -found.ttl;
  if (staleness < 0 && silent) {
    return as(found, Reuse::Fresh, Reason::FreshOnError);
  }
  if (staleness >= 0 && freshness.must_revalidate) {
    return as(found, Reuse::Validate, Reason::StaleMustRevalidate);
  }
  const Delta window = std::max(freshness.stale_if_error, asked.directives.stale_if_error);
  if (window > 0 && staleness < window) {
    return as(found, staleness < 0 ? Reuse::Fresh : Reuse::StaleAllowed, Reason::IfError);
  }
  return silent && staleness < freshness.stale_on_error_limit
             ? as(found, Reuse::StaleAllowed, Reason::Disconnected)
             : as(found, Reuse::Validate, Reason::NotOnError);
}

}  // namespace weir::cache
