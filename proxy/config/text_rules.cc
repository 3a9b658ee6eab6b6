// SPDX-License-Identifier: Apache-2.0
//
// See text_rules.h. Names of hosts go through the one normalisation that requests go through too
// (base/host.h), so that a rule and a request mean the same host.
#include "proxy/config/text_rules.h"

#include <algorithm>

#include "proxy/base/address.h"
#include "proxy/base/arena.h"
#include "proxy/base/ascii.h"
#include "proxy/base/host.h"

namespace weir {
namespace {

constexpr std::uint16_t kAdminPort = 3180;
constexpr std::string_view kUnix = "unix:";
constexpr std::size_t kSocketPathMost = 107;  // sun_path, and a NUL

bool is_plain(std::string_view text) {
  return std::ranges::none_of(text, [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) == 0x7f;
  });
}

}  // namespace

std::optional<std::string> text_when(bool good, std::string_view text) {
  return good ? std::optional<std::string>(text) : std::nullopt;
}

std::optional<std::string> take_plain(std::string_view text) {
  return text_when(is_plain(text), text);
}

std::optional<std::string> take_token(std::string_view text) {
  return text_when(!text.empty() && all(text, kTchar), text);
}

std::optional<std::string> take_protocol(std::string_view text) {
  return text_when(!text.empty() && all(text, kTchar), lowered(text));
}

std::optional<std::string> take_realm(std::string_view text) {
  return text_when(is_plain(text) && text.find_first_of("\"\\") == std::string_view::npos, text);
}

std::optional<std::string> take_user(std::string_view text) {
  return text_when(is_plain(text) && text.find(':') == std::string_view::npos, text);
}

std::optional<std::string> take_log_format(std::string_view text) {
  const bool named = text == "squid" || text == "combined" || text == "json";
  const std::size_t sign = text.find('%');
  const bool fields = sign != text.npos && text.find('{', sign) != text.npos;
  return text_when(named || (fields && is_plain(text)), text);
}

std::optional<std::string> take_host_name(std::string_view text) {
  Arena arena(512);
  const auto host = normalise_host(text, false, arena);
  return host && !host->address ? std::optional(std::string(host->name)) : std::nullopt;
}

std::optional<std::string> take_host(std::string_view text) {
  const auto address = IpAddress::parse(text);
  return address ? address->text() : take_host_name(text);
}

std::optional<std::string> take_host_pattern(std::string_view text) {
  if (text == "*") {
    return "*";
  }
  if (text.starts_with('.')) {
    const auto name = take_host_name(text.substr(1));
    return name ? std::optional("." + *name) : std::nullopt;
  }
  return take_host(text);
}

std::optional<HostAndPort> parse_host_and_port(std::string_view text) {
  if (const auto at = Endpoint::parse(text)) {
    return at->port == 0 ? std::nullopt : std::optional(HostAndPort{at->address.text(), at->port});
  }
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) {
    return std::nullopt;
  }
  const auto name = take_host_name(text.substr(0, colon));
  const auto port = parse_decimal(text.substr(colon + 1), 65535);
  if (!name || !port || *port == 0) {
    return std::nullopt;
  }
  return HostAndPort{*name, static_cast<std::uint16_t>(*port)};
}

std::optional<std::string> take_host_and_port(std::string_view text) {
  return text_when(parse_host_and_port(text).has_value(), lowered(text));
}

std::optional<AdminAddress> parse_admin_address(std::string_view text) {
  using Kind = AdminAddress::Kind;
  if (text == "off") {
    return AdminAddress{};
  }
  if (text.starts_with(kUnix)) {
    const std::string_view path = text.substr(kUnix.size());
    const bool good = path.starts_with('/') && path.size() <= kSocketPathMost && is_plain(path);
    return good ? std::optional(AdminAddress{Kind::Unix, std::string(path), {}}) : std::nullopt;
  }
  const std::string port = ":" + std::to_string(kAdminPort);
  std::optional<Endpoint> at;
  if (text.starts_with(':') && !text.starts_with("::")) {
    at = Endpoint::parse("0.0.0.0" + std::string(text));
  } else if (text.starts_with("*:")) {
    at = Endpoint::parse("0.0.0.0" + std::string(text.substr(1)));
  } else if (const auto address = IpAddress::parse(text)) {
    at = Endpoint{*address, kAdminPort};
  } else {
    at = Endpoint::parse(text.ends_with(']') ? std::string(text) + port : std::string(text));
  }
  return at ? std::optional(AdminAddress{Kind::Tcp, {}, *at}) : std::nullopt;
}

std::optional<std::string> take_admin_address(std::string_view text) {
  const auto found = parse_admin_address(text);
  if (!found || found->kind != AdminAddress::Kind::Tcp) {
    return text_when(found.has_value(), text);
  }
  return found->at.text();
}

}  // namespace weir
