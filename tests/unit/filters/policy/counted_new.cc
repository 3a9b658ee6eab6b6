// SPDX-License-Identifier: Apache-2.0
//
// See counted_new.h. The replaced operators use malloc and free, so that sanitizers still see every
// block.
#include "tests/unit/filters/policy/counted_new.h"

#include <cstdlib>
#include <new>

namespace {
thread_local std::size_t count = 0;
}

namespace weir::filters::test {
std::size_t allocations() {
  return count;
}
}  // namespace weir::filters::test

void* operator new(std::size_t size) {
  ++count;
  void* block = std::malloc(size == 0 ? 1 : size);
  if (block == nullptr) {
    std::abort();
  }
  return block;
}
// std::stable_sort asks this one.
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  ++count;
  return std::malloc(size == 0 ? 1 : size);
}
void operator delete(void* block) noexcept {
  std::free(block);
}
void operator delete(void* block, std::size_t) noexcept {
  std::free(block);
}
