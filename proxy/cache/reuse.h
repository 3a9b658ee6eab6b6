// SPDX-License-Identifier: Apache-2.0
//
// May a stored response answer this request, and in what way (RFC 9111 4)? The caller has found it
// under the request's key and variant. Nothing here allocates.
#pragma once

#include <cstdint>

#include "proxy/base/instant.h"
#include "proxy/cache/directives.h"
#include "proxy/cache/freshness.h"
#include "proxy/cache/reason.h"
#include "proxy/http/message.h"

namespace weir::cache {

// What a request asks of a cache; read once.
struct Asked {
  http::Method method = http::Method::Other;
  bool authorization = false;
  bool cookie = false;
  bool range = false;
  bool if_range = false;
  bool if_none_match = false;
  bool if_modified_since = false;
  bool for_origin = false;  // If-Match or If-Unmodified-Since: only the origin may judge them
  RequestDirectives directives;

  // GET and HEAD alone are answered from the store (RFC 9110 9.3).
  bool answerable() const { return method == http::Method::Get || method == http::Method::Head; }
  bool conditional() const { return if_none_match || if_modified_since; }
};

Asked read_asked(const http::RequestHead& head);

enum class Reuse : std::uint8_t {
  Fresh,                 // answer with it
  StaleWhileRevalidate,  // answer with it and validate it in the background
  StaleAllowed,          // answer with it, stale as it is
  Validate,              // ask the origin first; with only-if-cached: answer 504
};

struct ReuseVerdict {
  Reuse reuse = Reuse::Validate;
  Reason reason = Reason::Absent;
  std::uint32_t age = 0;  // for the Age field
  std::int64_t ttl = 0;   // for Cache-Status; negative when stale

  bool usable() const { return reuse != Reuse::Validate; }
};

// Whether the stored response may be used now. Request directives are followed (5.2.1), no-cache
// and must-revalidate of the response outrank them (5.2.2). Cost: no allocation, no parsing.
ReuseVerdict may_reuse(const Asked& asked, const Freshness& freshness, WallTime now);

// How asking the origin failed. Unreachable covers refused, closed without an answer, no name.
enum class ErrorKind : std::uint8_t { Unreachable, Timeout, Status5xx };

// The statuses that stale-if-error is about (RFC 5861 4): 500, 502, 503, 504.
constexpr bool is_error_status(std::uint16_t status) {
  return status == 500 || (status >= 502 && status <= 504);
}

// Whether it may be used because asking the origin failed: within stale-if-error of the response or
// of the request for any failure; otherwise only when the origin could not be reached (RFC 9111
// 4.2.4), up to the configured limit. Never against must-revalidate, proxy-revalidate, s-maxage or
// no-cache, from either side. Never StaleWhileRevalidate.
ReuseVerdict may_serve_on_error(const Asked& asked, const Freshness& freshness, WallTime now,
                                ErrorKind error);

}  // namespace weir::cache
