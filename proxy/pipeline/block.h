// SPDX-License-Identifier: Apache-2.0
//
// The answers that rules give in an origin's place: the page that says what was blocked and why,
// what does no harm where a page only embeds it, or the way to somewhere else.
#pragma once

#include "proxy/pipeline/exchange.h"

namespace weir {

class Session;

// Carries out a verdict that blocks, closes or redirects. Leaves Reply or Drop.
void answer_by_rule(Exchange& ex, Session& session);

}  // namespace weir
