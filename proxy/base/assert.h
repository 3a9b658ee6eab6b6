// SPDX-License-Identifier: Apache-2.0
//
// WEIR_ASSERT: a check that stays on in production. It states what must hold whatever strangers
// send; bytes from outside are judged by ordinary code and never reach an assertion.
#pragma once

#include <cstdio>
#include <cstdlib>

#define WEIR_ASSERT(condition)                                                                  \
  do {                                                                                          \
    if (!(condition)) [[unlikely]] {                                                            \
      std::fprintf(stderr, "weir: internal error: expected %s (%s:%d)\n", #condition, __FILE__, \
                   __LINE__);                                                                   \
      std::abort();                                                                             \
    }                                                                                           \
  } while (false)
