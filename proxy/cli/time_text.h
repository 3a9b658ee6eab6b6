// SPDX-License-Identifier: Apache-2.0
//
// Times as people write them on a command line, and as they are shown to them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "proxy/base/instant.h"

namespace weir::cli {

// RFC 3339 ("2026-11-21T15:00:00Z", "...+08:00"; a space may stand for the T, seconds may be left
// out), or without an offset the system's local time. Nothing for anything else.
std::optional<WallTime> parse_time(std::string_view text);

// "2026-11-21 15:00:00 +0000", in local time.
std::string local_text(WallTime at);
// The same by a clock that is so much ahead of UTC.
std::string clock_text(WallTime at, Micros utc_offset);
// "2026-11-21T15:00:00.000Z"
std::string utc_text(WallTime at);

}  // namespace weir::cli
