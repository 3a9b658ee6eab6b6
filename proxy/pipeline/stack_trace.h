// SPDX-License-Identifier: Apache-2.0
//
// Where another thread of this process is at this moment, found out by a signal to it. For a thread
// that no longer does what it should; it goes on afterwards.
#pragma once

#include <pthread.h>

#include <string>
#include <vector>

#include "proxy/base/instant.h"

namespace weir {

// Makes the process ready: before threads are started. Takes the signal SIGRTMIN + 1.
void prepare_stack_traces();

// One line for each frame, innermost first: program or library, function where it is known, and
// address. Empty when the thread does not answer within `patience`, as one does that waits in the
// kernel for a disk. From one thread at a time; the thread must not have been joined.
std::vector<std::string> stack_of(pthread_t thread, Micros patience);

}  // namespace weir
