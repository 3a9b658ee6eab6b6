// SPDX-License-Identifier: Apache-2.0
//
// What lists have in common: names that several give, and names that an exception lifts.
#pragma once

#include <span>
#include <vector>

#include "filters/lists/list_set.h"

namespace weir::filters {

// One per list. Builds all Adblock lists together once more and asks them about every name.
std::vector<ListOverlap> find_overlaps(std::span<const List> lists);

}  // namespace weir::filters
