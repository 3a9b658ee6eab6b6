// SPDX-License-Identifier: Apache-2.0
//
// A bump allocator that is emptied between exchanges. Everything an exchange edits or composes
// lives here, so that freeing is one assignment and the warm path never meets the heap: the first
// block is kept across resets, later ones are returned.
//
// Owned by one exchange, used on its worker's thread only.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>
#include <type_traits>
#include <vector>

namespace weir {

class Arena {
 public:
  explicit Arena(std::size_t block_size = 4096) : block_size_(block_size) {}
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  // Uninitialised bytes, valid until reset(). Cost: a pointer bump.
  char* allocate(std::size_t size) {
    if (size > left_) {
      grow(size);
    }
    char* out = next_;
    next_ += size;
    left_ -= size;
    return out;
  }

  // So many values, as their default makes them (numbers: of no value), valid until reset().
  template <class Value>
  std::span<Value> array(std::size_t count) {
    static_assert(std::is_trivially_destructible_v<Value>);
    std::size_t room = count * sizeof(Value) + alignof(Value) - 1;
    void* at = allocate(room);
    at = std::align(alignof(Value), count * sizeof(Value), at, room);
    auto* const first = static_cast<Value*>(at);
    std::uninitialized_default_construct_n(first, count);
    return {first, count};
  }

  // A copy of `text` that lives until reset().
  std::string_view copy(std::string_view text);

  // The texts one after the other, as one view that lives until reset().
  std::string_view join(std::initializer_list<std::string_view> parts);

  // Gives everything back but the first block. All views into the arena die here.
  void reset();

 private:
  void grow(std::size_t size);

  std::size_t block_size_;
  std::vector<std::unique_ptr<char[]>> blocks_;
  char* next_ = nullptr;
  std::size_t left_ = 0;
};

}  // namespace weir
