// SPDX-License-Identifier: Apache-2.0
//
// Counts what a program's tests take from the heap, through replaced operator new, thread by
// thread. One replacement for a whole program: list counted_new.cc among its sources and include
// this instead of replacing operator new again.
#pragma once

#include <cstddef>

namespace weir::test {

// Calls so far on this thread: operator new in all its forms, and what else was counted.
std::size_t allocations();

// Counts an allocation that goes another way.
void count_allocation();

}  // namespace weir::test
