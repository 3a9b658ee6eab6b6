// SPDX-License-Identifier: Apache-2.0
//
// Cache-Control of requests and responses as values (RFC 9111 5.2, RFC 5861, RFC 8246), and Pragma
// (5.4; in requests only). All lines are read as one list. Names in any case; arguments as tokens
// or quoted strings. Of a directive that comes twice the first value counts (4.2.1), and the
// stricter of a plain no-cache or private and one with field names. A lifetime that is not plain
// digits is 0, so that what is not understood is never fresh; one above 2^31 is 2^31 (1.2.2).
#pragma once

#include <cstdint>
#include <string_view>

#include "proxy/base/ascii.h"
#include "proxy/http/message.h"

namespace weir::cache {

// A number of seconds out of a directive, or kAbsent.
using Delta = std::int64_t;
constexpr Delta kAbsent = -1;
constexpr Delta kForever = 2'147'483'648;  // 2^31: "a very long time" (RFC 9111 1.2.2)

struct RequestDirectives {
  bool no_cache = false;
  bool no_store = false;
  bool only_if_cached = false;
  bool pragma = false;  // Pragma: no-cache, and no Cache-Control at all
  Delta max_age = kAbsent;
  Delta min_fresh = kAbsent;
  Delta max_stale = kAbsent;  // kForever when it has no argument
  Delta stale_if_error = kAbsent;
};

struct ResponseDirectives {
  bool no_store = false;
  bool no_cache = false;         // without field names
  bool no_cache_fields = false;  // only for the named fields
  bool is_private = false;       // without field names
  bool private_fields = false;   // only for the named fields
  bool is_public = false;
  bool must_revalidate = false;
  bool proxy_revalidate = false;
  bool must_understand = false;
  bool immutable = false;
  Delta max_age = kAbsent;
  Delta s_maxage = kAbsent;
  Delta stale_while_revalidate = kAbsent;
  Delta stale_if_error = kAbsent;
};

RequestDirectives read_request_directives(const http::Fields& fields);
ResponseDirectives read_response_directives(const http::Fields& fields);

// 1*DIGIT in a token or a quoted string; 2^31 when larger; 0 for anything else.
Delta parse_delta(std::string_view argument);

// Does the response's no-cache="..." or private="..." name this field? (Any line; case ignored.)
bool restricts_field(const http::Fields& response, std::string_view name);

}  // namespace weir::cache
