// SPDX-License-Identifier: Apache-2.0
//
// What a proxy changes in a head it passes on (RFC 9110 7.6, RFC 9112 9.6). A new head is written
// from the parsed one, field by field; received bytes are never copied as a block, and nothing is
// removed in place. Pure: bytes come from the exchange's arena.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "proxy/base/arena.h"
#include "proxy/http/framing.h"
#include "proxy/http/message.h"

namespace weir::http {

// What is told about the client to the next hop. `remove`: received fields of that name are
// dropped; `add`: the client's address is appended.
struct Disclosure {
  bool remove = true;
  bool add = false;
};

struct RequestPlan {
  std::string_view target;                // what goes into the request line
  std::string_view host;                  // the value of Host
  Framing framing;                        // how the body will be sent
  std::string_view via;                   // our pseudonym
  std::string_view client;                // the client's address, IPv6 without brackets
  Disclosure forwarded_for;               // X-Forwarded-For
  Disclosure forwarded;                   // Forwarded
  std::string_view upgrade;               // value of Upgrade to ask for; empty: none
  std::string_view parent_authorization;  // Proxy-Authorization for a parent; empty: none
  bool keep_trailers = true;
};

// The head to send towards the origin. Lives in `arena`.
std::string_view write_request(const RequestHead& head, const RequestPlan& plan, Arena& arena);

struct ResponsePlan {
  Framing framing;        // how the body will be sent to the client
  bool bodiless = false;  // the answer has no body by its nature (HEAD, 204, 304): keep its length
  bool close = false;     // say that the connection ends with this answer
  bool keep_alive = false;  // an HTTP/1.0 client asked to stay
  std::string_view via;
  std::string_view date;     // added when the origin sent none
  std::string_view upgrade;  // 101 only: the Upgrade field to pass on
  bool keep_trailers = true;
};

// The head to send to the client; interim answers too. Lives in `arena`.
std::string_view write_response(const ResponseHead& head, const ResponsePlan& plan, Arena& arena);

// The trailer section to send on: only fields that may stand in trailers (RFC 9110 6.5.1), each
// with CRLF, without the final empty line. False when the section is malformed.
bool write_trailers(std::string_view section, Arena& arena, std::string_view& out);

// True when Via names `pseudonym`: the request has been here before (RFC 9110 7.6.3).
bool via_names(const Fields& fields, std::string_view pseudonym);

// Max-Forwards of an OPTIONS or TRACE request (RFC 9110 7.6.2).
struct MaxForwards {
  bool present = false;
  bool valid = true;
  std::uint64_t value = 0;
};
MaxForwards max_forwards(const RequestHead& head);

// What Expect asks (RFC 9110 10.1.1). Ignored in HTTP/1.0.
enum class Expectation : std::uint8_t { None, Continue, Unknown };
Expectation expectation(const RequestHead& head);

// The Upgrade elements of a request that are on the list, comma separated; empty when there are
// none or the request cannot upgrade (HTTP/1.0, or "upgrade" not in Connection). Lives in `arena`.
std::string_view wanted_upgrade(const RequestHead& head, std::span<const std::string> allowed,
                                Arena& arena);

}  // namespace weir::http
