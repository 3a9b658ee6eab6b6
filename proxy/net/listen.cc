// SPDX-License-Identifier: Apache-2.0
//
// See listen.h. SO_REUSEPORT would let a second Weir of the same user share the port without a
// word; a bind without it, tried first, finds that out.
#include "proxy/net/listen.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "proxy/base/ascii.h"

namespace weir {
namespace {

constexpr int kBacklog = 4096;
constexpr int kFirstInherited = 3;
constexpr std::uint64_t kMostInherited = 4096;

void set(int fd, int level, int option, int value) {
  ::setsockopt(fd, level, option, &value, sizeof value);
}

void set_inherited_options(int fd) {
  set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  set(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
  set(fd, IPPROTO_TCP, TCP_KEEPIDLE, 120);
  set(fd, IPPROTO_TCP, TCP_KEEPINTVL, 30);
  set(fd, IPPROTO_TCP, TCP_KEEPCNT, 4);
}

std::string trouble(const Endpoint& at, int error, const std::string& setting = "listen",
                    bool beside_own = false) {
  std::string text = "cannot listen on " + at.text() + ": " + std::strerror(error);
  switch (error) {
    case EADDRINUSE:
      if (beside_own) {  // as root, before it became another user
        return text + "; this proxy itself listens at the port: restart it to change the address";
      }
      return text + "; another program uses this port: stop it or choose another in \"" + setting +
             "\"";
    case EACCES:
      return text + "; ports below 1024 need the capability CAP_NET_BIND_SERVICE or root";
    case EADDRNOTAVAIL:
      return text + "; this machine has no such address: see \"ip address\"";
    default:
      return text;
  }
}

// A bound socket, or -1 with errno.
int bind_one(const Endpoint& at, bool shared) {
  sockaddr_storage address{};
  const unsigned size = at.to_sockaddr(address);
  const int fd = ::socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) {
    return -1;
  }
  set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
  if (shared) {
    set(fd, SOL_SOCKET, SO_REUSEPORT, 1);
  }
  if (address.ss_family == AF_INET6) {
    set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
  }
  if (::bind(fd, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      (shared && ::listen(fd, kBacklog) != 0)) {
    const int error = errno;
    ::close(fd);
    errno = error;
    return -1;
  }
  return fd;
}

tl::unexpected<std::string> path_trouble(const std::string& path, const std::string& why,
                                         const std::string& setting) {
  return tl::unexpected("cannot listen on " + path + ": " + why + "; choose another path in \"" +
                        setting + "\"");
}

sockaddr_un path_address(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  return address;
}

// What a program that ended without removing it has left behind.
bool is_forsaken(const std::string& path) {
  struct stat found {};
  if (::lstat(path.c_str(), &found) != 0 || !S_ISSOCK(found.st_mode)) {
    return false;
  }
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const sockaddr_un address = path_address(path);
  const bool refused =
      fd >= 0 && ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 &&
      errno == ECONNREFUSED;
  if (fd >= 0) {
    ::close(fd);
  }
  return refused;
}

}  // namespace

Endpoint bound_address(int fd) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  return Endpoint::from_sockaddr(reinterpret_cast<sockaddr*>(&address));
}

bool is_listening(int fd) {
  int listening = 0;
  socklen_t size = sizeof listening;
  return ::getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) == 0 && listening != 0;
}

bool still_listens(int fd) {
  pollfd one{fd, POLLIN, 0};
  return is_listening(fd) && ::poll(&one, 1, 0) >= 0 && (one.revents & POLLHUP) == 0;
}

tl::expected<void, std::string> make_transparent(const Listening& listening) {
  if (listening.mode != ListenMode::Tproxy) {
    return {};
  }
  const bool v4 = listening.at.address.is_v4();
  const int on = 1;
  for (const int fd : listening.fds) {
    if (::setsockopt(fd, v4 ? SOL_IP : SOL_IPV6, v4 ? IP_TRANSPARENT : IPV6_TRANSPARENT, &on,
                     sizeof on) != 0) {
      return tl::unexpected("cannot take TPROXY connections on " + listening.at.text() + ": " +
                            std::strerror(errno) +
                            "; give the program CAP_NET_ADMIN, start it as root, or use the mode "
                            "\"redirect\"");
    }
  }
  return {};
}

