// SPDX-License-Identifier: Apache-2.0
//
// The cache after the origin has answered: is the answer kept, does it say that what is stored is
// still good, what does it take out of the store? Decides and starts; never waits.
#pragma once

#include "proxy/pipeline/exchange.h"

namespace weir {

class Session;

// Needs Relay and an exchange that takes part in the cache. Leaves Relay (passed on as it is),
// Stored (kept: this client reads it like everybody else; or validated: what is stored serves), or
// Open: the origin is to be asked once more, without conditions.
void admit(Exchange& ex, Session& session);

}  // namespace weir
