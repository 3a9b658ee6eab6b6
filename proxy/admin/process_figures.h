// SPDX-License-Identifier: Apache-2.0
//
// What the kernel says of this process: memory, descriptors, processor time. Reads /proc.
#pragma once

#include "proxy/observe/metrics.h"

namespace weir::admin {

// Brings the rows "process_..." of the metrics up to date. The thread that owns `into`. What the
// kernel does not tell stays as it was.
void count_process(Metrics& into);

}  // namespace weir::admin
