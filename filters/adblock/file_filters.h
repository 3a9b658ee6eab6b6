// SPDX-License-Identifier: Apache-2.0
//
// Puts every filter of an engine where requests will find it. Filters that every request would have
// to be asked about are dropped beyond a number, and reported.
#pragma once

#include <span>

#include "filters/adblock/engine.h"
#include "filters/lists/list.h"

namespace weir::adblock {

void file_filters(Engine& engine, std::span<filters::ListReport* const> reports);

}  // namespace weir::adblock
