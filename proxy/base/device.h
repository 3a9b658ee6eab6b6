// SPDX-License-Identifier: Apache-2.0
//
// Who a client is besides its address: the hardware address of its network interface, and the name
// it gave to a DHCP server. Both are what a device says of itself: a hint, not a proof. A name is
// kept only as a plain host name, so it can stand in logs and on terminals as it is. Pure.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace weir {

using MacAddress = std::array<std::uint8_t, 6>;

struct Device {
  std::optional<MacAddress> mac;
  std::string_view name;  // as plain_name() gives it; empty: none known
};

// 00:1b:44:11:3a:b7 or 00-1b-44-11-3a-b7; nothing else.
std::optional<MacAddress> parse_mac(std::string_view text);
std::string mac_text(const MacAddress& mac);

// A name as it is compared and shown: lower case, no dot at its end. Empty for what is no host name
// of letters, digits, '-', '_' and dots, of 253 bytes at most, beginning with a letter or digit.
std::string plain_name(std::string_view name);

// The part that a name is called by where its domain is left out.
constexpr std::string_view first_label(std::string_view name) {
  return name.substr(0, name.find('.'));
}

}  // namespace weir
