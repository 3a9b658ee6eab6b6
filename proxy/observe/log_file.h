// SPDX-License-Identifier: Apache-2.0
//
// The file at the end of the access log: opened to append, written in large pieces, renamed away
// when it has grown to its limit, opened again when someone else renamed it. Plain calls that
// report trouble and decide nothing about trying again; the log writer does. "-" is standard
// output.
//
// Owned by the log writer, used on its thread only.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace weir {

class LogFile {
 public:
  struct Options {
    std::string path;
    std::uint64_t rotate_bytes = 0;  // 0: never
    std::uint32_t rotate_keep = 5;   // old files kept; 0: none
  };
  explicit LogFile(Options options) : options_(std::move(options)) {}
  ~LogFile() { close(); }
  LogFile(const LogFile&) = delete;
  LogFile& operator=(const LogFile&) = delete;

  // Opens the path anew and closes the old file; on failure the old one stays. 0 or errno.
  int open();
  bool is_open() const { return fd_ >= 0; }
  int fd() const { return fd_; }

  // One attempt to write `first` then `second`; how many bytes went out, or why none did.
  struct Written {
    std::size_t size = 0;
    int error = 0;
  };
  Written write(std::string_view first, std::string_view second);

  // Other limits for the same file, which stays open.
  void rotate_at(std::uint64_t bytes, std::uint32_t keep) {
    options_.rotate_bytes = bytes;
    options_.rotate_keep = keep;
  }
  // Bytes that may still be written before rotate() is due; UINT64_MAX when it never is.
  std::uint64_t allowance() const;
  bool is_fresh() const { return size_ == 0; }
  // path to path.1, path.1 to path.2 and so on; the oldest goes. Opens a new file. 0 or errno.
  int rotate();

 private:
  void close();

  Options options_;
  int fd_ = -1;
  bool rotates_ = false;  // it may be, where a limit is set
  std::uint64_t size_ = 0;
};

}  // namespace weir
