// SPDX-License-Identifier: Apache-2.0
//
// What of an origin's answer is for all who may get it out of the cache, and what is for its client
// alone. Used where an answer is kept (admit.cc) and where it validates what is stored
// (validate.cc).
#pragma once

#include <vector>

#include "proxy/cache/freshness.h"
#include "proxy/pipeline/exchange.h"

namespace weir {

class Session;

// When the origin was asked, and now.
cache::Exchanged times_of(const Exchange& ex, const Session& session);

// The road that the answer came by, for those who judge it again.
void note_where_from(const Exchange& ex, cache::Freshness& freshness);

// What a plain GET may be given without asking: such an answer may be shared as it arrives.
bool serves_others(const cache::Freshness& freshness, WallTime now);

// It serves nobody else now. Will its like, once it has been validated?
void free_followers(Exchange& ex, Session& session, const cache::Freshness& freshness);

// The cookies that go to the client that asked and nowhere else: those of a 304, and those that
// no-cache="Set-Cookie" or private="Set-Cookie" keeps out of the store.
std::vector<http::Field> cookies_of(Exchange& ex);

// Adds them to the answer.
void add_lines(Exchange& ex, const std::vector<http::Field>& more);

}  // namespace weir
