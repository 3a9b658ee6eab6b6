// SPDX-License-Identifier: Apache-2.0
//
// Figures that nobody counts as they happen: what the server and its store say of themselves when
// they are asked, as metrics. Pure.
#pragma once

#include <optional>

#include "proxy/observe/metrics.h"
#include "proxy/pipeline/status.h"
#include "proxy/store/disk_tier.h"
#include "proxy/store/memory_tier.h"

namespace weir::admin {

// The thread that owns `into`, as for all here.
void count_server(Metrics& into, const ServerStatus& status);
void count_cache(Metrics& into, const store::MemoryStats& memory,
                 const std::optional<store::DiskStats>& disk);

// What the slots are called by which `status` and its counters go.
SlotNames names_of(const ServerStatus& status);

}  // namespace weir::admin
