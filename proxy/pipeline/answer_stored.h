// SPDX-License-Identifier: Apache-2.0
//
// An answer put together from the store: the stored response itself, 304 for a client that has it
// already, one part or several of it, or 416 (RFC 9110 13-15, RFC 9111 4). Nothing here waits.
#pragma once

#include "proxy/pipeline/exchange.h"

namespace weir {

class Session;

// Answers with ex.cache.entry (and ex.cache.filling, if its body is still on its way): sets
// ex.response, how it is framed, the pieces of its body, and the course to Stored. False: the parts
// asked for are not there; nothing has changed.
bool answer_from_entry(Exchange& ex, Session& session, const cache::ReuseVerdict& verdict);

// Says in the response's Cache-Status what became of the request (RFC 9211), if that is wanted.
// For answers out of the store and for those that are passed on.
void add_cache_status(Exchange& ex, Session& session);

}  // namespace weir
