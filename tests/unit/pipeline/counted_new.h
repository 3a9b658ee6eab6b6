// SPDX-License-Identifier: Apache-2.0
//
// Counts what this program's tests take from the heap, through replaced operator new and OpenSSL's
// own hook, thread by thread. One replacement for the whole program, so include this instead of
// replacing operator new again.
#pragma once

#include <cstddef>

namespace weir::test {

// Calls so far on this thread: operator new in all its forms, and OpenSSL's malloc and realloc.
std::size_t allocations();

// False when OpenSSL had allocated before it could be counted.
bool openssl_counted();

}  // namespace weir::test
