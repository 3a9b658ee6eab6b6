// SPDX-License-Identifier: Apache-2.0
//
// What an answer says about the cache it went through: Age (RFC 9111 5.1) and Cache-Status
// (RFC 9211).
#pragma once

#include <cstdint>
#include <string_view>

#include "proxy/base/arena.h"
#include "proxy/cache/reason.h"

namespace weir::cache {

std::string_view age_text(std::uint32_t age, Arena& arena);

// Why a request was forwarded (RFC 9211 2.2); None: it was not, the answer is a hit.
enum class Forward : std::uint8_t {
  None,
  Bypass,
  Method,
  UriMiss,
  VaryMiss,
  Miss,
  Request,
  Stale,
  Partial
};

// The parameter that goes with a reason of may_reuse() or of a miss.
Forward forward_for(Reason reason);

struct CacheStatus {
  std::string_view name;  // of this cache; written as a token or a string
  Forward forward = Forward::None;
  std::uint16_t forward_status = 0;  // what the next hop answered; 0: not told
  bool has_ttl = false;
  std::int64_t ttl = 0;
  bool stored = false;
  bool collapsed = false;
  Reason detail = Reason::None;
};

// One list member. To be appended to what caches before us said: ours is the last line.
std::string_view cache_status_text(const CacheStatus& status, Arena& arena);

}  // namespace weir::cache
