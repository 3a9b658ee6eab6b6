// SPDX-License-Identifier: Apache-2.0
//
// The key of a URI: scheme, authority, path and query as one text, "http://host:port/path?query".
// The port is always written, the host is normalised by base/host, percent-encodings are in
// capitals and those of unreserved characters are undone (RFC 3986 6.2.2.1-2), but "%2E" stays:
// servers differ about dots, and nothing behind a malformed escape is touched. Dot segments, empty
// queries and everything else stay as they were sent, for that is what the origin is asked for.
#pragma once

#include <cstdint>
#include <string_view>

#include "proxy/base/arena.h"

namespace weir::cache {

constexpr std::size_t kKeyLimit = 16 * 1024;

struct KeyParts {
  std::string_view scheme;  // "http" or "https"
  std::string_view host;    // normalised; IPv6 without brackets
  std::uint16_t port = 0;   // 0: the scheme's
  std::string_view path;    // and query; "" is "/"
};

// Empty when it would be longer than kKeyLimit.
std::string_view cache_key(const KeyParts& parts, Arena& arena);

// The key of an absolute URI, a network-path, absolute-path, relative or query reference found in a
// response to the URI of `base` (a key), dot segments of relative ones resolved (RFC 3986 5.2),
// fragment dropped. Empty when it is malformed or neither http nor https.
std::string_view resolve_key(std::string_view base, std::string_view reference, Arena& arena);

// Same scheme, host and port (RFC 9110 4.3.1).
bool same_origin(std::string_view key, std::string_view other);

}  // namespace weir::cache
