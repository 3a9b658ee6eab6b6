// SPDX-License-Identifier: Apache-2.0
//
// May a response be stored, for how long, and which of its fields (RFC 9111 3)? The caller has
// parsed it without complaint: nothing learned from a malformed message comes here.
#pragma once

#include <cstdint>
#include <string_view>

#include "proxy/base/arena.h"
#include "proxy/cache/freshness.h"
#include "proxy/cache/reason.h"
#include "proxy/cache/reuse.h"
#include "proxy/http/message.h"

namespace weir::cache {

constexpr std::int64_t kLengthUnknown = -1;

struct StoreQuestion {
  const Asked& asked;    // of the request as the client sent it
  std::string_view key;  // of the request's URI (key.h)
  const http::ResponseHead& response;
  ResponseDirectives directives;  // of `response`
  Exchanged exchanged;
  std::int64_t length = kLengthUnknown;  // of the content, where framing tells it
  bool unknown_coding = false;           // Transfer-Encoding names something besides chunked
  const Rules& rules;
  Overrides overrides;
};

struct StoreVerdict {
  bool store = false;
  Reason reason = Reason::None;
  bool partial = false;  // a 206 with one valid Content-Range; see ranges.h
  Freshness freshness;   // set when `store`
};

// The answer to POST goes under the key of GET (invalidate first, invalidation.h); HEAD and 304 are
// never stored, only merged (validation.h). A response without lifetime is stored only for its
// validator. When the body ends, the caller still has to compare its length with Content-Length and
// Content-Range.
StoreVerdict may_store(const StoreQuestion& question);

// The lines to keep, in order; views into `head`. Left out: hop-by-hop fields, those that
// Connection names, the proxy's (RFC 9111 3.1), those that no-cache="..." or private="..." name,
// Age and Warning, which are not true any more when they are read again. Set-Cookie stays (7.3).
// A missing or malformed Date becomes `freshness.date` (RFC 9110 6.6.1); its text lives in `arena`.
void stored_fields(const http::ResponseHead& head, const Freshness& freshness, Arena& arena,
                   http::Fields& out);

}  // namespace weir::cache
