// SPDX-License-Identifier: Apache-2.0
//
// The cache's directory: the lock that keeps other processes out, the names of its files, and what
// is found there. Files of other names are never touched.
//
//   weir-cache.lock      locked (flock) by the process that uses the directory
//   weir-cache.journal   journal.h; weir-cache.journal.new while it is written anew
//   segment-XXXXXXXX     segment.h; the number in hexadecimal
//   large-XXXXXXXX       the bytes of one large object, nothing else
//
// The disk thread's, and before it starts its opener's.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <tl/expected.hpp>

namespace weir::store {

constexpr const char* kJournalName = "weir-cache.journal";
constexpr const char* kNewJournalName = "weir-cache.journal.new";

std::string segment_name(std::uint32_t number);
std::string large_name(std::uint32_t number);

struct FoundFile {
  std::uint32_t number = 0;
  std::uint64_t size = 0;
};

struct FoundFiles {
  std::vector<FoundFile> segments;  // by number
  std::vector<FoundFile> larges;
};

class Directory {
 public:
  // Makes the directory when it is missing, and locks it. An error is a sentence.
  static tl::expected<Directory, std::string> open(const std::string& path);
  Directory(Directory&& other) noexcept;
  ~Directory();
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;
  Directory& operator=(Directory&&) = delete;

  int fd() const { return fd_; }
  const std::string& path() const { return path_; }
  FoundFiles list() const;
  // Negative: errno says why.
  int open_file(const std::string& name, int flags) const;
  bool remove(const std::string& name) const;
  // Gives a file a name that another may have had, and brings that to the disk.
  bool rename(const char* from, const char* to) const;

 private:
  Directory(std::string path, int fd, int lock);

  std::string path_;
  int fd_ = -1;
  int lock_ = -1;
};

}  // namespace weir::store
