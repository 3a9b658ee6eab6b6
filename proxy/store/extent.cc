// SPDX-License-Identifier: Apache-2.0
//
// See extent.h.
#include "proxy/store/extent.h"

#include <unistd.h>

#include <algorithm>
#include <array>

#include "proxy/base/assert.h"
#include "proxy/store/crc32c.h"
#include "proxy/store/file_io.h"

namespace weir::store {
namespace {

constexpr std::uint64_t kBits = 64;

}  // namespace

StoreFile::~StoreFile() {
  if (fd_ >= 0) {
    ::close(fd_);
  }
}

Extent::Extent(std::shared_ptr<const StoreFile> file, std::uint64_t base, std::uint64_t size,
               std::vector<std::uint32_t> sums, std::function<void()> spoiled)
    : file_(std::move(file)),
      base_(base),
      size_(size),
      sums_(std::move(sums)),
      checked_(std::make_unique<std::atomic<std::uint64_t>[]>((sums_.size() + kBits - 1) / kBits)),
      spoiled_(std::move(spoiled)) {
  WEIR_ASSERT(sums_.size() == extent_blocks(size_));
}

bool Extent::ready(std::uint64_t at, std::uint64_t n) const {
  WEIR_ASSERT(at <= size_ && n <= size_ - at);
  const std::uint64_t end = n == 0 ? at / kExtentBlock : extent_blocks(at + n);
  for (std::uint64_t block = at / kExtentBlock; block < end; ++block) {
    const std::uint64_t bits = checked_[block / kBits].load(std::memory_order_acquire);
    if ((bits >> (block % kBits) & 1U) == 0) {
      return false;
    }
  }
  return true;
}

bool Extent::prepare(std::uint64_t at, std::uint64_t n) {
  WEIR_ASSERT(at <= size_ && n <= size_ - at);
  const std::uint64_t end = n == 0 ? at / kExtentBlock : extent_blocks(at + n);
  for (std::uint64_t block = at / kExtentBlock; block < end; ++block) {
    const std::uint64_t mask = std::uint64_t{1} << (block % kBits);
    if ((checked_[block / kBits].load(std::memory_order_relaxed) & mask) != 0) {
      continue;
    }
    if (!check(block)) {
      if (spoiled_) {
        spoiled_();
      }
      return false;
    }
    checked_[block / kBits].fetch_or(mask, std::memory_order_release);
  }
  return true;
}

bool Extent::check(std::uint64_t block) {
  std::array<char, kExtentBlock> bytes;  // on the stack of the one thread that calls this
  const std::uint64_t at = block * kExtentBlock;
  const auto n = static_cast<std::size_t>(std::min<std::uint64_t>(kExtentBlock, size_ - at));
  return read_whole(fd(), base_ + at, bytes.data(), n) && crc32c({bytes.data(), n}) == sums_[block];
}

bool Extent::read(std::uint64_t at, char* to, std::size_t n) {
  return prepare(at, n) && read_whole(fd(), base_ + at, to, n);
}

}  // namespace weir::store
