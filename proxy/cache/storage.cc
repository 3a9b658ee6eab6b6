// SPDX-License-Identifier: Apache-2.0
//
// See storage.h. First everything that forbids, from what is known soonest; then the one reason
// that allows.
#include "proxy/cache/storage.h"

#include "proxy/cache/key.h"
#include "proxy/cache/ranges.h"
#include "proxy/cache/validation.h"
#include "proxy/cache/vary.h"
#include "proxy/http/date.h"

namespace weir::cache {
namespace {

using http::Field;
using http::FieldId;
using http::Method;

// The final statuses whose meaning for caches is written down (RFC 9110 15), for must-understand.
bool understood(std::uint16_t status) {
  return (status >= 200 && status <= 206) || (status >= 300 && status <= 305) || status == 307 ||
         status == 308 || (status >= 400 && status <= 417) || status == 421 || status == 422 ||
         status == 426 || (status >= 500 && status <= 505);
}

// Statuses about this request's credentials, conditions, range, size or connection: under the key
// of the URI they would answer requests that they are not about.
bool for_one_request(std::uint16_t status) {
  switch (status) {
    case 401:
    case 407:
    case 408:
    case 412:
    case 413:
    case 416:
    case 417:
    case 421:
    case 425:
    case 431:
      return true;
    default:
      return false;
  }
}

bool final_status(std::uint16_t status) {
  return status >= 200 && status <= 599;
}

Reason forbidden_by_method(const StoreQuestion& question) {
  switch (question.asked.method) {
    case Method::Get:
    case Method::Post:
      return Reason::None;
    case Method::Head:
      return Reason::HeadOnly;
    default:
      return Reason::Method;
  }
}

Reason forbidden_by_directives(const StoreQuestion& question) {
  const ResponseDirectives& said = question.directives;
  if (question.asked.directives.no_store) {
    return Reason::RequestNoStore;
  }
  if (said.must_understand && !understood(question.response.status)) {
    return Reason::NotUnderstood;
  }
  if (said.no_store && !said.must_understand) {
    return Reason::NoStore;
  }
  if (said.is_private) {
    return Reason::Private;
  }
  // Sites on https have never had to reckon with a shared cache: what comes with a cookie, or is
  // asked for with one, is for one person unless it says otherwise. A departure to the safe side.
  const bool for_all = said.is_public || said.s_maxage != kAbsent;
  const bool cookies = question.asked.cookie || question.response.fields.has(FieldId::SetCookie);
  if (question.key.starts_with("https:") && cookies && !for_all) {
    return Reason::SecureCookie;
  }
  const bool shared = for_all || said.must_revalidate;
  return question.asked.authorization && !shared ? Reason::Authorization : Reason::None;
}

// Is the answer to POST a representation of the very URI it was sent to?
bool represents_target(const StoreQuestion& question) {
  const http::Fields& fields = question.response.fields;
  const bool once = fields.count(FieldId::ContentLocation) == 1;
  if (!once || (question.response.status != 200 && question.response.status != 203)) {
    return false;
  }
  Arena arena(2 * kKeyLimit);
  return resolve_key(question.key, fields.value(FieldId::ContentLocation), arena) == question.key;
}

Reason forbidden_part(const StoreQuestion& question) {
  const http::Fields& fields = question.response.fields;
  constexpr std::string_view kMultipart = "multipart/byteranges";
  if (starts_with_ignoring_case(fields.value(FieldId::ContentType), kMultipart)) {
    return Reason::SeveralParts;
  }
  const auto place = parse_content_range(fields.value(FieldId::ContentRange));
  if (!place || fields.count(FieldId::ContentRange) != 1) {
    return Reason::BadPart;
  }
  const bool agrees = question.length == kLengthUnknown ||
                      static_cast<std::uint64_t>(question.length) == place->range.size();
  return agrees ? Reason::None : Reason::BadPart;
}

Reason forbidden_by_response(const StoreQuestion& question) {
  const http::ResponseHead& response = question.response;
  if (varies_by_any(response.fields)) {
    return Reason::VaryAny;
  }
  if (for_one_request(response.status)) {
    return Reason::ForOneRequest;
  }
  if (question.unknown_coding) {
    return Reason::UnknownCoding;
  }
  return response.status == 206 ? forbidden_part(question) : Reason::None;
}

Reason forbidden(const StoreQuestion& question) {
  if (question.overrides.no_cache) {
    return Reason::RuleForbids;
  }
  if (!final_status(question.response.status)) {
    return Reason::NotFinal;
  }
  if (question.response.status == 304) {
    return Reason::NotModified;
  }
  for (const auto& ask : {forbidden_by_method, forbidden_by_directives, forbidden_by_response}) {
    const Reason why = ask(question);
    if (why != Reason::None) {
      return why;
    }
  }
  return Reason::None;
}

bool explicitly_fresh(const Freshness& freshness) {
  return freshness.lifetime != 0 &&
         (freshness.from == LifetimeFrom::SMaxAge || freshness.from == LifetimeFrom::MaxAge ||
          freshness.from == LifetimeFrom::Expires);
}

// The clause by which a response with some lifetime may be kept.
Reason lifetime_reason(const StoreQuestion& question, LifetimeFrom from) {
  switch (from) {
    case LifetimeFrom::Forced:
      return Reason::Forced;
    case LifetimeFrom::Negative:
      return Reason::Negative;
    case LifetimeFrom::Heuristic:
      return question.directives.is_public ? Reason::Public : Reason::Heuristic;
    default:
      break;
  }
  if (question.response.status == 206) {
    return Reason::StoredPart;
  }
  if (question.asked.authorization) {
    return Reason::SharedAuthorized;
  }
  return question.directives.no_store ? Reason::Understood : Reason::Explicit;
}

// Could this ever answer a request, and why may it be kept (RFC 9111 3, last item)?
StoreVerdict allowed(const StoreQuestion& question, const Freshness& freshness) {
  const ResponseDirectives& said = question.directives;
  const bool validator = has_validator(question.response.fields);
  const bool stated = freshness.from != LifetimeFrom::Nothing;
  const bool keepable =
      stated || said.is_public || heuristically_cacheable(question.response.status);
  const bool servable =
      !freshness.no_cache && (freshness.lifetime != 0 || freshness.stale_while_revalidate != 0 ||
                              freshness.stale_if_error > 0);
  StoreVerdict out;
  out.freshness = freshness;
  out.partial = question.response.status == 206;
  if (keepable && stated && servable) {
    out.store = true;
    out.reason = lifetime_reason(question, freshness.from);
  } else if (keepable && validator) {
    out.store = true;
    out.reason = Reason::ValidatorOnly;
  } else {
    out.reason = stated ? Reason::Unusable : Reason::NoLifetime;
  }
  return out;
}

// Fields that are about this hop or this moment, and end with it.
bool ends_here(const Field& line) {
  switch (line.id) {
    case FieldId::ContentLength:
      return false;  // of the content; framing is made anew whatever it says
    case FieldId::Age:
    case FieldId::Warning:
      return true;
    default:
      return http::hop_of(line.id) == http::Hop::HopByHop;
  }
}

bool named_by_connection(const http::Fields& fields, const Field& line) {
  const bool essential =
      http::hop_of(line.id) == http::Hop::Essential || line.id == FieldId::ContentLength;
  return !essential && http::lists_token(fields, FieldId::Connection, line.name);
}

}  // namespace

StoreVerdict may_store(const StoreQuestion& question) {
  StoreVerdict out;
  out.reason = forbidden(question);
  if (out.reason != Reason::None) {
    return out;
  }
  const Freshness freshness =
      read_freshness(question.response, question.directives, question.exchanged, question.rules,
                     question.overrides);
  if (question.asked.method == Method::Post) {
    if (!explicitly_fresh(freshness) || freshness.no_cache || !represents_target(question)) {
      out.reason = Reason::Method;
      return out;
    }
    out = allowed(question, freshness);
    out.reason = Reason::ContentLocation;
    return out;
  }
  return allowed(question, freshness);
}

void stored_fields(const http::ResponseHead& head, const Freshness& freshness, Arena& arena,
                   http::Fields& out) {
  out.lines.clear();
  const ResponseDirectives said = read_response_directives(head.fields);
  const bool restricted = said.no_cache_fields || said.private_fields;
  bool dated = false;
  for (const Field& line : head.fields.lines) {
    if (ends_here(line) || named_by_connection(head.fields, line) ||
        (restricted && restricts_field(head.fields, line.name))) {
      continue;
    }
    if (line.id == FieldId::Date) {
      if (dated || !http::parse_date(line.value, freshness.received)) {
        continue;
      }
      dated = true;
    }
    out.lines.push_back(line);
  }
  if (!dated) {
    char* text = arena.allocate(http::kDateLength);
    http::write_date(freshness.date, text);
    out.lines.push_back({"Date", {text, http::kDateLength}, FieldId::Date});
  }
}

}  // namespace weir::cache
