// SPDX-License-Identifier: Apache-2.0
//
// See host.h. One pass classifies the bytes and measures the labels; the rest happens only for what
// is not already canonical. The underscore is not in RFC 952 names but in use in the DNS.
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

// Labels of 1 to 63 allowed bytes, joined by single dots.
Shape look_at(std::string_view name) {
  Shape shape;
  std::size_t label = 0;
  unsigned classes = kHostChar | kNameChar;  // of all bytes
  for (std::size_t i = 0; i < name.size(); ++i) {
    classes &= detail::kClasses[static_cast<unsigned char>(name[i])];
    if (name[i] == '.') {
      if (i == label || i - label > kLabelLimit) {
        return shape;
      }
      label = i + 1;
    }
  }
  const std::size_t last = name.size() - label;
  shape.valid = (classes & kHostChar) != 0 && last > 0 && last <= kLabelLimit &&
                name.size() <= kHostNameLimit;
  shape.capitals = (classes & kNameChar) == 0;
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
