// SPDX-License-Identifier: Apache-2.0
//
// The bytes of a stored body: blocks in memory, or an extent of a file. Complete and immutable:
// any thread may read it for as long as it holds a count.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "proxy/store/extent.h"

namespace weir::store {

// Bytes in memory that several may hold. Filled once, then only read.
struct Block {
  explicit Block(std::size_t room)
      : bytes(std::make_unique_for_overwrite<char[]>(room)), capacity(room) {}
  std::unique_ptr<char[]> bytes;
  std::size_t capacity;
  std::size_t filled = 0;  // by its writer, before others see it
  std::string_view text() const { return {bytes.get(), filled}; }
};
using BlockPtr = std::shared_ptr<Block>;

class Body {
 public:
  // Of blocks in order, each with at least one byte.
  explicit Body(std::vector<BlockPtr> blocks);
  // Of a file.
  explicit Body(std::shared_ptr<Extent> extent);

  std::uint64_t size() const { return size_; }
  // Null: the bytes are in memory.
  const std::shared_ptr<Extent>& extent() const { return extent_; }
  std::size_t memory() const;
  // In memory only: the bytes from `at` to the end of their block. Requires at < size().
  std::string_view from(std::uint64_t at) const;
  const std::vector<BlockPtr>& blocks() const { return blocks_; }

 private:
  std::vector<BlockPtr> blocks_;
  std::vector<std::uint64_t> starts_;  // of each block, when there are several
  std::shared_ptr<Extent> extent_;
  std::uint64_t size_ = 0;
};

}  // namespace weir::store
