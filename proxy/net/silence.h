// SPDX-License-Identifier: Apache-2.0
//
// Whether the name servers answer in time: who could do without their answer does not wait for it
// while they do not. Questions are still asked, and the first answer that comes in time ends the
// silence; as long as it lasts, somebody waits now and then, ever less often. One slow name among
// quick answers is no silence. A pure value; owned by a worker.
#pragma once

#include <algorithm>

#include "proxy/base/instant.h"

namespace weir {

class Silence {
 public:
  static constexpr Micros kFirst = 5 * kSecond;
  static constexpr Micros kMost = 60 * kSecond;

  // An answer came in time.
  void heard(Instant now) {
    heard_ = now;
    until_ = Instant{};
    length_ = 0;
  }
  // Somebody waited in vain from `began` to `now`.
  void missed(Instant began, Instant now) {
    if ((heard_.set() && heard_ >= began) || lasts(now)) {
      return;
    }
    length_ = std::clamp(2 * length_, kFirst, kMost);
    until_ = now + length_;
  }
  bool lasts(Instant now) const { return until_.set() && now < until_; }

 private:
  Instant heard_;
  Instant until_;
  Micros length_ = 0;
};

}  // namespace weir
