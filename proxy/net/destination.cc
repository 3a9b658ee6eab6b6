// SPDX-License-Identifier: Apache-2.0
//
// See destination.h. The built-in rules are one table, looked through from the top; the most
// telling word stands first where an address has several classes (metadata is link-local as a
// rule).
#include "proxy/net/destination.h"

#include <ifaddrs.h>
#include <sys/socket.h>

#include <algorithm>

#include "proxy/net/listen.h"

namespace weir {
namespace {

constexpr DestinationVerdict refused(std::string_view reason) {
  return DestinationVerdict{Failure::DestinationDenied, reason};
}

constexpr DestinationVerdict allowed(std::string_view reason) {
  return DestinationVerdict{Failure::None, reason};
}

bool named(const std::vector<Prefix>& list, const IpAddress& address) {
  return std::ranges::any_of(list, [&](const Prefix& p) { return p.contains(address); });
}

bool has_port(const OwnAddresses& own, std::uint16_t port) {
  return std::ranges::find(own.listeners, port, &Endpoint::port) != own.listeners.end();
}

// Whether a connection to this address and port may end at one of our listeners. Which listener is
// bound to which address is not asked: redirects and dual-stack sockets blur it, and the only price
// is a port number that cannot be used on this machine by others.
bool reaches_us(const IpAddress& address, std::uint16_t port, const OwnAddresses& own) {
  if (!has_port(own, port)) {
    return false;
  }
  // Connecting to an unspecified address reaches this machine.
  return address.is_loopback() || address.is_unspecified() ||
         std::ranges::find(own.interfaces, address) != own.interfaces.end() ||
         std::ranges::find(own.listeners, Endpoint{address, port}) != own.listeners.end();
}

// RFC 2544; not globally reachable, but used as one more private range by virtual networks.
bool is_benchmark(const IpAddress& a) {
  return a.is_v4() && a.v4_bits() >> 17 == 0xc6120000 >> 17;
}

// Not in any list: RFC 6890 and its registries, and our own opinion about clouds.
DestinationVerdict judge_by_class(const IpAddress& a, const ClientClass& client,
                                  bool private_ranges) {
  if (a.is_cloud_metadata()) {
    return refused("metadata");
  }
  if (a.is_unspecified()) {
    return refused("unspecified");
  }
  if (a.is_loopback()) {
    return client.loopback ? allowed("loopback") : refused("loopback");
  }
  if (a.is_link_local()) {
    return refused("link_local");
  }
  if (a.is_broadcast()) {
    return refused("broadcast");
  }
  if (a.is_multicast()) {
    return refused("multicast");
  }
  if (a.is_private() || is_benchmark(a)) {
    return private_ranges ? allowed("private") : refused("private");
  }
  return a.is_reserved() ? refused("reserved") : allowed("public");
}

// One address, without regard to what it embeds.
DestinationVerdict judge_one(const IpAddress& a, const ClientClass& client,
                             const Settings::Destinations& rules) {
  if (named(rules.allow, a)) {
    return allowed("named");
  }
  return named(rules.deny, a) ? refused("denied") : judge_by_class(a, client, rules.private_ranges);
}

}  // namespace

DestinationVerdict judge_destination(const IpAddress& dialled, std::uint16_t port,
                                     const ClientClass& client, const Settings::Destinations& rules,
                                     const OwnAddresses& own) {
  const IpAddress::Embedded inside = dialled.embedded_all();
  const auto ours = [&](const IpAddress& a) { return reaches_us(a, port, own); };
  if (ours(dialled) || std::any_of(inside.begin(), inside.end(), ours)) {
    return DestinationVerdict{Failure::SelfDestination, "self"};
  }
  DestinationVerdict verdict = judge_one(dialled, client, rules);
  if (!verdict.allowed() || verdict.reason == "named") {
    return verdict;
  }
  for (const IpAddress& address : inside) {
    verdict = judge_one(address, client, rules);
    if (!verdict.allowed()) {
      return verdict;
    }
  }
  return verdict;
}

// The kernel gives a connection to one of its own addresses that very address as its near end.
bool ended_at_us(int fd, const Endpoint& dialled, const OwnAddresses& own) {
  return has_port(own, dialled.port) && bound_address(fd).address == dialled.address;
}

std::vector<IpAddress> read_interface_addresses() {
  std::vector<IpAddress> out;
  ifaddrs* list = nullptr;
  if (::getifaddrs(&list) != 0) {
    return out;
  }
  for (const ifaddrs* i = list; i != nullptr; i = i->ifa_next) {
    if (i->ifa_addr == nullptr ||
        (i->ifa_addr->sa_family != AF_INET && i->ifa_addr->sa_family != AF_INET6)) {
      continue;
    }
    const IpAddress address = Endpoint::from_sockaddr(i->ifa_addr).address;
    if (std::ranges::find(out, address) == out.end()) {
      out.push_back(address);
    }
  }
  ::freeifaddrs(list);
  return out;
}

}  // namespace weir
