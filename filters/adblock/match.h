// SPDX-License-Identifier: Apache-2.0
//
// The question whether a filter matches a request, and which of an engine's do.
#pragma once

#include <absl/functional/function_ref.h>

#include <cstdint>

#include "filters/adblock/asked.h"

namespace weir::adblock {

// Whether the filter matches. `token_at`: where the token by which it was found begins in the URL,
// and `at` in the pattern; kNoMatch: it was found otherwise.
bool matches(const Engine& engine, const Filter& filter, const Asked& asked,
             std::size_t token_at = kNoMatch, std::uint16_t at = 0);

using FilterCall = absl::FunctionRef<bool(const Filter&)>;

// Calls `use(filter)` for each filter of that purpose that matches and that `wants(filter)`, until
// it returns true. A filter may come twice. True when `use` did, or when the work was spent before
// all were asked: asked.work tells. One function for all who ask, so that its code is in the cache.
bool each_match(const Engine& engine, Purpose purpose, const Asked& asked, FilterCall wants,
                FilterCall use);

}  // namespace weir::adblock
