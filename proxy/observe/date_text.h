// SPDX-License-Identifier: Apache-2.0
//
// The date and time of a log line as text, in UTC. Computed once per second and kept, since most
// records of a busy proxy share their second. It reads no clock and no time zone: time is a
// parameter.
//
// One object per thread.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "proxy/base/instant.h"

namespace weir {

class DateText {
 public:
  // "02/Jan/2026:03:04:05 +0000", valid until the next call.
  std::string_view common(WallTime at);
  // "2026-01-02T03:04:05.678Z", valid until the next call.
  std::string_view iso(WallTime at);

 private:
  void renew(std::int64_t second);

  std::int64_t second_ = -1;  // what the texts below say
  std::array<char, 26> common_{};
  std::array<char, 24> iso_{};
};

}  // namespace weir
