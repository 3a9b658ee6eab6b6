// SPDX-License-Identifier: Apache-2.0
//
// Sends an answer out of the store: from memory in one gathered write with its head, from a file by
// sendfile after its checksums were seen to be right, from a fetch in progress as it arrives.
#pragma once

#include "proxy/pipeline/exchange.h"

namespace weir {

class Session;

// The head and then the pieces of ex.cache, in chunks where their length is not known. None when
// all of it has been written.
Task<Failure> send_stored(Exchange& ex, Session& session, std::string_view head, bool chunked);

}  // namespace weir
