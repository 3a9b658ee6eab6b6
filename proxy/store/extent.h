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
#include <functional>
#include <memory>
#include <vector>

namespace weir::store {

constexpr std::uint32_t kExtentBlock = 64 * 1024;  // bytes under one checksum

// How many of them `size` bytes take.
constexpr std::uint64_t extent_blocks(std::uint64_t size) {
  return size / kExtentBlock + (size % kExtentBlock != 0 ? 1 : 0);
}

// An open file, closed with its last holder.
class StoreFile {
 public:
  // `owner` tells tiers apart; `large` is the number of a large object's file in it, 0 for others.
  explicit StoreFile(int fd, const void* owner = nullptr, std::uint32_t large = 0)
      : fd_(fd), owner_(owner), large_(large) {}
  ~StoreFile();
  StoreFile(const StoreFile&) = delete;
  StoreFile& operator=(const StoreFile&) = delete;
  int fd() const { return fd_; }
  bool is_large_of(const void* owner) const { return owner_ == owner && large_ != 0; }
  std::uint32_t large() const { return large_; }

 private:
  int fd_;
  const void* owner_;
  std::uint32_t large_;
};

class Extent {
 public:
  // `sums`: CRC-32C of each kExtentBlock bytes, the last block perhaps shorter. `spoiled` is called
  // on the disk thread when they turn out not to fit, and erases the entry.
  Extent(std::shared_ptr<const StoreFile> file, std::uint64_t base, std::uint64_t size,
         std::vector<std::uint32_t> sums, std::function<void()> spoiled = {});

  int fd() const { return file_->fd(); }
  std::uint64_t base() const { return base_; }  // offset of its first byte in the file
  std::uint64_t size() const { return size_; }

  // Any thread: whether [at, at + n) has been checked. Cost: a bit or two for each block.
  bool ready(std::uint64_t at, std::uint64_t n) const;
  // The disk thread: reads and checks the blocks of [at, at + n), as far as they have not been.
  // False: they cannot be read or are not what was written; nothing of them may be sent. The tier
  // has then forgotten the entry, with a line in the operator's log; whoever still holds it lets
  // go.
  bool prepare(std::uint64_t at, std::uint64_t n);
  // The disk thread: copies checked bytes, for a body that is to live in memory again.
  bool read(std::uint64_t at, char* to, std::size_t n);

  const std::shared_ptr<const StoreFile>& file() const { return file_; }
  const std::vector<std::uint32_t>& sums() const { return sums_; }

 private:
  bool check(std::uint64_t block);

  std::shared_ptr<const StoreFile> file_;
  std::uint64_t base_;
  std::uint64_t size_;
  std::vector<std::uint32_t> sums_;
  std::unique_ptr<std::atomic<std::uint64_t>[]> checked_;  // one bit for each block
  std::function<void()> spoiled_;
};

}  // namespace weir::store
