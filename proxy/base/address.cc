// SPDX-License-Identifier: Apache-2.0
//
// See address.h. Parsing accepts exactly one spelling of a number (RFC 3986 3.2.2 for dotted quads,
// RFC 4291 2.2 for IPv6), because whatever a resolver or a C library would read more generously is
// a way around a rule. The special ranges follow the IANA registries that RFC 6890 set up.
#include "proxy/base/address.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <charconv>
#include <cstring>

#include "proxy/base/ascii.h"
#include "proxy/base/assert.h"

namespace weir {
namespace {

using Bytes = std::array<std::uint8_t, 16>;

struct V4Range {
  std::uint32_t base;
  unsigned length;
  constexpr bool holds(std::uint32_t a) const {
    return length == 0 || (a ^ base) >> (32 - length) == 0;
  }
};

// The upper 64 bits decide every range below but a few single addresses.
struct V6Range {
  std::uint64_t base;
  unsigned length;
  constexpr bool holds(std::uint64_t a) const { return (a ^ base) >> (64 - length) == 0; }
};

struct V6Pair {
  std::uint64_t high;
  std::uint64_t low;
  constexpr bool operator==(const V6Pair&) const = default;
};

constexpr std::uint64_t load64(const Bytes& b, std::size_t at) {
  std::uint64_t v = 0;
  for (std::size_t i = 0; i < 8; ++i) {
    v = v << 8 | b[at + i];
  }
  return v;
}
std::uint64_t high(const Bytes& b) {
  return load64(b, 0);
}
std::uint64_t low(const Bytes& b) {
  return load64(b, 8);
}

// IPv4 ranges that are nobody's: RFC 1112 4, RFC 5737, RFC 2544, RFC 6890 2.2.2, RFC 7526.
constexpr V4Range kReservedV4[] = {
    {0xf0000000, 4},  {0xc0000200, 24}, {0xc6336400, 24}, {0xcb007100, 24},
    {0xc6120000, 15}, {0xc0000000, 24}, {0xc0586300, 24},
};
// PCP and TURN anycast live in 192.0.0.0/24 and are reachable (RFC 7723, RFC 8155).
constexpr std::uint32_t kReachableV4[] = {0xc0000009, 0xc000000a};

// Documentation (RFC 3849, RFC 9637), discard and dummy (RFC 6666, RFC 9780), segment routing
// (RFC 9602), and of 2001::/23 what is not handed out for use: Teredo is judged by what it embeds,
// AMT, AS112, ORCHIDv2 and drone identifiers are reachable.
constexpr V6Range kReservedV6[] = {
    {0x20010db800000000, 32}, {0x3fff000000000000, 20}, {0x0100000000000000, 64},
    {0x0100000000000001, 64}, {0x5f00000000000000, 16}, {0x2001000200000000, 48},
    {0x2001001000000000, 28},
};

// Where clouds serve instance credentials: the common one; AWS containers and pods; Alibaba; Oracle
// classic; Azure's wire server; Scaleway; Tencent.
constexpr std::uint32_t kMetadataV4[] = {
    0xa9fea9fe, 0xa9feaa02, 0xa9feaa17, 0x646464c8, 0xc00000c0, 0xa83f8110, 0xa9fe2a2a, 0xa9fe0017,
};
// AWS instances and pods, Google, Scaleway, OpenStack.
constexpr V6Pair kMetadataV6[] = {
    {0xfd000ec200000000, 0x254}, {0xfd000ec200000000, 0x23},       {0xfd2000ce00000000, 0x254},
    {0xfd00004200000000, 0x42},  {0xfe80000000000000, 0xa9fea9fe},
};

// Four plain decimals, each 0-255 without leading zeros.
std::optional<std::uint32_t> parse_quad(std::string_view text) {
  std::uint32_t value = 0;
  for (int part = 0; part < 4; ++part) {
    const std::size_t end = part < 3 ? text.find('.') : text.size();
    if (end == std::string_view::npos || end == 0 || end > 3) {
      return std::nullopt;
    }
    const std::string_view digits = text.substr(0, end);
    const auto number = parse_decimal(digits, 255);
    if (!number || (digits.size() > 1 && digits.front() == '0')) {
      return std::nullopt;
    }
    value = value << 8 | static_cast<std::uint32_t>(*number);
    text.remove_prefix(part < 3 ? end + 1 : end);
  }
  return value;
}

// Reads the groups of one side of "::" (or all eight) to `out`. A dotted quad may end the text.
// The number of bytes written, or nothing.
std::optional<std::size_t> parse_groups(std::string_view text, bool may_end_in_quad,
                                        std::uint8_t* out) {
  std::size_t used = 0;
  while (!text.empty()) {
    const std::size_t colon = text.find(':');
    const std::string_view group = text.substr(0, colon);
    if (colon == std::string_view::npos && may_end_in_quad && group.find('.') != group.npos) {
      const auto quad = parse_quad(group);
      if (!quad || used > 12) {
        return std::nullopt;
      }
      for (unsigned i = 0; i < 4; ++i) {
        out[used + i] = static_cast<std::uint8_t>(*quad >> (24 - 8 * i));
      }
      return used + 4;
    }
    if (group.empty() || group.size() > 4 || !all(group, kHexDigit) || used > 14) {
      return std::nullopt;
    }
    unsigned value = 0;
    for (const char c : group) {
      value = value << 4 | hex_value(c);
    }
    out[used++] = static_cast<std::uint8_t>(value >> 8);
    out[used++] = static_cast<std::uint8_t>(value);
    if (colon == std::string_view::npos) {
      break;
    }
    text.remove_prefix(colon + 1);
    if (text.empty()) {
      return std::nullopt;  // a single colon at the end
    }
  }
  return used;
}

std::optional<Bytes> parse_v6(std::string_view text) {
  Bytes bytes{};
  const std::size_t gap = text.find("::");
  if (gap == std::string_view::npos) {
    const auto used = parse_groups(text, true, bytes.data());
    return used == 16 ? std::optional(bytes) : std::nullopt;
  }
  Bytes right{};
  const auto before = parse_groups(text.substr(0, gap), false, bytes.data());
  const auto after = parse_groups(text.substr(gap + 2), true, right.data());
  // RFC 4291 2.2: "::" stands for one or more groups, so at most seven are written.
  if (!before || !after || *before + *after > 14) {
    return std::nullopt;
  }
  std::copy_n(right.data(), *after, bytes.data() + 16 - *after);
  return bytes;
}

std::size_t write_number(char* out, unsigned value, int base) {
  return static_cast<std::size_t>(std::to_chars(out, out + 5, value, base).ptr - out);
}

struct Run {
  std::size_t at = 8;
  std::size_t length = 0;
};

// RFC 5952 4.2: the longest run of two or more zero groups, the first of equals.
Run longest_zero_run(const std::array<unsigned, 8>& groups) {
  Run best;
  for (std::size_t i = 0; i < 8;) {
    std::size_t end = i;
    while (end < 8 && groups[end] == 0) {
      ++end;
    }
    if (end - i > best.length && end - i >= 2) {
      best = Run{i, end - i};
    }
    i = std::max(end, i + 1);
  }
  return best;
}

std::size_t write_v6(const Bytes& bytes, char* out) {
  std::array<unsigned, 8> groups{};
  for (std::size_t i = 0; i < 8; ++i) {
    groups[i] = static_cast<unsigned>(bytes[2 * i]) << 8 | bytes[2 * i + 1];
  }
  const Run run = longest_zero_run(groups);
  std::size_t used = 0;
  for (std::size_t i = 0; i < 8;) {
    if (i == run.at) {
      out[used++] = ':';
      out[used++] = ':';
      i += run.length;
      continue;
    }
    if (i != 0 && i != run.at + run.length) {
      out[used++] = ':';
    }
    used += write_number(out + used, groups[i++], 16);
  }
  return used;
}

// A port or prefix length: plain decimal without leading zeros.
std::optional<std::uint32_t> parse_plain(std::string_view text, std::uint64_t limit) {
  if (text.size() > 1 && text.front() == '0') {
    return std::nullopt;
  }
  const auto number = parse_decimal(text, limit);
  return number ? std::optional(static_cast<std::uint32_t>(*number)) : std::nullopt;
}

bool zero_from(const Bytes& b, std::size_t at) {
  return std::all_of(b.begin() + static_cast<std::ptrdiff_t>(at), b.end(),
                     [](std::uint8_t byte) { return byte == 0; });
}

bool same_bits(const Bytes& a, const Bytes& b, unsigned bits) {
  const unsigned whole = bits / 8;
  if (std::memcmp(a.data(), b.data(), whole) != 0) {
    return false;
  }
  const unsigned rest = bits % 8;
  return rest == 0 || (a[whole] ^ b[whole]) >> (8 - rest) == 0;
}

}  // namespace

IpAddress IpAddress::v4(std::uint32_t host_order) {
  IpAddress out;
  for (unsigned i = 0; i < 4; ++i) {
    out.bytes_[12 + i] = static_cast<std::uint8_t>(host_order >> (24 - 8 * i));
  }
  return out;
}

IpAddress IpAddress::v6(const std::array<std::uint8_t, 16>& bytes) {
  IpAddress out;
  out.bytes_ = bytes;
  out.v4_ = high(bytes) == 0 && low(bytes) >> 32 == 0xffff;
  return out;
}

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
  if (text.find(':') == std::string_view::npos) {
    const auto quad = parse_quad(text);
    return quad ? std::optional(v4(*quad)) : std::nullopt;
  }
  const auto bytes = parse_v6(text);
  return bytes ? std::optional(v6(*bytes)) : std::nullopt;
}

