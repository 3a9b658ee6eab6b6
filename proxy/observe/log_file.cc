// SPDX-License-Identifier: Apache-2.0
//
// System calls on the access-log file. See log_file.h.
#include "proxy/observe/log_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>

namespace weir {
namespace {

constexpr mode_t kMode = 0640;  // URLs are private: the group may read, the world may not

iovec as_iovec(std::string_view bytes) {
  return {const_cast<char*>(bytes.data()), bytes.size()};  // writev reads only
}

// O_NONBLOCK: a pipe that nobody reads must not hold the log thread.
constexpr int kFlags = O_WRONLY | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;

// Standard output is shared with other programs, so it must not be made non-blocking itself. A pipe
// can be opened a second time, with flags of our own.
int open_standard_output() {
  struct stat about {};
  if (::fstat(STDOUT_FILENO, &about) == 0 && S_ISFIFO(about.st_mode)) {
    const int own = ::open("/proc/self/fd/1", kFlags);
    return own >= 0 ? own : STDOUT_FILENO;
  }
  return STDOUT_FILENO;
}

}  // namespace

int LogFile::open() {
  const int fresh = options_.path == "-" ? open_standard_output()
                                         : ::open(options_.path.c_str(), kFlags | O_CREAT, kMode);
  if (fresh < 0) {
    return errno;
  }
  struct stat about {};
  const bool known = ::fstat(fresh, &about) == 0;
  const bool regular = known && S_ISREG(about.st_mode);
  close();
  fd_ = fresh;
  size_ = regular ? static_cast<std::uint64_t>(about.st_size) : 0;
  rotates_ = regular && options_.path != "-";
  return 0;
}

LogFile::Written LogFile::write(std::string_view first, std::string_view second) {
  const std::array<iovec, 2> pieces{as_iovec(first), as_iovec(second)};
  const ssize_t sent = ::writev(fd_, pieces.data(), second.empty() ? 1 : 2);
  if (sent < 0) {
    return {0, errno};
  }
  size_ += static_cast<std::uint64_t>(sent);
  return {static_cast<std::size_t>(sent), 0};
}

std::uint64_t LogFile::allowance() const {
  if (!rotates_ || options_.rotate_bytes == 0) {
    return UINT64_MAX;
  }
  return options_.rotate_bytes > size_ ? options_.rotate_bytes - size_ : 0;
}

int LogFile::rotate() {
  const char* path = options_.path.c_str();
  if (::access(path, F_OK) != 0 && errno == ENOENT) {
    return open();  // renamed already, by someone else or by an attempt that could not open
  }
  const auto numbered = [this](std::uint32_t n) { return options_.path + "." + std::to_string(n); };
  for (std::uint32_t n = options_.rotate_keep; n > 1; --n) {
    // A gap in the numbers is no trouble.
    if (::rename(numbered(n - 1).c_str(), numbered(n).c_str()) != 0 && errno != ENOENT) {
      return errno;
    }
  }
  const int moved =
      options_.rotate_keep == 0 ? ::unlink(path) : ::rename(path, numbered(1).c_str());
  if (moved != 0 && errno != ENOENT) {
    return errno;
  }
  return open();
}

void LogFile::close() {
  if (fd_ >= 0 && fd_ != STDOUT_FILENO) {
    ::close(fd_);
  }
  fd_ = -1;
}

}  // namespace weir
