// SPDX-License-Identifier: Apache-2.0
//
// See as_sent.h. What is no URL at all is left as it is: describe() says so.
#include "proxy/cli/as_sent.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <optional>

#include "filters/lists/read_name.h"
#include "proxy/base/ascii.h"
#include "proxy/base/host.h"

namespace weir::cli {
namespace {

struct Parts {
  std::string_view before;  // scheme and user
  std::string_view host;
  std::string_view rest;
};

Parts split(std::string_view url, bool connect) {
  const std::size_t scheme = connect ? npos : url.find("://");
  const std::size_t start = scheme == npos ? 0 : scheme + 3;
  const std::size_t end = std::min(url.find_first_of("/?#", start), url.size());
  const std::size_t user = url.substr(0, end).rfind('@');
  const std::size_t host = user == npos || user < start ? start : user + 1;
  const std::size_t stop = std::min(url.substr(0, end).find(':', host), end);
  return {url.substr(0, host), url.substr(host, stop - host), url.substr(stop)};
}

std::string refused_scheme(std::string_view url) {
  const std::string_view scheme = url.substr(0, std::min(url.find("://"), url.size()));
  if (scheme.size() == url.size() || is_proxied_scheme(scheme) || !all(scheme, kTchar)) {
    return {};
  }
  return std::string(scheme) +
         ":// is not proxied: whoever asks for it is refused before any rule is asked (501, "
         "unsupported_scheme). Write an http:// or https:// URL, or host:port for a tunnel.";
}

// "0x7f.1" and "2130706433" are 127.0.0.1 to much that reads addresses.
std::optional<std::string> address_meant(std::string_view host) {
  in_addr meant{};
  const std::string text(host);
  std::array<char, INET_ADDRSTRLEN> out{};
  if (IpAddress::parse(host) || ::inet_aton(text.c_str(), &meant) == 0 ||
      ::inet_ntop(AF_INET, &meant, out.data(), out.size()) == nullptr) {
    return std::nullopt;
  }
  return std::string(out.data());
}

}  // namespace

bool is_proxied_scheme(std::string_view scheme) {
  constexpr std::array<std::string_view, 4> kProxied = {"http", "https", "ws", "wss"};
  return std::any_of(kProxied.begin(), kProxied.end(),
                     [scheme](std::string_view one) { return same_ignoring_case(one, scheme); });
}

tl::expected<AsSent, std::string> as_sent(std::string_view url, bool connect, Arena& arena) {
  if (std::string why = connect ? std::string() : refused_scheme(url); !why.empty()) {
    return tl::unexpected(std::move(why));
  }
  const Parts parts = split(url, connect);
  if (const auto meant = address_meant(parts.host)) {
    return tl::unexpected(std::string(parts.host) + " is the address " + *meant +
                          " in another spelling. Browsers send " + *meant +
                          ", so write that; a program that sends it as it stands is refused "
                          "before any rule is asked (400, bad_host).");
  }
  const bool plain = std::all_of(parts.host.begin(), parts.host.end(),
                                 [](char c) { return static_cast<unsigned char>(c) < 0x80; });
  if (plain) {
    return AsSent{url, {}};
  }
  const auto name = filters::read_name(parts.host, arena);
  if (!name || name->dotted) {
    return tl::unexpected(
        "the host " + std::string(parts.host) + " has no form that can be asked for" +
        (name ? std::string() : ": " + name.error()) + ". Write a name such as example.com.");
  }
  return AsSent{arena.join({parts.before, name->name, parts.rest}), parts.host};
}

}  // namespace weir::cli
