// SPDX-License-Identifier: Apache-2.0
//
// Replies that Weir writes itself: a refusal made from a row of the failure table, in the form the
// client prefers (HTML, problem+json of RFC 9457, or plain text), and a few short positive ones.
// Only fixed sentences and our own values are put into these pages, never a field of the request;
// what a rule blocks is told by block_page.h, which escapes.
#pragma once

#include <cstdint>
#include <string_view>

#include "proxy/base/arena.h"
#include "proxy/base/failure.h"
#include "proxy/http/message.h"

namespace weir::http {

enum class PageKind : std::uint8_t { Html, Json, Text };

// Which of the three `Accept` prefers; Text when it says nothing.
PageKind preferred_page(const Fields& fields);

struct ReplyPlan {
  PageKind page = PageKind::Text;
  bool to_head = false;        // no body
  bool close = true;           // say Connection: close
  bool keep_alive = false;     // say Connection: keep-alive, for HTTP/1.0
  std::string_view realm;      // 407 only
  std::string_view pseudonym;  // in Proxy-Status and Via
  std::string_view date;
  std::uint64_t request_id = 0;
};

// What sets one refusal apart from another; the rest is in all of them.
struct Refusal {
  std::uint16_t status = 403;
  std::string_view media_type;  // empty: no Content-Type
  std::string_view body;
  std::string_view error;        // the error type in Proxy-Status (RFC 9209 2.3)
  std::string_view details;      // likewise; fit for a quoted string
  std::string_view more_fields;  // whole lines
};

// Head and body. Lives in `arena`.
std::string_view write_refusal(const Refusal& refusal, const ReplyPlan& plan, Arena& arena);

// Head and body of the refusal. Lives in `arena`. Requires a row with a status.
std::string_view write_refusal(Failure why, const ReplyPlan& plan, Arena& arena);

// Our own positive answer, complete: 200 with a body of that media type ("" for an empty body).
std::string_view write_answer(std::string_view media_type, std::string_view body,
                              std::string_view more_fields, const ReplyPlan& plan, Arena& arena);

// "text/html; charset=utf-8" and so on.
std::string_view media_type(PageKind kind);
// The request id as logs and pages show it: 16 hexadecimal digits.
std::string_view request_id_text(std::uint64_t id, Arena& arena);
// What all our pages look like (CSS): light or dark as the reader has it.
std::string_view page_style();

// The answer to TRACE at its last hop (RFC 9110 9.3.8): the request as received, without fields
// that carry secrets.
std::string_view trace_body(const RequestHead& head, Arena& arena);

// The standard reason phrase; "" for unknown statuses.
std::string_view reason_phrase(std::uint16_t status);

}  // namespace weir::http
