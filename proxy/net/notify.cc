// SPDX-License-Identifier: Apache-2.0
//
// See notify.h.
#include "proxy/net/notify.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <optional>
#include <utility>

#include "proxy/base/ascii.h"

namespace weir {
namespace {

constexpr auto kNumbersMost = static_cast<std::uint64_t>(std::numeric_limits<int>::max());

// A manager that reads nothing keeps us for so long at most.
constexpr timeval kPatience{1, 0};

// The variable, which is gone afterwards. Empty: it was not set.
std::string take_variable(const char* name) {
  const char* value = std::getenv(name);
  std::string out = value == nullptr ? "" : value;
  ::unsetenv(name);
  return out;
}

std::optional<int> take_number(const char* name) {
  const auto number = parse_decimal(take_variable(name), kNumbersMost);
  return number ? std::optional(static_cast<int>(*number)) : std::nullopt;
}

// WATCHDOG_PID, where it is set, says whom WATCHDOG_USEC is meant for.
Micros take_watchdog() {
  const auto micros = parse_decimal(take_variable("WATCHDOG_USEC"), 3600ULL * kSecond);
  const std::string pid = take_variable("WATCHDOG_PID");
  const bool ours = pid.empty() || pid == std::to_string(::getpid());
  return micros && ours ? static_cast<Micros>(*micros) : 0;
}

}  // namespace

Notifier::~Notifier() {
  if (fd_ >= 0) {
    ::close(fd_);
  }
}

Notifier::Notifier(Notifier&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      address_(std::move(other.address_)),
      watchdog_(other.watchdog_),
      lineage_(std::move(other.lineage_)) {}

Notifier& Notifier::operator=(Notifier&& other) noexcept {
  std::swap(fd_, other.fd_);
  address_ = std::move(other.address_);
  watchdog_ = other.watchdog_;
  lineage_ = std::move(other.lineage_);
  return *this;
}

Notifier Notifier::from_environment() {
  Notifier out;
  const std::string path = take_variable("NOTIFY_SOCKET");
  const auto handed_down = take_number(kSupervisorFd);
  out.watchdog_ = take_watchdog();
  out.lineage_.supervisor = take_number(kSupervisorPid).value_or(0);
  out.lineage_.restarts = static_cast<std::uint32_t>(take_number(kRestarts).value_or(0));
  out.lineage_.last_end = take_variable(kLastEnd);
  if (handed_down && ::fcntl(*handed_down, F_SETFD, FD_CLOEXEC) == 0) {
    out.fd_ = *handed_down;
  } else {
    out.connect(path);
  }
  ::setsockopt(out.fd_, SOL_SOCKET, SO_SNDTIMEO, &kPatience, sizeof kPatience);
  return out;
}

// Not connect(2): the manager may make its socket anew while we run.
void Notifier::connect(std::string_view path) {
  sockaddr_un address{};
  const bool usable = (path.starts_with('/') || path.starts_with('@')) && path.size() > 1 &&
                      path.size() < sizeof address.sun_path;
  if (!usable) {
    return;
  }
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, path.size());
  if (path.front() == '@') {
    address.sun_path[0] = '\0';  // a name in the kernel, not in the file system
  }
  fd_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  address_.assign(reinterpret_cast<const char*>(&address),
                  offsetof(sockaddr_un, sun_path) + path.size());
}

void Notifier::tell(std::string_view lines, const std::vector<int>& descriptors) const {
  if (fd_ < 0) {
    return;
  }
  iovec text{const_cast<char*>(lines.data()), lines.size()};
  msghdr message{};
  message.msg_iov = &text;
  message.msg_iovlen = 1;
  std::string name = address_;
  if (!name.empty()) {
    message.msg_name = name.data();
    message.msg_namelen = static_cast<socklen_t>(name.size());
  }
  alignas(cmsghdr) std::array<char, CMSG_SPACE(kMostDescriptors * sizeof(int))> room{};
  const std::size_t bytes = std::min(descriptors.size(), kMostDescriptors) * sizeof(int);
  if (bytes != 0) {
    message.msg_control = room.data();
    message.msg_controllen = CMSG_SPACE(bytes);
    cmsghdr* const part = CMSG_FIRSTHDR(&message);
    part->cmsg_level = SOL_SOCKET;
    part->cmsg_type = SCM_RIGHTS;
    part->cmsg_len = CMSG_LEN(bytes);
    std::memcpy(CMSG_DATA(part), descriptors.data(), bytes);
  }
  ::sendmsg(fd_, &message, MSG_NOSIGNAL);
}

}  // namespace weir
