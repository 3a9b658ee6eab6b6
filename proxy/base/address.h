// SPDX-License-Identifier: Apache-2.0
//
// Internet addresses as values, in one canonical form. An IPv4 address written inside IPv6
// (mapped ::ffff:a.b.c.d) IS the IPv4 address here; forms that merely embed one (compatible, NAT64,
// 6to4, Teredo, ISATAP) keep their identity but give the embedded address to whoever judges it, so
// that no spelling of 127.0.0.1 escapes a rule about 127.0.0.1. No I/O, no allocation but printing.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

struct sockaddr;
struct sockaddr_storage;

namespace weir {

class IpAddress {
 public:
  IpAddress() = default;  // the unspecified IPv4 address, 0.0.0.0
  static IpAddress v4(std::uint32_t host_order);
  // A mapped address becomes IPv4.
  static IpAddress v6(const std::array<std::uint8_t, 16>& bytes);

  // Strict text: dotted quad of four plain decimals (no leading zeros, no octal, hex or short
  // forms), or RFC 4291 IPv6 without brackets or zone. Nothing else.
  static std::optional<IpAddress> parse(std::string_view text);

  bool is_v4() const { return v4_; }
  std::uint32_t v4_bits() const;  // host order; requires is_v4()
  const std::array<std::uint8_t, 16>& bytes() const { return bytes_; }  // IPv4 in mapped form

  // The IPv4 address that an IPv6 address embeds (compatible, NAT64 64:ff9b::/96 and
  // 64:ff9b:1::/48, 6to4, Teredo client, ISATAP), if any. IPv4 itself embeds nothing.
  std::optional<IpAddress> embedded_v4() const;

  // All readings of it, where the form alone does not tell which is meant (a local NAT64 prefix has
  // four places for the address; an ISATAP interface may live in a 6to4 network). Most likely
  // first; a judge must be content with every one.
  struct Embedded;
  Embedded embedded_all() const;

  bool is_loopback() const;     // 127.0.0.0/8, ::1
  bool is_unspecified() const;  // 0.0.0.0/8, ::
  bool is_link_local() const;   // 169.254.0.0/16, fe80::/10
  bool is_private() const;      // RFC 1918, 100.64.0.0/10, fc00::/7, fec0::/10 (was site-local)
  bool is_multicast() const;    // 224.0.0.0/4, ff00::/8
  bool is_broadcast() const;    // 255.255.255.255
  bool is_reserved() const;  // 240.0.0.0/4, documentation, benchmark and protocol-assignment ranges
  bool is_cloud_metadata() const;  // addresses on which clouds serve credentials, v4 and v6

  // RFC 5952 text; IPv6 without brackets.
  std::string text() const;
  // Writes the same text to `out` (at least 46 bytes); returns its length.
  std::size_t write(char* out) const;

  auto operator<=>(const IpAddress&) const = default;
  template <class H>
  friend H AbslHashValue(H h, const IpAddress& a) {
    return H::combine(std::move(h), a.bytes_);
  }

 private:
  std::array<std::uint8_t, 16> bytes_{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 0, 0};
  bool v4_ = true;
};

struct IpAddress::Embedded {
  std::array<IpAddress, 6> found;
  std::size_t count = 0;
  const IpAddress* begin() const { return found.data(); }
  const IpAddress* end() const { return found.data() + count; }
};

// A range of addresses. IPv4 and IPv6 never mix: ::/0 holds no IPv4 address.
struct Prefix {
  IpAddress base;  // bits beyond `length` are zero
  std::uint8_t length = 0;

  // "10.0.0.0/8", "fd00::/8", or a single address. Refuses set bits beyond the length. A mapped
  // prefix
  // (::ffff:10.0.0.0/104) is the IPv4 one.
  static std::optional<Prefix> parse(std::string_view text);
  bool contains(const IpAddress& address) const;
  std::string text() const;
  auto operator<=>(const Prefix&) const = default;
};

// An address and a port (host order).
struct Endpoint {
  IpAddress address;
  std::uint16_t port = 0;

  // "127.0.0.1:3128", "[::1]:3128". Brackets hold IPv6 only; the port is plain decimal, 0 included.
  static std::optional<Endpoint> parse(std::string_view text);
  // 0.0.0.0:0 for any family but the two of the Internet. Zones are dropped.
  static Endpoint from_sockaddr(const sockaddr* from);
  // Fills `out`; returns the length to pass to the kernel.
  unsigned to_sockaddr(sockaddr_storage& out) const;
  std::string text() const;
  auto operator<=>(const Endpoint&) const = default;
  template <class H>
  friend H AbslHashValue(H h, const Endpoint& e) {
    return H::combine(std::move(h), e.address, e.port);
  }
};

// Whether both cannot be listened at: one port, and addresses that are the same or of which one is
// the family's unspecified one. IPv4 and IPv6 have ports of their own.
bool contend(const Endpoint& one, const Endpoint& other);

}  // namespace weir
