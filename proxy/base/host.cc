// SPDX-License-Identifier: Apache-2.0
//
// See host.h. One pass classifies the bytes, sixteen at a time, and measures the labels; the rest
// happens only for what is not already canonical. The underscore is not in RFC 952 names but in use
// in the DNS.
#include "proxy/base/host.h"

#include <array>
#include <charconv>

#include "proxy/base/ascii.h"

namespace weir {
namespace {

struct Shape {
  bool valid = false;
  bool capitals = false;
  std::size_t last_label = 0;  // where it starts
};

// Sixteen bytes of the name from `at` on; behind its end, letters.
Vector bytes_at(std::string_view name, std::size_t at) {
  if (name.size() - at >= sizeof(Vector)) {
    return load_vector(name.data() + at);
  }
  std::array<char, sizeof(Vector)> room;
  room.fill('a');
  name.copy(room.data(), room.size(), at);
  return load_vector(room.data());
}

// Labels of 1 to 63 allowed bytes, joined by single dots.
Shape look_at(std::string_view name) {
  Shape shape;
  if (name.empty() || name.size() > kHostNameLimit) {
    return shape;
  }
  std::size_t label = 0;
  Vector capitals{};
  Vector others{};
  for (std::size_t at = 0; at < name.size(); at += sizeof(Vector)) {
    const Vector bytes = bytes_at(name, at);
    const Vector large = in_range(bytes, 'A', 'Z');
    capitals |= large;
    others |= ~(large | name_bytes(bytes));
    for (auto dots = bit_mask(in_range(bytes, '.', '.')); dots != 0; dots &= dots - 1) {
      const std::size_t dot = at + static_cast<std::size_t>(std::countr_zero(dots));
      if (dot == label || dot - label > kLabelLimit) {
        return shape;
      }
      label = dot + 1;
    }
  }
  const std::size_t last = name.size() - label;
  shape.valid = !any_of(others) && last > 0 && last <= kLabelLimit;
  shape.capitals = any_of(capitals);
  shape.last_label = label;
  return shape;
}

// Whether the WHATWG URL parser, and with it every browser, would read the host as an IPv4 address
// in some base: the last label is decimal or 0x and hexadecimal.
bool ends_in_number(std::string_view label) {
  if (all(label, kDigit)) {
    return true;
  }
  return starts_with_ignoring_case(label, "0x") && all(label.substr(2), kHexDigit);
}

Result<Host> normalise_literal(std::string_view text, Arena& arena) {
  const auto address = IpAddress::parse(text);
  if (!address || text.find(':') == std::string_view::npos) {
    return fail(Failure::BadHost);
  }
  std::array<char, 46> canonical;
  const std::string_view written(canonical.data(), address->write(canonical.data()));
  return Host{written == text ? text : arena.copy(written), address};
}

}  // namespace

Result<Host> normalise_host(std::string_view text, bool bracketed, Arena& arena) {
  if (bracketed) {
    return normalise_literal(text, arena);
  }
  const bool rooted = text.ends_with('.');
  const std::string_view name = text.substr(0, text.size() - (rooted ? 1 : 0));
  const Shape shape = look_at(name);
  if (!shape.valid) {
    return fail(Failure::BadHost);
  }
  if (ends_in_number(name.substr(shape.last_label))) {
    const auto address = rooted ? std::nullopt : IpAddress::parse(name);
    return address ? Result<Host>(Host{name, address}) : fail(Failure::BadHost);
  }
  if (!shape.capitals) {
    return Host{name, std::nullopt};
  }
  char* const out = arena.allocate(name.size());
  for (std::size_t i = 0; i < name.size(); ++i) {
    out[i] = to_lower(name[i]);
  }
  return Host{{out, name.size()}, std::nullopt};
}

std::string_view authority_text(std::string_view host, std::uint16_t port, std::uint16_t usual,
                                Arena& arena) {
  const bool v6 = host.find(':') != std::string_view::npos;
  std::array<char, 6> digits{':'};
  const char* const end =
      port == usual ? digits.data()
                    : std::to_chars(digits.data() + 1, digits.data() + digits.size(), port).ptr;
  return arena.join({v6 ? "[" : "",
                     host,
                     v6 ? "]" : "",
                     {digits.data(), static_cast<std::size_t>(end - digits.data())}});
}

}  // namespace weir
