// SPDX-License-Identifier: Apache-2.0
//
// A stored body in a file: a run of bytes with a checksum for every block, so that no byte is sent
// before it was seen to be what was written. Checking reads the bytes, which brings them into the
// page cache: afterwards sendfile does not wait for the disk.
//
// Counted; the file stays open for as long as anybody holds an extent of it, even when it has been
// removed from the disk meanwhile.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

namespace weir::store {

constexpr std::uint32_t kExtentBlock = 64 * 1024;  // bytes under one checksum

// An open file, closed with its last holder.
class StoreFile {
 public:
  explicit StoreFile(int fd) : fd_(fd) {}
  ~StoreFile();
  StoreFile(const StoreFile&) = delete;
  StoreFile& operator=(const StoreFile&) = delete;
  int fd() const { return fd_; }

 private:
  int fd_;
};

class Extent {
 public:
  // `sums`: CRC-32C of each kExtentBlock bytes, the last block perhaps shorter.
  Extent(std::shared_ptr<const StoreFile> file, std::uint64_t base, std::uint64_t size,
         std::vector<std::uint32_t> sums);

  int fd() const { return file_->fd(); }
  std::uint64_t base() const { return base_; }  // offset of its first byte in the file
  std::uint64_t size() const { return size_; }

  // Any thread: whether [at, at + n) has been checked. Cost: a bit or two for each block.
  bool ready(std::uint64_t at, std::uint64_t n) const;
  // The disk thread: reads and checks the blocks of [at, at + n). False: they cannot be read or are
  // not what was written; nothing of them may be sent, and the entry must go.
  bool prepare(std::uint64_t at, std::uint64_t n);
  // The disk thread: copies checked bytes, for a body that is to live in memory again.
  bool read(std::uint64_t at, char* to, std::size_t n);

 private:
  std::shared_ptr<const StoreFile> file_;
  std::uint64_t base_;
  std::uint64_t size_;
  std::vector<std::uint32_t> sums_;
  std::unique_ptr<std::atomic<std::uint64_t>[]> checked_;  // one bit for each block
};

}  // namespace weir::store
