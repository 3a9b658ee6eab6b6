// SPDX-License-Identifier: Apache-2.0
//
// Talking to whoever started us and starts us again: systemd (NOTIFY_SOCKET, sd_notify(3)) or
// `weir run --supervise`, which speaks the same words over a socket it hands down. A message is
// lines of NAME=VALUE in one datagram; descriptors may ride along. Written here and not by
// libsystemd: it is one sendmsg(), the supervisor needs the other end of it anyway, and the program
// stays free of a library for the sake of forty lines.
//
// Made once by main; sending is for any thread, waits a second at most, and fails in silence:
// nobody may be kept from serving because its manager does not listen.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/base/instant.h"

namespace weir {

// What a supervised process knows of those before it.
struct Lineage {
  pid_t supervisor = 0;        // 0: not under `weir run --supervise`
  std::uint32_t restarts = 0;  // how many were started before this one
  std::string last_end;        // how the last of them ended, for people
};

class Notifier {
 public:
  // Tells nobody.
  Notifier() = default;
  ~Notifier();
  Notifier(const Notifier&) = delete;
  Notifier& operator=(const Notifier&) = delete;
  Notifier(Notifier&& other) noexcept;
  Notifier& operator=(Notifier&& other) noexcept;

  // From the environment, whose variables are cleared, so that children do not see them.
  static Notifier from_environment();

  bool listened_to() const { return fd_ >= 0; }
  void tell(std::string_view lines, const std::vector<int>& descriptors = {}) const;

  // How often WATCHDOG=1 is expected at least; 0: it is not.
  Micros watchdog() const { return watchdog_; }
  const Lineage& lineage() const { return lineage_; }

 private:
  void connect(std::string_view path);

  int fd_ = -1;
  std::string address_;  // a sockaddr_un as the kernel takes it; empty: the socket is connected
  Micros watchdog_ = 0;
  Lineage lineage_;
};

// The names that `weir run --supervise` uses in the environment beside those of systemd.
constexpr const char* kSupervisorFd = "WEIR_SUPERVISOR_FD";
constexpr const char* kSupervisorPid = "WEIR_SUPERVISOR_PID";
constexpr const char* kRestarts = "WEIR_RESTARTS";
constexpr const char* kLastEnd = "WEIR_LAST_END";
// What a worker says beside the words of systemd: where the operator's log goes, as in log.path.
constexpr const char* kLog = "WEIR_LOG";

// As many descriptors as one message may carry (SCM_MAX_FD of the kernel is 253).
constexpr std::size_t kMostDescriptors = 250;

}  // namespace weir