std::uint32_t IpAddress::v4_bits() const {
  WEIR_ASSERT(v4_);
  return static_cast<std::uint32_t>(low(bytes_));
}

std::optional<IpAddress> IpAddress::embedded_v4() const {
  const Embedded all_forms = embedded_all();
  return all_forms.count == 0 ? std::nullopt : std::optional(all_forms.found[0]);
}

IpAddress::Embedded IpAddress::embedded_all() const {
  Embedded out;
  if (v4_) {
    return out;
  }
  const std::uint64_t h = high(bytes_);
  const std::uint64_t l = low(bytes_);
  const auto add = [&out](std::uint64_t bits) {
    out.found[out.count++] = v4(static_cast<std::uint32_t>(bits));
  };
  if (h == 0 && (l >> 32 == 0 ? l > 1 : l >> 32 == 0xffff0000)) {
    add(l);  // RFC 4291 2.5.5.1 compatible, but for :: and ::1; RFC 2765 2.1 translated
  }
  if (h == 0x0064ff9b00000000 && l >> 32 == 0) {
    add(l);  // RFC 6052 2.1
  }
  if (h >> 16 == 0x0064ff9b0001) {
    // RFC 8215 leaves the prefix length open; RFC 6052 2.2 says where the address then stands,
    // always around a zero byte 8 and before zeros.
    add(l);
    const bool split = bytes_[8] == 0;
    if (split && zero_from(bytes_, 11)) {
      add((h & 0xffff) << 16 | ((l >> 40) & 0xffff));
    }
    if (split && zero_from(bytes_, 12)) {
      add((h & 0xff) << 24 | ((l >> 32) & 0xffffff));
    }
    if (split && zero_from(bytes_, 13)) {
      add(l >> 24);
    }
  }
  if (h >> 48 == 0x2002) {
    add(h >> 16);  // RFC 3056 2
  }
  if (h >> 32 == 0x20010000) {
    add(~l);  // RFC 4380 4: the client's address, every bit turned
  }
  if ((l >> 32 & 0xfcffffff) == 0x00005efe) {
    add(l);  // RFC 5214 6.1, with either universal and group bit
  }
  return out;
}

