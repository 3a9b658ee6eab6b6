// SPDX-License-Identifier: Apache-2.0
//
// See directory.h.
#include "proxy/store/directory.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "proxy/store/file_io.h"

namespace weir::store {
namespace {

constexpr const char* kLockName = "weir-cache.lock";
constexpr std::string_view kSegment = "segment-";
constexpr std::string_view kLarge = "large-";
constexpr std::size_t kDigits = 8;
constexpr mode_t kDirectoryMode = 0700;
constexpr mode_t kFileMode = 0600;

std::string numbered(std::string_view prefix, std::uint32_t number) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string out(prefix);
  for (unsigned digit = kDigits; digit-- != 0;) {
    out.push_back(kHex[number >> (4 * digit) & 15U]);
  }
  return out;
}

// The number in a name that we give; nothing for any other name.
std::optional<std::uint32_t> number_in(std::string_view name, std::string_view prefix) {
  std::uint32_t number = 0;
  if (!name.starts_with(prefix) || name.size() != prefix.size() + kDigits) {
    return std::nullopt;
  }
  const auto read =
      std::from_chars(name.data() + prefix.size(), name.data() + name.size(), number, 16);
  const bool ours = read.ec == std::errc{} && number != 0 && numbered(prefix, number) == name;
  return ours ? std::optional(number) : std::nullopt;
}

tl::unexpected<std::string> trouble(const std::string& what, const std::string& path) {
  return tl::unexpected("cannot " + what + " the cache directory " + path + ": " +
                        std::strerror(errno));
}

// Who holds the lock, as it wrote down.
std::string holder(int lock) {
  std::array<char, 16> text;
  const std::int64_t n = read_some(lock, 0, text.data(), text.size());
  std::string out(text.data(), static_cast<std::size_t>(std::max<std::int64_t>(n, 0)));
  out.resize(std::min(out.find_first_not_of("0123456789"), out.size()));
  return out.empty() ? "another process" : "process " + out;
}

void note_found(int fd, std::string_view name, std::string_view prefix,
                std::vector<FoundFile>& out) {
  const auto number = number_in(name, prefix);
  struct stat info {};
  if (number && ::fstatat(fd, std::string(name).c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0 &&
      S_ISREG(info.st_mode)) {
    out.push_back({*number, static_cast<std::uint64_t>(info.st_size)});
  }
}

}  // namespace

std::string segment_name(std::uint32_t number) {
  return numbered(kSegment, number);
}

std::string large_name(std::uint32_t number) {
  return numbered(kLarge, number);
}

Directory::Directory(std::string path, int fd, int lock)
    : path_(std::move(path)), fd_(fd), lock_(lock) {}

Directory::Directory(Directory&& other) noexcept
    : path_(std::move(other.path_)),
      fd_(std::exchange(other.fd_, -1)),
      lock_(std::exchange(other.lock_, -1)) {}

Directory::~Directory() {
  for (const int fd : {lock_, fd_}) {
    if (fd >= 0) {
      ::close(fd);
    }
  }
}

tl::expected<Directory, std::string> Directory::open(const std::string& path) {
  if (::mkdir(path.c_str(), kDirectoryMode) != 0 && errno != EEXIST) {
    return trouble("make", path);
  }
  const int fd = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) {
    return trouble("open", path);
  }
  Directory out(path, fd, -1);
  out.lock_ = out.open_file(kLockName, O_RDWR | O_CREAT);
  if (out.lock_ < 0) {
    return trouble("write to", path);
  }
  if (::flock(out.lock_, LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) {
      return tl::unexpected("the cache directory " + path + " is in use by " + holder(out.lock_));
    }
    return trouble("lock", path);
  }
  // For the sentence above only; a full disk does not matter here.
  [[maybe_unused]] const bool told = ::ftruncate(out.lock_, 0) == 0 &&
                                     write_whole(out.lock_, 0, std::to_string(::getpid()) + "\n");
  return out;
}

FoundFiles Directory::list() const {
  FoundFiles out;
  const int again = ::openat(fd_, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const std::unique_ptr<DIR, int (*)(DIR*)> open(again < 0 ? nullptr : ::fdopendir(again),
                                                 ::closedir);
  while (const dirent* entry = open ? ::readdir(open.get()) : nullptr) {
    note_found(fd_, entry->d_name, kSegment, out.segments);
    note_found(fd_, entry->d_name, kLarge, out.larges);
  }
  std::ranges::sort(out.segments, {}, &FoundFile::number);
  std::ranges::sort(out.larges, {}, &FoundFile::number);
  return out;
}

int Directory::open_file(const std::string& name, int flags) const {
  return ::openat(fd_, name.c_str(), flags | O_CLOEXEC | O_NOFOLLOW, kFileMode);
}

bool Directory::remove(const std::string& name) const {
  return ::unlinkat(fd_, name.c_str(), 0) == 0;
}

bool Directory::rename(const char* from, const char* to) const {
  return ::renameat(fd_, from, fd_, to) == 0 && ::fsync(fd_) == 0;
}

}  // namespace weir::store
