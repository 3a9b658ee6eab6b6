// SPDX-License-Identifier: Apache-2.0
//
// See counted_openssl.h.
#include "tests/unit/pipeline/counted_openssl.h"

#include <openssl/crypto.h>

#include <cstdlib>

#include "tests/unit/counted_new.h"

namespace weir::test {
namespace {

void* openssl_malloc(std::size_t size, const char*, int) {
  count_allocation();
  return std::malloc(size);
}
void* openssl_realloc(void* block, std::size_t size, const char*, int) {
  count_allocation();
  return std::realloc(block, size);
}
void openssl_free(void* block, const char*, int) {
  std::free(block);
}

const bool hooked = CRYPTO_set_mem_functions(openssl_malloc, openssl_realloc, openssl_free) == 1;

}  // namespace

bool openssl_counted() {
  return hooked;
}

}  // namespace weir::test
