// SPDX-License-Identifier: Apache-2.0
//
// The request target and its authority (RFC 9112 3.2, RFC 3986 3.2). A target is one of four forms,
// and every later step has to deal with all of them. Path and query are never touched: what the
// client sent is what the origin gets.
#pragma once

#include <cstdint>
#include <string_view>

#include "proxy/base/arena.h"
#include "proxy/base/failure.h"
#include "proxy/http/message.h"

namespace weir::http {

enum class TargetForm : std::uint8_t { Origin, Absolute, Authority, Asterisk };

// host[:port], as written. `host` has no brackets; `bracketed` tells an IPv6 literal.
struct Authority {
  std::string_view host;
  std::uint16_t port = 0;  // 0 when none was written (or an empty one, in a URI)
  bool bracketed = false;
  std::string_view text;  // the whole, without an empty port's colon: fit for a Host field
};

struct Target {
  TargetForm form = TargetForm::Origin;
  Authority authority;    // Absolute and Authority forms
  std::string_view path;  // path and query as sent on; "*" for Asterisk and OPTIONS without path
};

// host[:port] in a URI or a Host field. No userinfo, strict port, brackets only around IPv6. The
// host is not normalised here; base/host does that.
Result<Authority> parse_authority(std::string_view text);

// CONNECT's authority-form: the port is required (RFC 9112 3.2.3).
Result<Authority> parse_authority_form(std::string_view text);

// Which form the target has and its parts. Only the http scheme passes. `arena` holds the path when
// it has to be made ("http://h?q" asks for "/?q").
Result<Target> parse_target(const RequestHead& head, Arena& arena);

// The Host field: exactly one and valid in HTTP/1.1, at most one in HTTP/1.0 (RFC 9112 3.2).
Failure check_host(const RequestHead& head);

}  // namespace weir::http
