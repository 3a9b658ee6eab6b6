// SPDX-License-Identifier: Apache-2.0
//
// See pid_file.h.
#include "proxy/net/pid_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <string_view>
#include <utility>

namespace weir {
namespace {

constexpr mode_t kMode = 0644;
constexpr int kHow = O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;

// Another may have put one of its own there.
bool is_at(int fd, const std::string& path) {
  struct stat ours {};
  struct stat there {};
  return ::fstat(fd, &ours) == 0 && ::lstat(path.c_str(), &there) == 0 && S_ISREG(there.st_mode) &&
         ours.st_dev == there.st_dev && ours.st_ino == there.st_ino;
}

bool says(int fd, std::string_view text) {
  std::array<char, 32> there{};
  const ssize_t n = ::pread(fd, there.data(), there.size(), 0);
  return n > 0 && std::string_view(there.data(), static_cast<std::size_t>(n)) == text;
}

}  // namespace

PidFile::~PidFile() {
  leave();
}

void PidFile::leave() {
  if (fd_ >= 0) {
    ::close(std::exchange(fd_, -1));
  }
}

bool PidFile::open(const std::string& path, pid_t pid, int how) {
  path_ = path;
  text_ = std::to_string(pid) + "\n";
  fd_ = ::open(path.c_str(), how, kMode);
  return fd_ >= 0;
}

bool PidFile::write(const std::string& path, pid_t pid) {
  return open(path, pid, kHow | O_CREAT | O_TRUNC) &&
         ::write(fd_, text_.data(), text_.size()) == static_cast<ssize_t>(text_.size());
}

void PidFile::remove() const {
  if (fd_ >= 0 && is_at(fd_, path_) && says(fd_, text_)) {
    [[maybe_unused]] const int emptied = ::ftruncate(fd_, 0);
    ::unlink(path_.c_str());
  }
}

void PidFile::remove(const std::string& path, pid_t pid) {
  PidFile left;
  if (left.open(path, pid, kHow)) {
    left.remove();
  }
}

}  // namespace weir
