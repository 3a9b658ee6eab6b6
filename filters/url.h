// SPDX-License-Identifier: Apache-2.0
//
// The URL that rules see, put together once from parts that are already normalised. Escapes of
// unreserved characters are undone and the others written in capitals, "." and ".." are taken out
// of the path (RFC 3986 6.2.2), so that "/x/../%61ds/" is judged as "/ads/".
#pragma once

#include <optional>
#include <string_view>

#include "filters/subject.h"
#include "proxy/base/arena.h"
#include "proxy/base/ascii.h"

namespace weir::filters {

// What never needs to be escaped (RFC 3986 2.3).
constexpr bool unreserved(char c) {
  return is(c, kHostChar) || c == '~';
}

// The text with its escapes as they are in URLs that rules see; the text itself when it has none.
std::string_view normalised_escapes(std::string_view text, Arena& arena);

// Sets subject.url and subject.path from subject.scheme, host and port and `path` (path and query
// as sent; empty for a CONNECT). The result lives in `arena`.
void set_url(Subject& subject, std::string_view path, Arena& arena);

// Fills scheme, host, host_address, port, url and path of `subject` from an absolute URL or, when
// subject.method is CONNECT, from host:port. False when it is neither.
bool parse_url(std::string_view text, Subject& subject, Arena& arena);

}  // namespace weir::filters
