// SPDX-License-Identifier: Apache-2.0
//
// What kinds of text settings are made of: names of hosts, tokens, paths. Each rule takes a text
// and gives its one canonical form, or nothing. Pure; knows neither JSON nor the table.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "proxy/base/address.h"

namespace weir {

// The text, when it is good.
std::optional<std::string> text_when(bool good, std::string_view text);

// Anything without control characters.
std::optional<std::string> take_plain(std::string_view text);
// A token of HTTP (RFC 9110 5.6.2): methods, pseudonyms.
std::optional<std::string> take_token(std::string_view text);
// A token, lower-case: Upgrade protocols are compared without case (RFC 9110 7.8).
std::optional<std::string> take_protocol(std::string_view text);
// Plain text that needs no escaping inside a quoted string.
std::optional<std::string> take_realm(std::string_view text);
// A user name of Basic authentication: no colon (RFC 7617 2).
std::optional<std::string> take_user(std::string_view text);
// "squid", "combined", "json" or a format with a %{field}; which fields there are is for
// the access log to say.
std::optional<std::string> take_log_format(std::string_view text);
// A DNS name, lower-case, without its final dot; no IP address.
std::optional<std::string> take_host_name(std::string_view text);
// A DNS name or an IP address, canonical.
std::optional<std::string> take_host(std::string_view text);
// "example.com", ".example.com", "*" or an IP address.
std::optional<std::string> take_host_pattern(std::string_view text);
// A host and a port, "proxy.example:3128" or "[2001:db8::1]:3128".
std::optional<std::string> take_host_and_port(std::string_view text);

struct HostAndPort {
  std::string host;  // without brackets
  std::uint16_t port = 0;
};
std::optional<HostAndPort> parse_host_and_port(std::string_view text);

// Where the admin interface listens: "off", "unix:/run/weir.sock", or an address with a port if it
// is not 3180; ":3180" and "*:3180" are every IPv4 address of the machine.
struct AdminAddress {
  enum class Kind : std::uint8_t { Off, Unix, Tcp };
  Kind kind = Kind::Off;
  std::string path;  // Unix: begins with a slash, and fits into a socket's address
  Endpoint at;       // Tcp
};
std::optional<AdminAddress> parse_admin_address(std::string_view text);
// In the one form that `text` has for each of them.
std::optional<std::string> take_admin_address(std::string_view text);

}  // namespace weir
