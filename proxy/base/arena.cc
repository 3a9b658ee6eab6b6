// SPDX-License-Identifier: Apache-2.0
//
// See arena.h. Blocks larger than the usual size are made to measure.
#include "proxy/base/arena.h"

#include <algorithm>
#include <cstring>

namespace weir {

std::string_view Arena::copy(std::string_view text) {
  if (text.empty()) {
    return {};
  }
  char* out = allocate(text.size());
  std::memcpy(out, text.data(), text.size());
  return {out, text.size()};
}

std::string_view Arena::join(std::initializer_list<std::string_view> parts) {
  std::size_t size = 0;
  for (const auto part : parts) {
    size += part.size();
  }
  char* const out = allocate(size);
  char* at = out;
  for (const auto part : parts) {
    if (!part.empty()) {
      std::memcpy(at, part.data(), part.size());
      at += part.size();
    }
  }
  return {out, size};
}

void Arena::reset() {
  if (blocks_.empty()) {
    return;
  }
  blocks_.resize(1);
  next_ = blocks_.front().get();
  left_ = block_size_;
}

void Arena::grow(std::size_t size) {
  // The first block always has the usual size, since reset() counts on it.
  const std::size_t take = blocks_.empty() ? block_size_ : std::max(size, block_size_);
  blocks_.push_back(std::make_unique_for_overwrite<char[]>(take));
  next_ = blocks_.back().get();
  left_ = take;
  if (size > left_) {
    grow(size);
  }
}

}  // namespace weir