bool IpAddress::is_loopback() const {
  return v4_ ? V4Range{0x7f000000, 8}.holds(v4_bits()) : high(bytes_) == 0 && low(bytes_) == 1;
}

bool IpAddress::is_unspecified() const {
  return v4_ ? V4Range{0, 8}.holds(v4_bits()) : high(bytes_) == 0 && low(bytes_) == 0;
}

bool IpAddress::is_link_local() const {
  return v4_ ? V4Range{0xa9fe0000, 16}.holds(v4_bits())
             : V6Range{0xfe80000000000000, 10}.holds(high(bytes_));
}

bool IpAddress::is_private() const {
  if (!v4_) {
    return V6Range{0xfc00000000000000, 7}.holds(high(bytes_)) ||
           V6Range{0xfec0000000000000, 10}.holds(high(bytes_));
  }
  const std::uint32_t a = v4_bits();
  return V4Range{0x0a000000, 8}.holds(a) || V4Range{0xac100000, 12}.holds(a) ||
         V4Range{0xc0a80000, 16}.holds(a) || V4Range{0x64400000, 10}.holds(a);  // RFC 6598
}

bool IpAddress::is_multicast() const {
  return v4_ ? V4Range{0xe0000000, 4}.holds(v4_bits()) : bytes_[0] == 0xff;
}

bool IpAddress::is_broadcast() const {
  return v4_ && v4_bits() == 0xffffffff;
}

bool IpAddress::is_reserved() const {
  if (v4_) {
    const std::uint32_t a = v4_bits();
    return std::ranges::any_of(kReservedV4, [a](const V4Range& r) { return r.holds(a); }) &&
           std::ranges::find(kReachableV4, a) == std::end(kReachableV4);
  }
  const std::uint64_t h = high(bytes_);
  return std::ranges::any_of(kReservedV6, [h](const V6Range& r) { return r.holds(h); });
}

