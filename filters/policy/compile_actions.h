// SPDX-License-Identifier: Apache-2.0
//
// Checks a rule's actions and prepares what they need at run time. Tells everything that is wrong
// at once, each with a remedy.
#pragma once

#include <vector>

#include "filters/policy/compiled.h"

namespace weir::filters {

// Sets decision, decides and prepared of out.rules[index], whose phases are known already.
void compile_actions(Policy::Compiled& out, std::uint32_t index,
                     std::vector<Policy::Problem>& problems);

bool is_decision(ActionKind kind);
std::string_view action_name(ActionKind kind);

}  // namespace weir::filters
