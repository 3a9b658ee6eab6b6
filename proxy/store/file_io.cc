// SPDX-License-Identifier: Apache-2.0
//
// See file_io.h.
#include "proxy/store/file_io.h"

#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace weir::store {

std::int64_t read_some(int fd, std::uint64_t at, char* to, std::size_t n) {
  std::size_t have = 0;
  while (have < n) {
    const ssize_t got = ::pread(fd, to + have, n - have, static_cast<off_t>(at + have));
    if (got < 0 && errno == EINTR) {
      continue;
    }
    if (got < 0) {
      return -1;
    }
    if (got == 0) {
      break;
    }
    have += static_cast<std::size_t>(got);
  }
  return static_cast<std::int64_t>(have);
}

bool read_whole(int fd, std::uint64_t at, char* to, std::size_t n) {
  const std::int64_t got = read_some(fd, at, to, n);
  if (got >= 0 && got != static_cast<std::int64_t>(n)) {
    errno = 0;
  }
  return got == static_cast<std::int64_t>(n);
}

bool write_whole(int fd, std::uint64_t at, std::string_view bytes) {
  std::vector<iovec> parts = {{const_cast<char*>(bytes.data()), bytes.size()}};
  return write_parts(fd, at, parts);
}

bool write_parts(int fd, std::uint64_t at, std::vector<iovec>& parts) {
  std::size_t done = 0;  // parts written whole
  while (done < parts.size()) {
    const auto many = std::min<std::size_t>(parts.size() - done, IOV_MAX);
    const ssize_t got =
        ::pwritev(fd, parts.data() + done, static_cast<int>(many), static_cast<off_t>(at));
    if (got < 0 && errno == EINTR) {
      continue;
    }
    if (got < 0) {
      return false;
    }
    at += static_cast<std::uint64_t>(got);
    auto left = static_cast<std::size_t>(got);
    while (done < parts.size() && left >= parts[done].iov_len) {
      left -= parts[done++].iov_len;
    }
    if (left != 0) {
      parts[done].iov_base = static_cast<char*>(parts[done].iov_base) + left;
      parts[done].iov_len -= left;
    }
  }
  return true;
}

std::uint64_t size_of_file(int fd) {
  struct stat info {};
  return ::fstat(fd, &info) == 0 ? static_cast<std::uint64_t>(info.st_size) : 0;
}

}  // namespace weir::store
