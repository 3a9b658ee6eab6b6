// SPDX-License-Identifier: Apache-2.0
//
// How old a stored response is and for how long it is fresh (RFC 9111 4.2). The numbers are taken
// out of the head once, when it is stored or updated; a hit does two subtractions. No function here
// reads a clock.
#pragma once

#include <array>
#include <cstdint>
#include <type_traits>

#include "proxy/base/address.h"
#include "proxy/base/instant.h"
#include "proxy/cache/directives.h"
#include "proxy/http/message.h"

namespace weir::cache {

// What the operator may set about lifetimes.
struct Rules {
  std::uint32_t heuristic_percent = 10;        // of the time since Last-Modified; 0: no heuristic
  std::uint32_t heuristic_limit = 7 * 86'400;  // seconds
  std::uint32_t lifetime_limit = 0;            // seconds; 0: as the origin says
  std::uint32_t stale_on_error_limit =
      86'400;                           // seconds past freshness, origin unreachable; 0: never
  std::uint32_t negative_lifetime = 0;  // seconds for the errors below without a lifetime
  bool serve_stale_on_error = true;     // RFC 9111 4.2.4, when the origin is unreachable
};

// What rules of the policy force upon one exchange.
struct Overrides {
  bool no_cache = false;      // neither stored nor answered from the store
  bool no_guess = false;      // https: sites do not expect a lifetime that nobody has stated
  Delta cache_for = kAbsent;  // fresh for so many seconds, whatever the response says
};

// When the request was sent and when the head of the response had arrived.
struct Exchanged {
  WallTime requested;
  WallTime received;
};

enum class LifetimeFrom : std::uint8_t {
  Nothing,
  SMaxAge,
  MaxAge,
  Expires,
  Heuristic,
  Forced,
  Negative
};

constexpr std::int64_t kNoTime = INT64_MIN;

// Whom the response came from: a hit is judged by the address like a connection to it.
enum class CameFrom : std::uint8_t { Unknown, Address, Parent };

// Everything about time that reuse needs; kept with the entry, in memory and on disk.
struct Freshness {
  WallTime received;                     // of the response, or of what last validated it
  std::int64_t date = kNoTime;           // Date in seconds since 1970; `received` without one
  std::int64_t last_modified = kNoTime;  // seconds since 1970, or kNoTime
  std::uint32_t initial_age = 0;         // corrected_initial_age (4.2.3), seconds
  std::uint32_t lifetime = 0;            // seconds
  std::uint32_t stale_while_revalidate = 0;
  std::int64_t stale_if_error = kAbsent;
  std::uint32_t stale_on_error_limit = 0;  // Rules, at the time it was stored
  LifetimeFrom from = LifetimeFrom::Nothing;
  CameFrom came_from = CameFrom::Unknown;
  IpAddress address;             // CameFrom::Address
  bool must_revalidate = false;  // must-revalidate, proxy-revalidate or s-maxage (5.2.2)
  bool no_cache = false;
  bool immutable = false;
};
static_assert(std::is_trivially_copyable_v<Freshness>);

// The numbers of a response. Lifetime: the rule's, else the first valid of s-maxage, max-age,
// Expires less Date; then the heuristic where the status or `public` allows it (4.2.2); else the
// configured one of an error; else 0.
Freshness read_freshness(const http::ResponseHead& head, const ResponseDirectives& directives,
                         const Exchanged& exchanged, const Rules& rules,
                         const Overrides& overrides);

// current_age (4.2.3) in whole seconds, at most 2^31. A clock that went back adds nothing.
inline std::uint32_t current_age(const Freshness& freshness, WallTime now) {
  const std::int64_t resident = (now.us - freshness.received.us) / kSecond;
  const std::int64_t age = freshness.initial_age + (resident > 0 ? resident : 0);
  return static_cast<std::uint32_t>(age < kForever ? age : kForever);
}

// Seconds of freshness left; zero or negative: stale for so long.
inline std::int64_t ttl(const Freshness& freshness, WallTime now) {
  return std::int64_t{freshness.lifetime} - current_age(freshness, now);
}

// The first valid value of Age, saturating at 2^31; kAbsent when the first is not plain digits.
Delta parse_age(const http::Fields& fields);

// RFC 9110 15.1: may such a status be given a lifetime nobody stated?
bool heuristically_cacheable(std::uint16_t status);

}  // namespace weir::cache
