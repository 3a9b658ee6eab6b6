// SPDX-License-Identifier: Apache-2.0
//
// The client's own conditions answered from a stored response (RFC 9111 4.3.2, RFC 9110 13). Only
// If-None-Match and If-Modified-Since are a cache's to judge, in that order; If-Match and
// If-Unmodified-Since are the origin's, and may_reuse() sends such requests there. If-Range is in
// ranges.h, to be asked after this.
#pragma once

#include <cstdint>

#include "proxy/cache/freshness.h"
#include "proxy/http/message.h"

namespace weir::cache {

enum class Condition : std::uint8_t { Pass, NotModified };

// For a GET or HEAD about to be answered with the stored 200 (any other status passes).
// If-None-Match compares weakly, "*" matches. Without it If-Modified-Since is compared with
// Last-Modified, or with Date where there is none; a malformed date is ignored. `now` only resolves
// two-digit years.
Condition evaluate(const http::Fields& request, const http::ResponseHead& stored,
                   const Freshness& freshness, WallTime now);

// Is this field of the stored response sent in a 304 made from it (RFC 9110 15.4.5)? All but what
// describes the content: Content-Type, -Length, -Encoding, -Language, -Range.
bool kept_in_304(http::FieldId id);
void fields_of_304(const http::Fields& stored, http::Fields& out);

}  // namespace weir::cache
