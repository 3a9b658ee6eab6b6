// SPDX-License-Identifier: Apache-2.0
//
// See key.h. A key is written in one pass into a block that is known to suffice.
#include "proxy/cache/key.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <optional>

#include "proxy/base/ascii.h"
#include "proxy/base/host.h"
#include "proxy/cache/put.h"
#include "proxy/http/target.h"

namespace weir::cache {
namespace {

using std::string_view;

constexpr auto npos = string_view::npos;
constexpr string_view kHttp = "http";
constexpr string_view kHttps = "https";

// RFC 3986 2.3, without the dot (key.h).
bool plain_when_decoded(unsigned byte) {
  const char c = static_cast<char>(byte);
  return byte < 128 && (is(c, kAlpha) || is(c, kDigit) || c == '-' || c == '_' || c == '~');
}

bool is_escape(string_view text, std::size_t at) {
  return text[at] == '%' && at + 2 < text.size() && is(text[at + 1], kHexDigit) &&
         is(text[at + 2], kHexDigit);
}

// Writes `path` with its escapes in one spelling; never longer than it was. What follows a '%' that
// begins no escape is left alone: "%4%31" must not become "%41".
char* put_path(char* to, string_view path) {
  constexpr string_view kHex = "0123456789ABCDEF";
  std::size_t at = 0;
  while (at < path.size()) {
    const std::size_t next = std::min(path.find('%', at), path.size());
    to = put(to, path.substr(at, next - at));
    if (next == path.size() || !is_escape(path, next)) {
      return put(to, path.substr(next));
    }
    const unsigned high = hex_value(path[next + 1]);
    const unsigned low = hex_value(path[next + 2]);
    if (const unsigned byte = high * 16 + low; plain_when_decoded(byte)) {
      *to++ = static_cast<char>(byte);
    } else {
      *to++ = '%';
      *to++ = kHex[high];
      *to++ = kHex[low];
    }
    at = next + 3;
  }
  return to;
}

std::uint16_t default_port(string_view scheme) {
  return scheme == kHttps ? 443 : 80;
}

// Where the path of a key begins.
std::size_t path_at(string_view key) {
  const std::size_t scheme = key.find("://");
  return scheme == npos ? key.size() : std::min(key.find('/', scheme + 3), key.size());
}

string_view scheme_of(string_view key) {
  return key.substr(0, std::min(key.find(':'), key.size()));
}

// The scheme that a reference begins with, or nothing (RFC 3986 3.1).
string_view scheme_in(string_view reference) {
  const std::size_t end = reference.find_first_of(":/?");
  const bool scheme = end != npos && end != 0 && reference[end] == ':' && is(reference[0], kAlpha);
  return scheme ? reference.substr(0, end) : string_view();
}

// Takes "." and ".." out of the path before the query (RFC 3986 5.2.4).
string_view without_dots(string_view path, Arena& arena) {
  const std::size_t end = std::min(path.find('?'), path.size());
  if (path.substr(0, end).find("/.") == npos) {
    return path;
  }
  char* const text = arena.allocate(path.size() + 1);
  std::size_t out = 0;
  for (std::size_t at = 0; at < end;) {  // each turn takes "/segment"
    const std::size_t next = std::min(path.find('/', at + 1), end);
    const string_view segment = path.substr(at, next - at);
    const bool up = segment == "/..";
    while (up && out > 0 && text[--out] != '/') {
    }
    if (!up && segment != "/.") {
      out += segment.copy(text + out, segment.size());
    } else if (next == end) {
      text[out++] = '/';
    }
    at = next;
  }
  out += path.copy(text + out, path.size() - end, end);
  return {text, out};
}

// The path and query of a reference without authority, in the place of `base` (RFC 3986 5.2.2).
string_view merged_path(string_view base, string_view reference, Arena& arena) {
  if (reference.empty() || reference.starts_with('/')) {
    return reference.empty() ? base : reference;
  }
  const string_view path = base.substr(0, std::min(base.find('?'), base.size()));
  return reference.starts_with('?') ? arena.join({path, reference})
                                    : arena.join({path.substr(0, path.rfind('/') + 1), reference});
}

// The key of what follows "//": authority, path and query.
string_view key_of_authority(string_view scheme, string_view rest, Arena& arena) {
  const std::size_t end = std::min(rest.find_first_of("/?"), rest.size());
  const auto authority = http::parse_authority(rest.substr(0, end));
  if (!authority) {
    return {};
  }
  const auto host = normalise_host(authority->host, authority->bracketed, arena);
  if (!host) {
    return {};
  }
  string_view path = rest.substr(end);
  if (path.starts_with('?')) {
    path = arena.join({"/", path});
  }
  return cache_key({scheme, host->name, authority->port, without_dots(path, arena)}, arena);
}

}  // namespace

string_view cache_key(const KeyParts& parts, Arena& arena) {
  constexpr std::size_t kAround = 16;  // "://", brackets, a port, a slash
  const std::size_t room = parts.scheme.size() + parts.host.size() + parts.path.size() + kAround;
  if (room > kKeyLimit) {
    return {};
  }
  char* const text = arena.allocate(room);
  char* to = put(put(text, parts.scheme), "://");
  const bool bracketed = parts.host.find(':') != npos;
  to = put(to, bracketed ? "[" : "");
  to = put(to, parts.host);
  to = put(to, bracketed ? "]:" : ":");
  to = std::to_chars(to, to + 5, parts.port != 0 ? parts.port : default_port(parts.scheme)).ptr;
  to = put(to, parts.path.starts_with('/') ? "" : "/");
  to = put_path(to, parts.path);
  return {text, static_cast<std::size_t>(to - text)};
}

string_view resolve_key(string_view base, string_view reference, Arena& arena) {
  reference = trim_ows(reference);
  reference = reference.substr(0, reference.find('#'));
  if (!all(reference, kTargetChar) || reference.size() > kKeyLimit) {
    return {};
  }
  const string_view scheme = scheme_in(reference);
  if (!scheme.empty()) {
    const bool https = same_ignoring_case(scheme, kHttps);
    const string_view rest = reference.substr(scheme.size() + 1);
    const bool known = https || same_ignoring_case(scheme, kHttp);
    return known && rest.starts_with("//")
               ? key_of_authority(https ? kHttps : kHttp, rest.substr(2), arena)
               : string_view();
  }
  if (reference.starts_with("//")) {
    return key_of_authority(scheme_of(base), reference.substr(2), arena);
  }
  const std::size_t path = path_at(base);
  if (base.size() + reference.size() > kKeyLimit || path == base.size()) {
    return {};
  }
  const string_view merged = merged_path(base.substr(path), reference, arena);
  const string_view resolved = without_dots(merged, arena);
  char* const text = arena.allocate(path + resolved.size());
  const char* to = put_path(put(text, base.substr(0, path)), resolved);
  return {text, static_cast<std::size_t>(to - text)};
}

bool same_origin(string_view key, string_view other) {
  const std::size_t end = path_at(key);
  return end != key.size() && key.substr(0, end) == other.substr(0, path_at(other));
}

}  // namespace weir::cache
