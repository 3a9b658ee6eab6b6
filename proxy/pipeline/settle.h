// SPDX-License-Identifier: Apache-2.0
//
// What becomes of an origin's connection after its answer (RFC 9112 9.3): to the pool, to this
// client for good, or closed.
#pragma once

#include "proxy/pipeline/exchange.h"

namespace weir {

class Session;

// What the response's head says: may its connection carry another request once the body has come?
bool origin_may_stay(const Exchange& ex);
// Does the exchange authenticate the connection instead of the request (NTLM, Negotiate)?
bool binds_connection(const Exchange& ex);
// Gives ex.origin back. `clean`: all of the answer has been read and nothing was wrong with it.
void settle_origin(Exchange& ex, Session& session, bool clean);

}  // namespace weir
