// SPDX-License-Identifier: Apache-2.0
//
// Files that are either as they were or as they shall be, whatever happens in between: written
// aside, brought to the disk and renamed. And locks that the kernel takes back when their holder
// dies. Errors are one clause.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

namespace weir {

// A descriptor that is closed with its owner. Movable.
class OwnedFile {
 public:
  explicit OwnedFile(int fd = -1) : fd_(fd) {}
  ~OwnedFile();
  OwnedFile(OwnedFile&& other) noexcept : fd_(other.fd_) { other.fd_ = -1; }
  OwnedFile& operator=(OwnedFile&& other) noexcept;
  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }

 private:
  int fd_;
};

// The name that a file is written under before it is whole ends so.
constexpr std::string_view kUnfinished = ".new";

// All bytes of a regular file of at most `most`.
tl::expected<std::string, std::string> read_whole(const std::string& path, std::uint64_t most);

// Afterwards `path` holds `bytes`, also after a power cut; on failure it is as it was.
tl::expected<void, std::string> replace_file(const std::string& path, std::string_view bytes);

// The folder and its parents, for us and our group alone.
tl::expected<void, std::string> make_folder(const std::string& path);

enum class Waiting : std::uint8_t { No, Yes };
// The lock of a file, which is made if need be; held as long as the result lives. Empty when it
// cannot be had.
OwnedFile lock_file(const std::string& path, Waiting waiting);

}  // namespace weir
