// SPDX-License-Identifier: Apache-2.0
//
// What an answer's first bytes show it to be, for rules that ask for its media type.
#pragma once

#include "proxy/pipeline/exchange.h"

namespace weir {

class Session;

// False where no look at the body is to be taken before its head is sent on.
bool shows_type(const Exchange& ex);

// Sets the subject's types that come from the bytes; waits for those. Content codings are undone
// for the look. A failure: the stream was closed, or a rule needs the type of an answer that is
// coded so that we cannot see what clients will.
Task<Failure> sniff_answer(Exchange& ex, Session& session);

}  // namespace weir
