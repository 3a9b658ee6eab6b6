// SPDX-License-Identifier: Apache-2.0
//
// Lets what OpenSSL takes from the heap be counted with the rest (counted_new.h), through its own
// hook for malloc and realloc.
#pragma once

namespace weir::test {

// False when OpenSSL had allocated before it could be counted.
bool openssl_counted();

}  // namespace weir::test
