// SPDX-License-Identifier: Apache-2.0
//
// Bringing a stored response up to date while nobody waits (stale-while-revalidate, RFC 5861 3): an
// ordinary exchange of a session without a client.
#pragma once

#include "proxy/pipeline/exchange.h"

namespace weir {

class Session;

// Starts one for the key of `ex`, unless one is under way. Never waits.
void refresh_in_background(Exchange& ex, Session& session);

}  // namespace weir
