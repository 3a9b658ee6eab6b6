// SPDX-License-Identifier: Apache-2.0
//
// See device.h.
#include "proxy/base/device.h"

#include <algorithm>

#include "proxy/base/ascii.h"

namespace weir {
namespace {

constexpr std::size_t kNameMost = 253;

}  // namespace

std::optional<MacAddress> parse_mac(std::string_view text) {
  if (text.size() != 17 || (text[2] != ':' && text[2] != '-')) {
    return std::nullopt;
  }
  MacAddress out{};
  for (std::size_t i = 0; i < 6; ++i) {
    const char high = text[3 * i];
    const char low = text[3 * i + 1];
    if (!is(high, kHexDigit) || !is(low, kHexDigit) || (i < 5 && text[3 * i + 2] != text[2])) {
      return std::nullopt;
    }
    out[i] = static_cast<std::uint8_t>(16 * hex_value(high) + hex_value(low));
  }
  return out;
}

std::string mac_text(const MacAddress& mac) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string out;
  for (const std::uint8_t byte : mac) {
    out += out.empty() ? "" : ":";
    out += kHex[byte >> 4];
    out += kHex[byte & 15];
  }
  return out;
}

std::string plain_name(std::string_view name) {
  if (name.ends_with('.')) {
    name.remove_suffix(1);
  }
  const auto plain = [](char c) {
    return is(c, kAlpha) || is(c, kDigit) || c == '-' || c == '_' || c == '.';
  };
  const bool good = !name.empty() && name.size() <= kNameMost && name.front() != '-' &&
                    name.front() != '_' && name.front() != '.' && std::ranges::all_of(name, plain);
  std::string out(good ? name : std::string_view());
  std::ranges::transform(out, out.begin(), to_lower);
  return out;
}

}  // namespace weir
