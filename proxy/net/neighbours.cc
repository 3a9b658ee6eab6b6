// SPDX-License-Identifier: Apache-2.0
//
// See neighbours.h.
#include "proxy/net/neighbours.h"

#include <linux/neighbour.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

namespace weir {
namespace {

constexpr std::size_t kReplyMost = 32 * 1024;
constexpr std::size_t kNeighboursMost = 65536;
constexpr unsigned kUnusable = NUD_INCOMPLETE | NUD_FAILED | NUD_NOARP;

bool ask(int fd) {
  struct {
    nlmsghdr head;
    ndmsg body;
  } request{};
  request.head.nlmsg_len = sizeof request;
  request.head.nlmsg_type = RTM_GETNEIGH;
  request.head.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  request.body.ndm_family = AF_UNSPEC;
  return ::send(fd, &request, sizeof request, 0) == static_cast<ssize_t>(sizeof request);
}

IpAddress address_of(int family, const void* bytes) {
  if (family == AF_INET) {
    std::uint32_t bits = 0;
    std::memcpy(&bits, bytes, sizeof bits);
    return IpAddress::v4(ntohl(bits));
  }
  std::array<std::uint8_t, 16> v6{};
  std::memcpy(v6.data(), bytes, v6.size());
  return IpAddress::v6(v6);
}

// One neighbour, if it has both addresses and is in use.
void take(const nlmsghdr* message, std::vector<Neighbour>& out) {
  const auto* neighbour = static_cast<const ndmsg*>(NLMSG_DATA(message));
  const int family = neighbour->ndm_family;
  const std::size_t width = family == AF_INET ? 4 : family == AF_INET6 ? 16 : 0;
  if (width == 0 || (neighbour->ndm_state & kUnusable) != 0 || out.size() >= kNeighboursMost) {
    return;
  }
  std::optional<IpAddress> address;
  std::optional<MacAddress> mac;
  auto left = static_cast<int>(message->nlmsg_len - NLMSG_LENGTH(sizeof *neighbour));
  const auto* attribute = reinterpret_cast<const rtattr*>(reinterpret_cast<const char*>(neighbour) +
                                                          NLMSG_ALIGN(sizeof *neighbour));
  for (; RTA_OK(attribute, left); attribute = RTA_NEXT(attribute, left)) {
    const auto size = static_cast<std::size_t>(RTA_PAYLOAD(attribute));
    if (attribute->rta_type == NDA_DST && size == width) {
      address = address_of(family, RTA_DATA(attribute));
    } else if (attribute->rta_type == NDA_LLADDR && size == MacAddress().size()) {
      mac.emplace();
      std::memcpy(mac->data(), RTA_DATA(attribute), mac->size());
    }
  }
  if (address && mac) {
    out.emplace_back(*address, *mac);
  }
}

// False when the table has ended.
bool take_all(const char* bytes, std::size_t size, std::vector<Neighbour>& out) {
  auto left = static_cast<unsigned>(size);
  const auto* message = reinterpret_cast<const nlmsghdr*>(bytes);
  for (; NLMSG_OK(message, left); message = NLMSG_NEXT(message, left)) {
    if (message->nlmsg_type != RTM_NEWNEIGH) {
      return false;
    }
    take(message, out);
  }
  return true;
}

}  // namespace

std::vector<Neighbour> read_neighbours() {
  std::vector<Neighbour> out;
  const int fd = ::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
  if (fd < 0) {
    return out;
  }
  if (ask(fd)) {
    alignas(nlmsghdr) std::array<char, kReplyMost> reply;
    ssize_t got = 0;
    do {
      got = ::recv(fd, reply.data(), reply.size(), 0);
    } while (got > 0 && take_all(reply.data(), static_cast<std::size_t>(got), out));
  }
  ::close(fd);
  std::ranges::sort(out);
  return out;
}

bool Neighbours::may_read(Instant now, int most) {
  if (!second_.set() || now - second_ >= kSecond) {
    second_ = now;
    reads_ = 0;
  }
  if (reads_ >= most) {
    return false;
  }
  ++reads_;
  return true;
}

std::optional<MacAddress> Neighbours::find(const IpAddress& address, Instant now, int reads) {
  const auto look = [this, &address]() -> std::optional<MacAddress> {
    const auto at = std::ranges::lower_bound(table_, address, {}, &Neighbour::first);
    return at != table_.end() && at->first == address ? std::optional(at->second) : std::nullopt;
  };
  const bool old = !read_.set() || now - read_ > kKeep;
  auto found = old ? std::nullopt : look();
  if (!found && may_read(now, reads)) {
    table_ = read_neighbours();
    read_ = now;
    found = look();
  }
  return found;
}

}  // namespace weir
