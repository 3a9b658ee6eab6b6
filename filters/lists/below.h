// SPDX-License-Identifier: Apache-2.0
//
// Host names of a list that say nothing, since the same list covers a parent of theirs. For the
// command line: it reads the whole text again.
#pragma once

#include <cstdint>
#include <span>

#include "filters/lists/list.h"

namespace weir::filters {

// How many names of list `which` lie below another: of domains and hosts lists, and of those rules
// of an Adblock list that block whole hosts ("||a.b.example^$script" below "||b.example^"). What
// a $badfilter of any list names is left out.
std::uint32_t count_below(std::span<const List> lists, std::size_t which);

}  // namespace weir::filters
