// SPDX-License-Identifier: Apache-2.0
//
// Counts what this program's tests take from the heap, through a replaced operator new.
#pragma once

#include <cstddef>

namespace weir::filters::test {

// Calls of operator new so far on this thread.
std::size_t allocations();

}  // namespace weir::filters::test
