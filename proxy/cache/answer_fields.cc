// SPDX-License-Identifier: Apache-2.0
//
// See answer_fields.h.
#include "proxy/cache/answer_fields.h"

#include <charconv>

#include "proxy/base/ascii.h"
#include "proxy/cache/put.h"

namespace weir::cache {
namespace {

using std::string_view;

constexpr std::size_t kNumber = 20;  // digits and sign of any 64-bit number

template <class Number>
char* put_number(char* to, Number number) {
  return std::to_chars(to, to + kNumber, number).ptr;
}

// RFC 9651 3.3.4.
bool is_sf_token(string_view text) {
  if (text.empty() || (!is(text[0], kAlpha) && text[0] != '*')) {
    return false;
  }
  for (const char c : text) {
    if (!is(c, kTchar) && c != ':' && c != '/') {
      return false;
    }
  }
  return true;
}

// A token, or a string in which what cannot stand in one is left out (RFC 9651 3.3.3).
char* put_name(char* to, string_view name) {
  if (is_sf_token(name)) {
    return put(to, name);
  }
  *to++ = '"';
  for (const char c : name) {
    if (c == '"' || c == '\\') {
      *to++ = '\\';
    }
    if (c >= ' ' && c <= '~') {
      *to++ = c;
    }
  }
  *to++ = '"';
  return to;
}

string_view forward_word(Forward forward) {
  switch (forward) {
    case Forward::Bypass:
      return "bypass";
    case Forward::Method:
      return "method";
    case Forward::UriMiss:
      return "uri-miss";
    case Forward::VaryMiss:
      return "vary-miss";
    case Forward::Request:
      return "request";
    case Forward::Stale:
      return "stale";
    case Forward::Partial:
      return "partial";
    case Forward::None:
    case Forward::Miss:
      break;
  }
  return "miss";
}

}  // namespace

string_view age_text(std::uint32_t age, Arena& arena) {
  char* const text = arena.allocate(kNumber);
  return {text, static_cast<std::size_t>(put_number(text, age) - text)};
}

Forward forward_for(Reason reason) {
  switch (reason) {
    case Reason::Stale:
    case Reason::StaleMustRevalidate:
    case Reason::ResponseNoCache:
    case Reason::Validated:
    case Reason::NotOnError:
      return Forward::Stale;
    case Reason::RequestNoCache:
    case Reason::RequestPragma:
    case Reason::RequestMaxAge:
    case Reason::RequestMinFresh:
    case Reason::RequestBypass:
    case Reason::RequestNoStore:
    case Reason::ForOrigin:
      return Forward::Request;
    case Reason::Absent:
    case Reason::Invalidated:
      return Forward::UriMiss;
    case Reason::OtherVariant:
      return Forward::VaryMiss;
    case Reason::OtherPart:
      return Forward::Partial;
    case Reason::RequestMethod:
    case Reason::Method:
    case Reason::HeadOnly:
      return Forward::Method;
    case Reason::RuleForbids:
      return Forward::Bypass;
    case Reason::Fresh:
    case Reason::FreshHeuristic:
    case Reason::Immutable:
    case Reason::MaxStale:
    case Reason::WhileRevalidate:
    case Reason::IfError:
    case Reason::Disconnected:
    case Reason::FreshOnError:
      return Forward::None;
    default:
      return Forward::Miss;
  }
}

string_view cache_status_text(const CacheStatus& status, Arena& arena) {
  constexpr std::size_t kAround = 128;  // the parameters at their longest, but for the reason
  const string_view detail = status.detail == Reason::None ? string_view() : word(status.detail);
  char* const text = arena.allocate(2 * status.name.size() + detail.size() + kAround);
  char* to = put_name(text, status.name);
  if (status.forward == Forward::None) {
    to = put(to, "; hit");
  } else {
    to = put(put(to, "; fwd="), forward_word(status.forward));
    if (status.forward_status != 0) {
      to = put_number(put(to, "; fwd-status="), status.forward_status);
    }
  }
  if (status.has_ttl) {
    to = put_number(put(to, "; ttl="), status.ttl);
  }
  if (status.forward != Forward::None) {
    to = put(to, status.stored ? "; stored" : "");
    to = put(to, status.collapsed ? "; collapsed" : "");
  }
  if (!detail.empty()) {
    to = put(put(to, "; detail="), detail);
  }
  return {text, static_cast<std::size_t>(to - text)};
}

}  // namespace weir::cache
