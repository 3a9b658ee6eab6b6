// SPDX-License-Identifier: Apache-2.0
//
// See due.h.
#include "proxy/lists/due.h"

#include <algorithm>

namespace weir {
namespace {

constexpr Micros kMinute = 60 * kSecond;
constexpr Micros kMissingMost = 5 * kMinute;  // between attempts while there is no version
constexpr unsigned kDoublingsMost = 20;

// `length` less up to `percent` of it.
Micros less(Micros length, Micros percent, std::uint32_t chance) {
  const Micros most = length / 100 * percent;
  return length - most / 1000 * static_cast<Micros>(std::uint64_t{chance} * 1000 >> 32);
}

}  // namespace

Micros wait_after(const filters::ListDocument& list, bool have_one, unsigned failures,
                  std::uint32_t chance) {
  if (failures == 0) {
    return less(list.interval, 10, chance);
  }
  const Micros first = have_one ? kMinute : kSecond;
  const Micros most = have_one ? list.interval : std::min(list.interval, kMissingMost);
  return less(std::min(first << std::min(failures - 1, kDoublingsMost), most), 50, chance);
}

Micros wait_at_start(const filters::ListDocument& list, const Kept& kept, WallTime now,
                     std::uint32_t chance) {
  // A clock that was set back must not put it off for years.
  const bool known = (kept.current || kept.held) && kept.checked <= now;
  if (!known) {
    return 0;
  }
  const Micros passed = now.us - kept.checked.us;
  return std::max(wait_after(list, true, 0, chance) - passed, Micros{0});
}

}  // namespace weir
