// SPDX-License-Identifier: Apache-2.0
//
// See lease_files.h.
#include "proxy/net/lease_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "proxy/base/diag.h"

namespace weir {
namespace {

// Files of a journal say the same address again and again.
constexpr std::size_t kLinesMost = 4 * LeaseTable::kMost;
constexpr std::int64_t kSettles = 2'000'000'000;  // nanoseconds

// dnsmasq of Debian, of Red Hat and of Pi-hole; ISC dhcpd; Kea; odhcpd.
constexpr const char* kUsual[] = {
    "/var/lib/misc/dnsmasq.leases", "/var/lib/dnsmasq/dnsmasq.leases",
    "/etc/pihole/dhcp.leases",      "/var/lib/dhcp/dhcpd.leases",
    "/var/lib/dhcpd/dhcpd.leases",  "/var/lib/kea/kea-leases4.csv",
    "/var/lib/kea/kea-leases6.csv",
};
// Of OpenWrt, below /tmp, where elsewhere anybody may put a file.
constexpr const char* kUsualOnOpenWrt[] = {"/tmp/dhcp.leases", "/tmp/hosts/odhcpd",
                                           "/tmp/odhcpd.leases"};

// The content of a regular file. Nothing, and errno, when it cannot be had; ENOTSUP: it is none.
std::optional<std::string> content_of(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (fd < 0) {
    return std::nullopt;
  }
  std::string out;
  struct stat st {};
  bool good = ::fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
  int why = good ? 0 : ENOTSUP;
  if (good) {
    out.resize(std::min<std::size_t>(static_cast<std::size_t>(st.st_size), LeaseFiles::kBytesMost));
    std::size_t have = 0;
    while (good && have < out.size()) {
      const auto got = ::read(fd, out.data() + have, out.size() - have);
      good = got >= 0;
      why = good ? 0 : errno;
      if (got <= 0) {
        break;
      }
      have += static_cast<std::size_t>(got);
    }
    out.resize(have);
  }
  ::close(fd);
  errno = why;
  return good ? std::optional(std::move(out)) : std::nullopt;
}

}  // namespace

LeaseFiles::LeaseFiles(const std::vector<std::string>& files) {
  const auto add = [this](std::string path, bool named) {
    const bool known = std::ranges::any_of(files_, [&](const File& f) { return f.path == path; });
    if (!known) {
      File& file = files_.emplace_back();
      file.path = std::move(path);
      file.named = named;
    }
  };
  for (const std::string& file : files) {
    if (file != "auto") {
      add(file, true);
      continue;
    }
    for (const char* path : kUsual) {
      add(path, false);
    }
    if (::access("/etc/openwrt_release", F_OK) == 0) {
      for (const char* path : kUsualOnOpenWrt) {
        add(path, false);
      }
    }
  }
}

// True when the file says something else than before.
bool LeaseFiles::read_again(File& file, WallTime now) {
  const FileStamp stamp = FileStamp::of(file.path);
  if (looked_ && stamp == file.stamp && !file.unsettled) {
    return false;
  }
  file.stamp = stamp;
  const auto age = now.us * 1000 - stamp.changed;  // below 0: the clock was set back
  file.unsettled = stamp.file != 0 && age >= 0 && age < kSettles;
  auto text = content_of(file.path);
  const std::string before = std::exchange(file.failure, {});
  if (!text) {
    const bool missing = errno == ENOENT || errno == ENOTDIR;
    file.failure = missing            ? "is not there"
                   : errno == ENOTSUP ? "is no regular file"
                                      : std::string("cannot be read: ") + std::strerror(errno);
    if (file.named && before.empty()) {
      diag(Level::Warning, "clients.leases: " + file.path + " " + file.failure);
    }
  }
  auto leases = parse_leases(text.value_or(""), kLinesMost);
  leases.shrink_to_fit();
  file.leases = std::move(leases);
  return true;
}

std::shared_ptr<const LeaseTable> LeaseFiles::look(WallTime now) {
  bool changed = !looked_;
  for (File& file : files_) {
    changed = read_again(file, now) || changed;
  }
  looked_ = true;
  if (!changed) {
    return nullptr;
  }
  std::vector<Lease> all;
  std::vector<LeaseFileReport> report;
  for (const File& file : files_) {
    all.insert(all.end(), file.leases.begin(), file.leases.end());
    if (file.named || file.failure != "is not there") {
      report.push_back({file.path, LeaseTable(file.leases).size(), file.failure});
    }
  }
  const std::lock_guard lock(mutex_);
  report_ = std::move(report);
  return std::make_shared<const LeaseTable>(std::move(all));
}

std::vector<LeaseFileReport> LeaseFiles::report() const {
  const std::lock_guard lock(mutex_);
  return report_;
}

}  // namespace weir
