// SPDX-License-Identifier: Apache-2.0
//
// See arrival.h. A dual-stack listener's IPv4 clients are tracked as IPv4, whatever family their
// socket has; so the family of the peer's address decides which table is asked.
#include "proxy/net/arrival.h"

#include <netinet/in.h>
#include <sys/socket.h>

namespace weir {
namespace {

// SO_ORIGINAL_DST of linux/netfilter_ipv4.h and IP6T_SO_ORIGINAL_DST of linux/netfilter_ipv6.h,
// neither of which can be included beside netinet/in.h.
constexpr int kOriginalDestination = 80;

Endpoint local_address(int fd) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    return {};
  }
  return Endpoint::from_sockaddr(reinterpret_cast<const sockaddr*>(&address));
}

std::optional<Endpoint> tracked(int fd, int level, int option) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (::getsockopt(fd, level, option, &address, &size) != 0) {
    return std::nullopt;
  }
  return Endpoint::from_sockaddr(reinterpret_cast<const sockaddr*>(&address));
}

}  // namespace

std::optional<Endpoint> original_destination(int fd, ListenMode mode, const Endpoint& listener) {
  const Endpoint local = local_address(fd);
  std::optional<Endpoint> to = local;
  if (mode == ListenMode::Redirect) {
    to = local.address.is_v4() ? tracked(fd, SOL_IP, kOriginalDestination)
                               : tracked(fd, SOL_IPV6, kOriginalDestination);
  }
  // Untouched connections have the destination that they reached: ourselves.
  const bool direct = !to || to->port == 0 || (*to == local && local.port == listener.port);
  return direct ? std::nullopt : to;
}

}  // namespace weir
