// SPDX-License-Identifier: Apache-2.0
//
// How long a message body is (RFC 9112 6), and every refusal that keeps two parsers from
// disagreeing about it. One function for each direction, following the numbered rules of RFC
// 9112 6.3.
#pragma once

#include <cstdint>

#include "proxy/base/failure.h"
#include "proxy/http/message.h"

namespace weir::http {

enum class BodyKind : std::uint8_t { None, Length, Chunked, UntilClose };

struct Framing {
  BodyKind kind = BodyKind::None;
  std::uint64_t length = 0;  // Length only; a Length of 0 is a body that is already over
};

// Never UntilClose.
Result<Framing> request_framing(const RequestHead& head);

// No body comes with these, whatever the head declares (RFC 9112 6.3).
constexpr bool bodiless(bool to_head, std::uint16_t status) {
  return to_head || status < 200 || status == 204 || status == 304;
}

// `to_head`: the request was HEAD. Interim answers (1xx) have no body. Failures are Origin rows.
Result<Framing> response_framing(const ResponseHead& head, bool to_head);

// The value of Content-Length: every line the same plain number. Nothing there: no value and None.
struct ContentLength {
  bool present = false;
  bool valid = true;
  std::uint64_t value = 0;
};
ContentLength content_length(const Fields& fields);

}  // namespace weir::http
