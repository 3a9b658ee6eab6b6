// SPDX-License-Identifier: Apache-2.0
//
// See as_written.h. Nearly every URL takes the strict way, and is then given back what that took.
#include "proxy/cli/as_written.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "filters/adblock/ascii_hosts.h"
#include "filters/lists/read_name.h"
#include "filters/url.h"
#include "proxy/base/ascii.h"

namespace weir::cli {
namespace {

constexpr std::uint16_t kHttpPort = 80;
constexpr std::uint16_t kHttpsPort = 443;

struct Pieces {
  std::string_view scheme;
  std::string_view authority;
  std::string_view path;  // and query
};

// To browsers, a backslash is a slash in these, and any number of them stand before the host.
bool is_special(std::string_view scheme) {
  constexpr std::array<std::string_view, 5> kSpecial = {"http", "https", "ws", "wss", "ftp"};
  return std::ranges::any_of(kSpecial,
                             [scheme](auto one) { return same_ignoring_case(one, scheme); });
}

std::optional<Pieces> take_apart(std::string_view text) {
  Pieces out;
  const auto colon = text.find(':');
  out.scheme = text.substr(0, colon);
  const bool special = is_special(out.scheme);
  if (colon == npos || !(special || text.substr(colon).starts_with("://"))) {
    return std::nullopt;
  }
  text = text.substr(colon + 1, text.find('#') - colon - 1);
  text.remove_prefix(special ? std::min(text.find_first_not_of("/\\"), text.size()) : 2);
  const auto end = std::min(text.find_first_of(special ? "/\\?" : "/?"), text.size());
  out.authority = text.substr(0, end);
  out.path = text.substr(end);
  return out;
}

// A name in its own script as browsers send it; else the text.
std::string_view host_of(std::string_view text, Arena& arena) {
  if (adblock::has_foreign(text)) {
    if (const auto name = filters::read_name(text, arena); name && !name->dotted) {
      return name->name;
    }
  }
  while (text.ends_with('.')) {
    text.remove_suffix(1);
  }
  return arena.copy(lowered(text));
}

// Host and port of `authority`, whatever they are; a port that is none counts as not given.
bool set_authority(std::string_view authority, Arena& arena, filters::Subject& subject) {
  authority.remove_prefix(authority.rfind('@') + 1);  // npos + 1 is 0
  const bool bracketed = authority.starts_with('[') && authority.find(']') != npos;
  const auto colon = authority.find(':', bracketed ? authority.find(']') : 0);
  std::string_view host = authority.substr(0, colon);
  if (bracketed) {
    host = host.substr(1, host.find(']') - 1);
  }
  subject.host = host_of(host, arena);
  subject.host_address = IpAddress::parse(subject.host);
  subject.port = 0;
  const std::string_view digits = colon == npos ? "" : authority.substr(colon + 1);
  const char* const last = digits.data() + digits.size();
  if (std::from_chars(digits.data(), last, subject.port).ptr != last) {
    subject.port = 0;
  }
  return !subject.host.empty();
}

bool set_connect(std::string_view text, Arena& arena, filters::Subject& subject) {
  if (text.find('/') != npos || !set_authority(text, arena, subject)) {
    return false;
  }
  subject.port = subject.port == 0 ? kHttpsPort : subject.port;
  subject.scheme = subject.port == kHttpsPort ? "https" : "tunnel";
  subject.host_only = true;
  filters::set_url(subject, {}, arena);
  return true;
}

bool set_text(const Asked& asked, Arena& arena, filters::Subject& subject) {
  if (asked.method == "CONNECT") {
    return set_connect(asked.url, arena, subject);
  }
  const auto parts = take_apart(asked.url);
  if (!parts || !set_authority(parts->authority, arena, subject)) {
    return false;
  }
  subject.scheme = arena.copy(lowered(parts->scheme));
  const bool secure = subject.scheme == "https" || subject.scheme == "wss";
  subject.port = subject.port != 0 ? subject.port : secure ? kHttpsPort : kHttpPort;
  subject.host_only = false;
  filters::set_url(subject, parts->path, arena);
  return true;
}

bool begins_with_host_and_path(std::string_view text, std::string_view host) {
  return text.size() > host.size() && text.starts_with(host) &&
         (text[host.size()] == '/' || text[host.size()] == '?');
}

// What describe() has taken from the URL, or put into it.
void give_back(const Asked& asked, Arena& arena, filters::Subject& subject) {
  const auto begin = subject.scheme.size() + 3;
  if (subject.host_only || begins_with_host_and_path(asked.url.substr(begin), subject.host)) {
    return;
  }
  const auto end = std::min(asked.url.find_first_of("/?#", begin), asked.url.size());
  std::string_view authority = asked.url.substr(begin, end - begin);
  authority.remove_prefix(authority.rfind('@') + 1);
  if (authority.substr(0, authority.find(':')).ends_with('.')) {
    const auto behind = subject.scheme.size() + 3 + subject.host.size();
    const auto size = subject.path.size();
    subject.url = arena.join({subject.url.substr(0, behind), ".", subject.url.substr(behind)});
    subject.path = subject.url.substr(subject.url.size() - size);
  }
  if (end == asked.url.size() || asked.url[end] == '#') {
    subject.url.remove_suffix(1);  // the "/" in place of an empty path
  }
}

}  // namespace

bool describe_as_written(const Asked& asked, Arena& arena, filters::Subject& subject) {
  if (describe(asked, arena, subject)) {
    give_back(asked, arena, subject);
    return true;
  }
  if (!set_text(asked, arena, subject)) {
    return false;
  }
  describe_fields(arena, subject);
  return true;
}

}  // namespace weir::cli
