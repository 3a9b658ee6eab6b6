// SPDX-License-Identifier: Apache-2.0
//
// Heads from bytes (RFC 9112 2-5). A parser here is a function of the bytes received so far: it
// says NeedMore, Done with the number of bytes used, or Bad with the row of the failure table. It
// waits for the whole head and then walks it once; lines end in CRLF only. Nothing is repaired:
// what RFC 9112 lets a recipient tolerate and a proxy must not pass on (bare LF, obs-fold, white
// space before a colon) is refused.
#pragma once

#include <cstdint>
#include <string_view>

#include "proxy/base/failure.h"
#include "proxy/http/message.h"

namespace weir::http {

enum class Progress : std::uint8_t { NeedMore, Done, Bad };

struct Taken {
  Progress progress = Progress::NeedMore;
  std::size_t used = 0;  // bytes of the head, when Done
  Failure why = Failure::None;
};

struct HeadLimits {
  std::size_t request_line = 16 * 1024;
  std::size_t head = 64 * 1024;
  std::size_t fields = 200;
};

// How far earlier calls on the same growing input have looked, so that a head that drips in costs
// linear time. Starts at zero; one for each message.
struct HeadScan {
  std::size_t looked_at = 0;  // everything before has been searched for line ends
  std::size_t line_start = 0;
  std::size_t lines = 0;
  std::size_t first_line_end = 0;  // behind the CRLF of the start line, once it is in
};

// A request head at the start of `in`. Empty lines before the request line are skipped and counted
// in `used` (RFC 9112 2.2). On Done `out` views `in`.
Taken take_request(std::string_view in, HeadScan& scan, const HeadLimits& limits, RequestHead& out);

// A response head; every fault is an Origin row.
Taken take_response(std::string_view in, HeadScan& scan, const HeadLimits& limits,
                    ResponseHead& out);

// The field lines of a trailer section that is already complete: each line with its CRLF, without
// the empty line at the end. False when a line is malformed.
bool parse_field_lines(std::string_view lines, std::size_t most, Fields& out);

}  // namespace weir::http
