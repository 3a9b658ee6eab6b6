// SPDX-License-Identifier: Apache-2.0
//
// The method PURGE, where the configuration allows it: takes what is stored under a URL out of the
// cache. 200 when there was something, 404 when not.
#pragma once

#include "proxy/pipeline/exchange.h"

namespace weir {

class Session;

// Whether the exchange is a PURGE for us to answer.
bool is_purge(const Exchange& ex, const Session& session);
// Answers it. Needs Open. Leaves a Reply.
void purge(Exchange& ex, Session& session);

}  // namespace weir
