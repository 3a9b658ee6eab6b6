// SPDX-License-Identifier: Apache-2.0
//
// Has a file changed since we last looked? A stamp is what one stat() tells; equal stamps mean that
// reading again would bring nothing new. For small system files (/etc/hosts, /etc/resolv.conf) that
// may be looked at on a worker's thread, at most once a second: StampedFile keeps that limit.
#pragma once

#include <sys/stat.h>

#include <compare>
#include <cstdint>
#include <string>

#include "proxy/base/instant.h"

namespace weir {

struct FileStamp {
  std::uint64_t file = 0;  // 0: there is none
  std::int64_t size = 0;
  std::int64_t changed = 0;  // nanoseconds
  auto operator<=>(const FileStamp&) const = default;

  static FileStamp of(const std::string& path) {
    struct stat st {};
    if (::stat(path.c_str(), &st) != 0) {
      return {};
    }
    return {st.st_ino, st.st_size, st.st_mtim.tv_sec * 1'000'000'000 + st.st_mtim.tv_nsec};
  }
};

class StampedFile {
 public:
  explicit StampedFile(std::string path) : path_(std::move(path)) {}
  const std::string& path() const { return path_; }

  // True the first time, and when the file is another than at the last call that returned true.
  bool changed(Instant now) {
    if (looked_.set() && now - looked_ < kSecond) {
      return false;
    }
    const bool first = !looked_.set();
    looked_ = now;
    const FileStamp stamp = FileStamp::of(path_);
    const bool differs = stamp != stamp_;
    stamp_ = stamp;
    return first || differs;
  }

 private:
  std::string path_;
  FileStamp stamp_;
  Instant looked_;
};

}  // namespace weir
