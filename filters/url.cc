// SPDX-License-Identifier: Apache-2.0
//
// One pass over the path; without escapes that need a change it is a copy.
#include "filters/url.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstring>

#include "proxy/base/ascii.h"
#include "proxy/base/find_pair.h"
#include "proxy/base/host.h"
#include "proxy/base/vector.h"

namespace weir::filters {
namespace {

// Copies what is before the next '%'. How much that is.
std::size_t copy_to_escape(std::string_view path, char* out) {
  std::size_t size = 0;
  for (; size + sizeof(Vector) <= path.size(); size += sizeof(Vector)) {
    const Vector bytes = load_vector(path.data() + size);
    store_vector(bytes, out + size);
    if (const auto escapes = bit_mask(Vector(bytes == static_cast<std::uint8_t>('%')))) {
      return size + static_cast<std::size_t>(std::countr_zero(escapes));
    }
  }
  for (; size < path.size() && path[size] != '%'; ++size) {
    out[size] = path[size];
  }
  return size;
}

// Writes the '%' that begins `path`, and what it escapes; how much of the path that took.
std::size_t write_escape(std::string_view path, char*& out) {
  if (path.size() < 3 || !all(path.substr(1, 2), kHexDigit)) {
    *out++ = '%';
    return 1;
  }
  const unsigned high = hex_value(path[1]);
  const unsigned low = hex_value(path[2]);
  if (const auto value = static_cast<char>(high << 4U | low); unreserved(value)) {
    *out++ = value;
  } else {
    *out++ = '%';
    *out++ = "0123456789ABCDEF"[high];
    *out++ = "0123456789ABCDEF"[low];
  }
  return 3;
}

// Writes `path` with its escapes normalised; never longer than it was.
std::size_t write_path(std::string_view path, char* out) {
  char* const begin = out;
  for (;;) {
    const std::size_t plain = copy_to_escape(path, out);
    out += plain;
    path.remove_prefix(plain);
    if (path.empty()) {
      return static_cast<std::size_t>(out - begin);
    }
    path.remove_prefix(write_escape(path, out));
  }
}

// Takes "." and ".." out of the path before `query` (RFC 3986 5.2.4), as browsers do before they
// ask and servers before they look; in place. Returns the new size.
std::size_t resolve_dots(char* path, std::size_t size) {
  const std::string_view whole(path, size);
  const std::size_t first = find_pair(whole, '/', '.');
  const std::size_t end = first == npos ? 0 : std::min(whole.find('?'), size);
  if (first >= end || whole.front() != '/') {
    return size;
  }
  std::size_t out = 0;
  for (std::size_t at = 0; at < end;) {  // each turn takes "/segment"
    const std::size_t next = std::min(whole.find('/', at + 1), end);
    const std::string_view segment = whole.substr(at, next - at);
    const bool up = segment == "/..";
    while (up && out > 0 && path[--out] != '/') {
    }
    if (up || segment == "/.") {
      out += next == end ? std::string_view("/").copy(path + out, 1) : 0;
    } else {
      std::memmove(path + out, segment.data(), segment.size());
      out += segment.size();
    }
    at = next;
  }
  std::memmove(path + out, path + end, size - end);
  return out + size - end;
}

class Writer {
 public:
  explicit Writer(char* to) : begin_(to), to_(to) {}
  void add(std::string_view text) { to_ += text.copy(to_, text.size()); }
  void add(char c) { *to_++ = c; }
  char* at() const { return to_; }
  void skip(std::size_t size) { to_ += size; }
  std::string_view whole() const { return {begin_, static_cast<std::size_t>(to_ - begin_)}; }

