// SPDX-License-Identifier: Apache-2.0
//
// Where the host of a filter stands is plain for "||host", "scheme://host", a line that is only a
// name, and a hosts-file line. Elsewhere ("ads.example/x" with no anchor) a name may as well be
// part of a path, and is left alone.
#include "filters/adblock/ascii_hosts.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "filters/adblock/parse.h"
#include "filters/lists/read_name.h"
#include "proxy/base/ascii.h"

namespace weir::adblock {
namespace {

constexpr std::string_view kBehindHost = "/^?:|$ \t";

// A name without anything else on the line, with a dot: see bare_host().
bool only_name(std::string_view text) {
  std::string plain(text);
  std::ranges::replace_if(
      plain, [](char c) { return static_cast<unsigned char>(c) >= 0x80; }, 'x');
  return plain_host(plain) && plain.find('.') != npos;
}

bool scheme_before(std::string_view text) {
  return std::ranges::all_of(text,
                             [](char c) { return (c >= 'a' && c <= 'z') || c == '*' || c == '|'; });
}

// What begins at `at`, up to where a host ends. A '*' that ends the pattern says nothing.
std::string_view host_at(std::string_view line, std::size_t at) {
  const auto end = std::min(line.find_first_of(kBehindHost, at), line.size());
  auto host = line.substr(at, end - at);
  while (host.ends_with('*') && (end == line.size() || line[end] == '$')) {
    host.remove_suffix(1);
  }
  return host;
}

// The part of the line that is a host; empty: none is.
std::string_view host_part(std::string_view line) {
  const std::size_t begin = line.starts_with("@@") ? 2 : 0;
  if (line.substr(begin).starts_with("||")) {
    return host_at(line, begin + 2);
  }
  const auto scheme = line.find("://");
  if (scheme != npos && scheme_before(line.substr(begin, scheme - begin))) {
    return host_at(line, scheme + 3);
  }
  const auto space = line.find_last_of(" \t");
  const auto word = space == npos ? line : line.substr(space + 1);
  return only_name(word) ? word : std::string_view();
}

// Not so where the label had a mark in it ('*'), or a letter that stands for some ("a/c" in one).
bool good_label(std::string_view ascii) {
  return !ascii.empty() && std::ranges::all_of(ascii, [](char c) { return is(c, kHostChar); });
}

}  // namespace

bool has_foreign(std::string_view text) {
  constexpr std::uint64_t kHighBits = 0x8080808080808080ULL;
  std::size_t at = 0;
  for (std::uint64_t word = 0; at + sizeof(word) <= text.size(); at += sizeof(word)) {
    std::memcpy(&word, text.data() + at, sizeof(word));
    if ((word & kHighBits) != 0) {
      return true;
    }
  }
  return std::ranges::any_of(text.substr(at),
                             [](char c) { return static_cast<unsigned char>(c) >= 0x80; });
}

std::optional<std::string> ascii_name(std::string_view name) {
  std::string out;
  Arena arena;
  for (bool more = true; more;) {
    const auto dot = name.find('.');
    const auto label = name.substr(0, dot);
    if (!has_foreign(label)) {
      out += label;
    } else if (const auto ascii = filters::to_ascii(label, arena); ascii && good_label(*ascii)) {
      out += *ascii;
    } else {
      return std::nullopt;
    }
    more = dot != npos;
    out += more ? "." : "";
    name.remove_prefix(more ? dot + 1 : 0);
  }
  return out;
}

bool ascii_host(std::string_view line, std::string& out) {
  out = line;
  const auto host = host_part(line);
  if (!has_foreign(host)) {
    return true;
  }
  const auto ascii = ascii_name(host);
  if (ascii) {
    out.replace(static_cast<std::size_t>(host.data() - line.data()), host.size(), *ascii);
  }
  return ascii.has_value();
}

}  // namespace weir::adblock
