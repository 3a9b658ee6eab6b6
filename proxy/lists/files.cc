// SPDX-License-Identifier: Apache-2.0
//
// See files.h.
#include "proxy/lists/files.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <system_error>

namespace weir {
namespace {

constexpr mode_t kFileMode = 0640;
constexpr mode_t kFolderMode = 0750;

tl::unexpected<std::string> because(const char* what) {
  return tl::unexpected(std::string(what) + ": " + std::generic_category().message(errno));
}

bool write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t put = ::write(fd, bytes.data(), bytes.size());
    if (put < 0 && errno != EINTR) {
      return false;
    }
    bytes.remove_prefix(put > 0 ? static_cast<std::size_t>(put) : 0);
  }
  return true;
}

// A rename is not on the disk before its folder is.
bool sync_folder_of(const std::string& path) {
  const auto slash = path.find_last_of('/');
  const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  const OwnedFile opened(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return opened && ::fsync(opened.get()) == 0;
}

}  // namespace

OwnedFile::~OwnedFile() {
  if (fd_ >= 0) {
    ::close(fd_);
  }
}

OwnedFile& OwnedFile::operator=(OwnedFile&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

tl::expected<std::string, std::string> read_whole(const std::string& path, std::uint64_t most) {
  // Without O_NONBLOCK, opening a named pipe would wait for somebody to write to it.
  const OwnedFile file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat about {};
  if (!file || ::fstat(file.get(), &about) != 0) {
    return because("it cannot be opened");
  }
  if (!S_ISREG(about.st_mode)) {
    return tl::unexpected(std::string("it is not a file"));
  }
  if (static_cast<std::uint64_t>(about.st_size) > most) {
    return tl::unexpected("it is larger than " + std::to_string(most) + " bytes");
  }
  std::string out(static_cast<std::size_t>(about.st_size), '\0');
  std::size_t used = 0;
  while (used < out.size()) {
    const ssize_t got = ::read(file.get(), out.data() + used, out.size() - used);
    if (got < 0 && errno != EINTR) {
      return because("it cannot be read");
    }
    if (got == 0) {
      break;
    }
    used += got > 0 ? static_cast<std::size_t>(got) : 0;
  }
  out.resize(used);
  return out;
}

tl::expected<void, std::string> replace_file(const std::string& path, std::string_view bytes) {
  const std::string aside = path + std::string(kUnfinished);
  const OwnedFile file(::open(aside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, kFileMode));
  if (!file) {
    return because("it cannot be made");
  }
  if (!write_all(file.get(), bytes) || ::fsync(file.get()) != 0) {
    const auto why = because("it cannot be written");
    ::unlink(aside.c_str());
    return why;
  }
  if (::rename(aside.c_str(), path.c_str()) != 0) {
    const auto why = because("it cannot be renamed");
    ::unlink(aside.c_str());
    return why;
  }
  if (!sync_folder_of(path)) {
    return because("its folder cannot be written");
  }
  return {};
}

tl::expected<void, std::string> make_folder(const std::string& path) {
  for (std::size_t end = path.find('/', 1);; end = path.find('/', end + 1)) {
    if (::mkdir(path.substr(0, end).c_str(), kFolderMode) != 0 && errno != EEXIST &&
        (end == std::string::npos || errno != EROFS)) {
      return because("it cannot be made");
    }
    if (end == std::string::npos) {
      break;
    }
  }
  struct stat about {};
  if (::stat(path.c_str(), &about) != 0 || !S_ISDIR(about.st_mode)) {
    return tl::unexpected(std::string("it is not a folder"));
  }
  return {};
}

OwnedFile lock_file(const std::string& path, Waiting waiting) {
  OwnedFile file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, kFileMode));
  const int how = waiting == Waiting::Yes ? LOCK_EX : LOCK_EX | LOCK_NB;
  while (file && ::flock(file.get(), how) != 0) {
    if (errno != EINTR) {
      return OwnedFile();
    }
  }
  return file;
}

}  // namespace weir
