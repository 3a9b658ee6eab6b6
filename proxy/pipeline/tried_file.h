// SPDX-License-Identifier: Apache-2.0
//
// A log that is not there is made by trying whether it can be written. What came to be for a reload
// that failed goes again, unless somebody has written to it.
#pragma once

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string>

namespace weir {

class TriedFile {
 public:
  explicit TriedFile(const std::string& path)
      : path_(path), new_(::access(path.c_str(), F_OK) != 0 && errno == ENOENT) {}
  ~TriedFile() {
    struct stat about {};
    if (new_ && ::lstat(path_.c_str(), &about) == 0 && S_ISREG(about.st_mode) &&
        about.st_size == 0) {
      ::unlink(path_.c_str());
    }
  }
  TriedFile(const TriedFile&) = delete;
  TriedFile& operator=(const TriedFile&) = delete;
  void keep() { new_ = false; }

 private:
  std::string path_;
  bool new_;
};

}  // namespace weir
