// SPDX-License-Identifier: Apache-2.0
//
// See counted_new.h. The replaced operators use malloc and free, so that sanitizers still see every
// block.
#include "tests/unit/pipeline/counted_new.h"

#include <openssl/crypto.h>

#include <cstdlib>
#include <new>

namespace {

thread_local std::size_t count = 0;

void* counted(std::size_t size) {
  ++count;
  void* block = std::malloc(size == 0 ? 1 : size);
  if (block == nullptr) {
    std::abort();
  }
  return block;
}

void* counted_aligned(std::size_t size, std::align_val_t alignment) {
  ++count;
  const auto to = static_cast<std::size_t>(alignment);
  void* block = std::aligned_alloc(to, (size + to - 1) / to * to);
  if (block == nullptr) {
    std::abort();
  }
  return block;
}

void* openssl_malloc(std::size_t size, const char*, int) {
  ++count;
  return std::malloc(size);
}
void* openssl_realloc(void* block, std::size_t size, const char*, int) {
  ++count;
  return std::realloc(block, size);
}
void openssl_free(void* block, const char*, int) {
  std::free(block);
}

const bool hooked = CRYPTO_set_mem_functions(openssl_malloc, openssl_realloc, openssl_free) == 1;

}  // namespace

namespace weir::test {
std::size_t allocations() {
  return count;
}
bool openssl_counted() {
  return hooked;
}
}  // namespace weir::test

void* operator new(std::size_t size) {
  return counted(size);
}
void* operator new[](std::size_t size) {
  return counted(size);
}
void* operator new(std::size_t size, std::align_val_t to) {
  return counted_aligned(size, to);
}
void* operator new[](std::size_t size, std::align_val_t to) {
  return counted_aligned(size, to);
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  return counted(size);
}
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept {
  return counted(size);
}
void operator delete(void* block) noexcept {
  std::free(block);
}
void operator delete[](void* block) noexcept {
  std::free(block);
}
void operator delete(void* block, std::size_t) noexcept {
  std::free(block);
}
void operator delete[](void* block, std::size_t) noexcept {
  std::free(block);
}
void operator delete(void* block, std::align_val_t) noexcept {
  std::free(block);
}
void operator delete[](void* block, std::align_val_t) noexcept {
  std::free(block);
}
void operator delete(void* block, std::size_t, std::align_val_t) noexcept {
  std::free(block);
}
void operator delete[](void* block, std::size_t, std::align_val_t) noexcept {
  std::free(block);
}
void operator delete(void* block, const std::nothrow_t&) noexcept {
  std::free(block);
}
void operator delete[](void* block, const std::nothrow_t&) noexcept {
  std::free(block);
}