tl::expected<Listening, std::string> listen_at(const Endpoint& at, unsigned count,
                                               const std::string& setting, std::vector<int> begun,
                                               bool beside_own) {
  Listening out;
  out.at = begun.empty() ? at : bound_address(begun.front());
  out.fds = std::move(begun);
  if (at.port != 0 && out.fds.empty() && !beside_own) {
    const int probe = bind_one(at, false);
    if (probe < 0) {
      return tl::unexpected(trouble(at, errno, setting));
    }
    ::close(probe);
  }
  while (out.fds.size() < count) {
    const int fd = bind_one(out.at, true);
    if (fd < 0) {
      const int error = errno;
      for (const int opened : out.fds) {
        ::close(opened);
      }
      return tl::unexpected(trouble(out.at, error, setting, beside_own));
    }
    set_inherited_options(fd);
    out.at = bound_address(fd);
    out.fds.push_back(fd);
  }
  return out;
}

tl::expected<int, std::string> listen_at_path(const std::string& path, const std::string& setting) {
  if (is_forsaken(path)) {
    ::unlink(path.c_str());
  }
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) {
    return path_trouble(path, std::strerror(errno), setting);
  }
  const sockaddr_un address = path_address(path);
  // The file never exists with more rights than it shall have.
  const mode_t before = ::umask(S_IXUSR | S_IXGRP | S_IRWXO);
  const bool bound = ::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  const int error = errno;
  ::umask(before);
  if (!bound || ::listen(fd, kBacklog) != 0) {
    ::close(fd);
    return path_trouble(path, std::strerror(bound ? errno : error), setting);
  }
  return fd;
}

tl::expected<std::vector<HandedOver>, std::string> read_handed_over() {
  std::vector<HandedOver> out;
  const char* pid = std::getenv("LISTEN_PID");
  const char* number = std::getenv("LISTEN_FDS");
  if (pid == nullptr || number == nullptr ||
      parse_decimal(pid) != static_cast<std::uint64_t>(::getpid())) {
    return out;
  }
  const auto fds = parse_decimal(number, kMostInherited);
  const char* names = std::getenv("LISTEN_FDNAMES");
  std::string_view unnamed(names == nullptr ? "" : names);
  for (int nth = 0; fds && nth < static_cast<int>(*fds); ++nth) {
    const std::size_t end = std::min(unnamed.find(':'), unnamed.size());
    const int fd = kFirstInherited + nth;
    out.push_back({unnamed.empty() ? "inherited" : std::string(unnamed.substr(0, end)), fd});
    unnamed.remove_prefix(std::min(end + 1, unnamed.size()));
    ::fcntl(fd, F_SETFD, FD_CLOEXEC);
  }
  ::unsetenv("LISTEN_PID");
  ::unsetenv("LISTEN_FDS");
  ::unsetenv("LISTEN_FDNAMES");
  if (!fds) {
    return tl::unexpected(std::string("LISTEN_FDS is not a usable number"));
  }
  return out;
}

tl::expected<std::vector<Listening>, std::string> inherited_listeners(
    const std::vector<HandedOver>& sockets, unsigned count) {
  std::vector<Listening> out;
  for (const HandedOver& socket : sockets) {
    if (!is_listening(socket.fd)) {
      return tl::unexpected("descriptor " + std::to_string(socket.fd) +
                            " from the service manager is not a listening stream socket; use "
                            "ListenStream= in the socket unit");
    }
    ::fcntl(socket.fd, F_SETFL, O_NONBLOCK);
    set_inherited_options(socket.fd);
    Listening one;
    one.at = bound_address(socket.fd);
    one.name = socket.name;
    for (unsigned i = 0; i < count; ++i) {
      const int copy = i == 0 ? socket.fd : ::fcntl(socket.fd, F_DUPFD_CLOEXEC, 0);
      if (copy < 0) {
        return tl::unexpected(trouble(one.at, errno));
      }
      one.fds.push_back(copy);
    }
    out.push_back(std::move(one));
  }
  return out;
}

}  // namespace weir
