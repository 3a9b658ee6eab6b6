// SPDX-License-Identifier: Apache-2.0
//
// See body.h.
#include "proxy/store/body.h"

#include <algorithm>

#include "proxy/base/assert.h"

namespace weir::store {

Body::Body(std::vector<BlockPtr> blocks) : blocks_(std::move(blocks)) {
  starts_.reserve(blocks_.size() > 1 ? blocks_.size() : 0);
  for (const auto& block : blocks_) {
    WEIR_ASSERT(block->filled != 0 && block->filled <= block->capacity);
    if (blocks_.size() > 1) {
      starts_.push_back(size_);
    }
    size_ += block->filled;
  }
}

Body::Body(std::shared_ptr<Extent> extent) : extent_(std::move(extent)), size_(extent_->size()) {}

std::size_t Body::memory() const {
  std::size_t bytes = sizeof(Body) + blocks_.capacity() * sizeof(BlockPtr) +
                      starts_.capacity() * sizeof(std::uint64_t);
  for (const auto& block : blocks_) {
    bytes += sizeof(Block) + block->capacity;
  }
  if (extent_) {
    // A bit and a sum for each block.
    bytes += sizeof(Extent) + extent_->sums().capacity() * sizeof(std::uint32_t) +
             extent_->sums().size() / 8 + sizeof(std::uint64_t);
  }
  return bytes;
}

std::string_view Body::from(std::uint64_t at) const {
  WEIR_ASSERT(!extent_ && at < size_);
  if (starts_.empty()) {
    return blocks_[0]->text().substr(static_cast<std::size_t>(at));
  }
  const auto behind = std::ranges::upper_bound(starts_, at);
  const auto n = static_cast<std::size_t>(behind - starts_.begin()) - 1;
  return blocks_[n]->text().substr(static_cast<std::size_t>(at - starts_[n]));
}

}  // namespace weir::store
