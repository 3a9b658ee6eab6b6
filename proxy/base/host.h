// SPDX-License-Identifier: Apache-2.0
//
// A host named by a stranger, normalised once. Afterwards there is one spelling: an IpAddress, or a
// lower-case ASCII name without a trailing dot. Rules, the resolver, the pool and the log use only
// this, so that no spelling is judged as one host and dialled as another. It asks no resolver and
// knows no port; the caller has taken the brackets off an IPv6 literal and says so.
#pragma once

#include <bit>
#include <cstdint>
#include <optional>
#include <string_view>

#include "proxy/base/address.h"
#include "proxy/base/arena.h"
#include "proxy/base/ascii.h"
#include "proxy/base/failure.h"
#include "proxy/base/vector.h"

namespace weir {

struct Host {
  // The name, or the canonical text of the address (IPv6 without brackets). Points into the
  // caller's text if that was canonical already, else into the arena: it lives as long as the
  // shorter of both.
  std::string_view name;
  std::optional<IpAddress> address;  // set when the host is an address and needs no resolver
};

constexpr std::size_t kHostNameLimit = 253;  // RFC 1035 2.3.4, as text without the trailing dot
constexpr std::size_t kLabelLimit = 63;

// Normalises the host part of an authority. `bracketed`: it stood in brackets, which makes it IPv6
// and nothing else. Refused with BadHost: percent-encoding, any byte but letters, digits, '-', '_'
// and '.', empty or long labels, a name that ends in a number without being a strict dotted quad,
// and zones. Internationalised names must come as A-labels. Allocates only for text with capitals
// or an IPv6 literal in another spelling than RFC 5952's.
Result<Host> normalise_host(std::string_view text, bool bracketed, Arena& arena);

// Where the bytes are of kNameChar.
inline Vector name_bytes(Vector bytes) {
  return in_range(bytes, 'a', 'z') | in_range(bytes, '0', '9') | in_range(bytes, '-', '.') |
         in_range(bytes, '_', '_');
}

// The bytes of names that the text behind a URL's "://" begins with, if they are all of its
// authority, as they nearly always are. Empty: it has a user, a port, brackets or capitals.
inline std::string_view bare_host(std::string_view text) {
  std::size_t end = 0;
  for (; text.size() - end >= sizeof(Vector); end += sizeof(Vector)) {
    const Vector name = name_bytes(load_vector(text.data() + end));
    if (any_of(~name)) {
      end += static_cast<std::size_t>(std::countr_zero(bit_mask(~name)));
      break;
    }
  }
  while (end < text.size() && is(text[end], kNameChar)) {
    ++end;
  }
  const bool whole = end == text.size() || text[end] == '/' || text[end] == '?' || text[end] == '#';
  return text.substr(0, whole ? end : 0);
}

// That host and port as an authority (RFC 3986 3.2), for Host and CONNECT: IPv6 in brackets; the
// port left out if it is `usual`, the one that goes without saying (0: none does). `host` is
// normalised.
std::string_view authority_text(std::string_view host, std::uint16_t port, std::uint16_t usual,
                                Arena& arena);

}  // namespace weir
