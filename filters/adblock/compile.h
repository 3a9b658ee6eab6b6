// SPDX-License-Identifier: Apache-2.0
//
// From lists to an engine: reads each line once, takes out what $badfilter names, keeps one of each
// rule, and files every filter under its rarest key.
#pragma once

#include <memory>
#include <span>

#include "filters/adblock/engine.h"
#include "filters/lists/list.h"

namespace weir::adblock {

std::unique_ptr<Engine> compile(std::span<const filters::List* const> lists,
                                std::span<filters::ListReport* const> reports);

}  // namespace weir::adblock
