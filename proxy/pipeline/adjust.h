// SPDX-License-Identifier: Apache-2.0
//
// Carrying out what rules change about an exchange that they let pass: fields, query, the name
// dialled, tags, how much is logged. Each adjustment of the verdict is carried out once, in the
// phase that added it.
#pragma once

#include "proxy/pipeline/exchange.h"

namespace weir {

class Session;

// Of what is blocked, all that still counts: what is said of it in the log, and whether it is in
// there.
void take_words(Exchange& ex);

// Adjustments of the request so far; before its head is written.
void adjust_request(Exchange& ex, Session& session);

// Asks for the response as rules need it that will see it; after the request was adjusted. A client
// that resumes a download then gets it from its beginning.
void foresee_response(Exchange& ex);

// Adjustments of the response; before its head is written.
void adjust_response(Exchange& ex, Session& session);

}  // namespace weir
