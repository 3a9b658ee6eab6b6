// SPDX-License-Identifier: Apache-2.0
//
// Time as values. Nothing here reads a clock: the event loop does, once per turn, and hands the
// result down. `Instant` is monotonic and only good for differences; `WallTime` is for people.
#pragma once

#include <compare>
#include <cstdint>

namespace weir {

// A length of time in microseconds.
using Micros = std::int64_t;
constexpr Micros kMillisecond = 1000;
constexpr Micros kSecond = 1'000'000;

// A point on the monotonic clock, in microseconds since an arbitrary start. 0 means "not yet".
struct Instant {
  Micros us = 0;
  constexpr auto operator<=>(const Instant&) const = default;
  constexpr bool set() const { return us != 0; }
};
constexpr Instant operator+(Instant at, Micros length) {
  return Instant{at.us + length};
}
constexpr Micros operator-(Instant later, Instant earlier) {
  return later.us - earlier.us;
}

// Microseconds since 1970-01-01 00:00:00 UTC.
struct WallTime {
  Micros us = 0;
  constexpr auto operator<=>(const WallTime&) const = default;
};

}  // namespace weir
