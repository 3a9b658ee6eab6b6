// SPDX-License-Identifier: Apache-2.0
//
// When a list is asked for again. Pure: time and chance are parameters.
#pragma once

#include <cstdint>

#include "filters/document.h"
#include "proxy/lists/kept.h"

namespace weir {

// After an attempt; `failures` in a row, 0: it went well. `chance` spreads the requests of many
// Weirs: 0 to 2^32 - 1. Nearly the list's interval; after failures from a second on, doubling, when
// there is no version at all, else from a minute on.
Micros wait_after(const filters::ListDocument& list, bool have_one, unsigned failures,
                  std::uint32_t chance);

// At start, by when the list was last known to be the newest. 0: now.
Micros wait_at_start(const filters::ListDocument& list, const Kept& kept, WallTime now,
                     std::uint32_t chance);

}  // namespace weir
