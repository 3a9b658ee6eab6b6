// SPDX-License-Identifier: Apache-2.0
//
// The frame pool of task.h: free lists by size class, one set per thread, returned to the heap when
// the thread ends. Under a sanitizer every frame goes to the heap, so that misuse is seen.
#include "proxy/net/task.h"

#include <array>
#include <cstdlib>
#include <new>

namespace weir {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kPooled = false;
#else
constexpr bool kPooled = true;
#endif
constexpr std::size_t kStep = 64;
constexpr std::size_t kClasses = 32;
constexpr std::size_t kKeptPerClass = 256;

struct FreeBlock {
  FreeBlock* next;
};

struct FramePool {
  std::array<FreeBlock*, kClasses> free{};
  std::array<std::size_t, kClasses> count{};
  FramePool() = default;
  FramePool(const FramePool&) = delete;
  FramePool& operator=(const FramePool&) = delete;
  ~FramePool() {
    for (FreeBlock* block : free) {
      while (block != nullptr) {
        ::operator delete(std::exchange(block, block->next));
      }
    }
  }
};
thread_local FramePool pool;

}  // namespace

void* allocate_frame(std::size_t size) {
  const std::size_t rank = (size - 1) / kStep;
  if (!kPooled || rank >= kClasses) {
    return ::operator new(size);
  }
  if (FreeBlock* block = pool.free[rank]; block != nullptr) {
    pool.free[rank] = block->next;
    --pool.count[rank];
    return block;
  }
  return ::operator new((rank + 1) * kStep);
}

void release_frame(void* frame, std::size_t size) noexcept {
  const std::size_t rank = (size - 1) / kStep;
  if (!kPooled || rank >= kClasses || pool.count[rank] >= kKeptPerClass) {
    ::operator delete(frame);
    return;
  }
  auto* block = static_cast<FreeBlock*>(frame);
  block->next = pool.free[rank];
  pool.free[rank] = block;
  ++pool.count[rank];
}

}  // namespace weir
