// SPDX-License-Identifier: Apache-2.0
//
// The origin's word on what is stored: a 304, or an answer to HEAD. What it says is merged into
// what is stored, by the same clauses that a new answer has to pass.
#pragma once

#include "proxy/pipeline/exchange.h"

namespace weir {

class Session;

// The origin's 304 to our conditions: what is stored serves (Stored). Where it fits nothing, the
// origin is to be asked again (Open), without conditions.
void take_validation(Exchange& ex, Session& session);

// An answer to HEAD freshens what is stored, or shows that it is out of date.
void learn_from_head(Exchange& ex, Session& session);

}  // namespace weir