bool IpAddress::is_cloud_metadata() const {
  if (v4_) {
    return std::ranges::find(kMetadataV4, v4_bits()) != std::end(kMetadataV4);
  }
  const V6Pair pair{high(bytes_), low(bytes_)};
  return std::ranges::find(kMetadataV6, pair) != std::end(kMetadataV6);
}

std::size_t IpAddress::write(char* out) const {
  if (!v4_) {
    return write_v6(bytes_, out);
  }
  std::size_t used = 0;
  for (std::size_t i = 12; i < 16; ++i) {
    used += write_number(out + used, bytes_[i], 10);
    if (i < 15) {
      out[used++] = '.';
    }
  }
  return used;
}

std::string IpAddress::text() const {
  std::array<char, 46> out;
  return std::string(out.data(), write(out.data()));
}

std::optional<Prefix> Prefix::parse(std::string_view text) {
  const std::size_t slash = text.find('/');
  const auto base = IpAddress::parse(text.substr(0, slash));
  if (!base) {
    return std::nullopt;
  }
  const bool written_v6 = text.find(':') != std::string_view::npos;
  std::uint32_t length = written_v6 ? 128 : 32;
  if (slash != std::string_view::npos) {
    const auto given = parse_plain(text.substr(slash + 1), length);
    if (!given) {
      return std::nullopt;
    }
    length = *given;
  }
  if (written_v6 && base->is_v4()) {
    if (length < 96) {
      return std::nullopt;  // the ffff would lie beyond the length
    }
    length -= 96;
  }
  const unsigned offset = base->is_v4() ? 96 : 0;
  for (unsigned bit = offset + length; bit < 128; ++bit) {
    if ((base->bytes()[bit / 8] >> (7 - bit % 8) & 1) != 0) {
      return std::nullopt;
    }
  }
  return Prefix{*base, static_cast<std::uint8_t>(length)};
}

bool Prefix::contains(const IpAddress& address) const {
  return address.is_v4() == base.is_v4() &&
         same_bits(address.bytes(), base.bytes(), length + (base.is_v4() ? 96u : 0u));
}

std::string Prefix::text() const {
  return base.text() + "/" + std::to_string(length);
}

std::optional<Endpoint> Endpoint::parse(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) {
    return std::nullopt;
  }
  const auto number = parse_plain(text.substr(colon + 1), 65535);
  std::string_view host = text.substr(0, colon);
  const bool bracketed = host.size() >= 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) {
    host = host.substr(1, host.size() - 2);
  }
  const auto ip = IpAddress::parse(host);
  if (!number || !ip || bracketed != (host.find(':') != std::string_view::npos)) {
    return std::nullopt;
  }
  return Endpoint{*ip, static_cast<std::uint16_t>(*number)};
}

Endpoint Endpoint::from_sockaddr(const sockaddr* from) {
  if (from->sa_family == AF_INET) {
    sockaddr_in in{};
    std::memcpy(&in, from, sizeof in);
    return Endpoint{IpAddress::v4(ntohl(in.sin_addr.s_addr)), ntohs(in.sin_port)};
  }
  if (from->sa_family == AF_INET6) {
    sockaddr_in6 in{};
    std::memcpy(&in, from, sizeof in);
    Bytes bytes;
    std::memcpy(bytes.data(), &in.sin6_addr, bytes.size());
    return Endpoint{IpAddress::v6(bytes), ntohs(in.sin6_port)};
  }
  return Endpoint{};
}

unsigned Endpoint::to_sockaddr(sockaddr_storage& out) const {
  if (address.is_v4()) {
    sockaddr_in in{};
    in.sin_family = AF_INET;
    in.sin_port = htons(port);
    in.sin_addr.s_addr = htonl(address.v4_bits());
    std::memcpy(&out, &in, sizeof in);
    return sizeof in;
  }
  sockaddr_in6 in{};
  in.sin6_family = AF_INET6;
  in.sin6_port = htons(port);
  std::memcpy(&in.sin6_addr, address.bytes().data(), address.bytes().size());
  std::memcpy(&out, &in, sizeof in);
  return sizeof in;
}

std::string Endpoint::text() const {
  const std::string number = std::to_string(port);
  return address.is_v4() ? address.text() + ":" + number : "[" + address.text() + "]:" + number;
}

bool contend(const Endpoint& one, const Endpoint& other) {
  return one.port != 0 && one.port == other.port && one.address.is_v4() == other.address.is_v4() &&
         (one.address == other.address || one.address.is_unspecified() ||
          other.address.is_unspecified());
}

}  // namespace weir
