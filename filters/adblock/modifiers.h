// SPDX-License-Identifier: Apache-2.0
//
// What filters change about a request they do not block ($removeparam, $csp, $permissions,
// $removeheader), and the resource they would have a blocked one answered with ($redirect). An
// exception lifts the modifier of the same value, one without a value all of its sort.
#pragma once

#include "filters/adblock/engine.h"
#include "filters/adblock/match.h"
#include "filters/verdict.h"
#include "proxy/base/arena.h"

namespace weir::adblock {

// Checks a modifier's value and keeps it. Why it cannot be used, or null.
const char* read_value(const Rule& rule, Engine& engine, Limits& limits);

// The name of the resource to answer a blocked request with; empty: none.
std::string_view redirect_of(const Engine& engine, const Asked& asked);

// The query without what $removeparam names, as a whole URL.
void remove_params(const Engine& engine, const Asked& asked, Arena& arena, filters::ListEdits& out);

void edit_fields(const Engine& engine, const Asked& asked, filters::ListEdits& out);

}  // namespace weir::adblock