 private:
  char* begin_;
  char* to_;
};

std::uint16_t default_port(std::string_view scheme) {
  if (scheme == "https" || scheme == "wss") {
    return 443;
  }
  return scheme == "http" || scheme == "ws" ? 80 : 0;
}

struct Authority {
  std::string_view host;
  bool bracketed = false;
  std::uint16_t port = 0;  // 0: not given
};

// host, host:port, [v6], [v6]:port; a user before '@' is dropped. A backslash ends the authority
// for browsers and belongs to the user for others, who would not ask the same host.
std::optional<Authority> split_authority(std::string_view text) {
  Authority out;
  if (text.find('\\') != npos) {
    return std::nullopt;
  }
  if (const auto at = text.rfind('@'); at != npos) {
    text.remove_prefix(at + 1);
  }
  std::size_t end = 0;
  if (text.starts_with("[")) {
    end = text.find(']');
    if (end == npos) {
      return std::nullopt;
    }
    out.bracketed = true;
    out.host = text.substr(1, end - 1);
    ++end;
  } else {
    end = std::min(text.find(':'), text.size());
    out.host = text.substr(0, end);
  }
  text.remove_prefix(end);
  if (text.empty() || text == ":") {
    return out;
  }
  const auto* last = text.data() + text.size();
  const auto read = std::from_chars(text.data() + 1, last, out.port);
  const bool good =
      text.front() == ':' && read.ec == std::errc() && read.ptr == last && out.port != 0;
  return good ? std::optional(out) : std::nullopt;
}

bool set_host(const Authority& authority, Subject& subject, Arena& arena) {
  const auto host = normalise_host(authority.host, authority.bracketed, arena);
  if (!host) {
    return false;
  }
  subject.host = host->name;
  subject.host_address = host->address;
  return true;
}

bool parse_connect(std::string_view text, Subject& subject, Arena& arena) {
  const auto authority = split_authority(text);
  if (!authority || authority->port == 0 || !set_host(*authority, subject, arena)) {
    return false;
  }
  subject.port = authority->port;
  subject.scheme = subject.port == 443 ? "https" : "tunnel";
  subject.host_only = true;
  set_url(subject, {}, arena);
  return true;
}

// How much of the text it is, with its "://"; 0: there is none.
std::size_t take_scheme(std::string_view text, Subject& subject, Arena& arena) {
  for (const std::string_view usual : {"https://", "http://"}) {
    if (text.starts_with(usual)) {
      subject.scheme = usual.substr(0, usual.size() - 3);
      return usual.size();
    }
  }
  const auto scheme = text.find("://");
  if (scheme == npos || scheme == 0 || scheme > 16) {
    return 0;
  }
  subject.scheme = arena.copy(lowered(text.substr(0, scheme)));
  return scheme + 3;
}

}  // namespace

std::string_view normalised_escapes(std::string_view text, Arena& arena) {
  if (text.find('%') == npos) {
    return text;
  }
  char* const out = arena.allocate(text.size());
  return {out, write_path(text, out)};
}

void set_url(Subject& subject, std::string_view path, Arena& arena) {
  // A tunnel's URL is that of the site it leads to; its port is not part of what rules cover.
  const std::string_view scheme = subject.host_only ? "https" : subject.scheme;
  Writer out(arena.allocate(scheme.size() + subject.host.size() + path.size() + 16));
  out.add(scheme);
  out.add("://");
  const bool brackets = subject.host_address && !subject.host_address->is_v4();
  if (brackets) {
    out.add('[');
  }
  out.add(subject.host);
  if (brackets) {
    out.add(']');
  }
  if (!subject.host_only && subject.port != 0 && subject.port != default_port(scheme)) {
    out.add(':');
    const auto end = std::to_chars(out.at(), out.at() + 5, subject.port).ptr;
    out.skip(static_cast<std::size_t>(end - out.at()));
  }
  const auto before = out.whole().size();
  char* const from = out.at();
  if (!path.starts_with("/")) {
    out.add('/');
  }
  out.skip(write_path(path, out.at()));
  const auto size = resolve_dots(from, static_cast<std::size_t>(out.at() - from));
  subject.url = out.whole().substr(0, before + size);
  subject.path = subject.url.substr(before);
}

bool parse_url(std::string_view text, Subject& subject, Arena& arena) {
  if (subject.method == "CONNECT") {
    return parse_connect(text, subject, arena);
  }
  const std::size_t scheme = take_scheme(text, subject, arena);
  if (scheme == 0) {
    return false;
  }
  text.remove_prefix(scheme);
  text = text.substr(0, text.find('#'));
  Authority authority{bare_host(text)};
  auto end = authority.host.size();
  if (end == 0) {
    end = std::min(text.find_first_of("/?"), text.size());
    const auto split = split_authority(text.substr(0, end));
    if (!split) {
      return false;
    }
    authority = *split;
  }
  if (!set_host(authority, subject, arena)) {
    return false;
  }
  subject.port = authority.port != 0 ? authority.port : default_port(subject.scheme);
  subject.host_only = false;
  set_url(subject, text.substr(end), arena);
  return true;
}

}  // namespace weir::filters
