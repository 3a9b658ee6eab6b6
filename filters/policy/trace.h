// SPDX-License-Identifier: Apache-2.0
//
// Why a rule held or not, in the words of its author, for `weir explain`. Not on the data path: it
// allocates as it likes.
#pragma once

#include "filters/policy/compiled.h"
#include "filters/policy/evaluate.h"

namespace weir::filters {

// Writes the rule's line of the trace, anew when it has one already.
void explain_rule(const Policy::Compiled& policy, const Subject& subject, Evaluator& evaluator,
                  std::uint32_t rule, RuleTrace::Result result, Trace& trace);

}  // namespace weir::filters
