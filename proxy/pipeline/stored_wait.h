// SPDX-License-Identifier: Apache-2.0
//
// What an answer out of the store has to wait for: bytes of a fetch in progress, and the disk's
// thread, which reads and checks a stretch of a file before it may be sent.
#pragma once

#include <span>

#include "proxy/net/buffer.h"
#include "proxy/net/task.h"
#include "proxy/pipeline/stored_source.h"

namespace weir {

class Session;
struct Exchange;

// Until the fetch in progress has brought more. A failure: the client has gone, or it takes too
// long.
Task<Failure> wait_for_bytes(Session& session);

// How many bytes a bandwidth limit lets go now; waits until it is some.
Task<std::uint64_t> wait_for_allowance(Exchange& ex, Session& session);

// Has a part of a file ready to be sent. StoredUnreadable: it is not what was stored; the entry is
// gone then, with a line in the operator's log.
Task<Failure> make_ready(Exchange& ex, Session& session, const StoredPart& part);

// Whether the answer's first bytes have to be made ready before its head may go.
bool stored_needs_check(const Exchange& ex);
// Does that. False: they cannot be had; the request is to be looked up again.
Task<bool> check_stored(Exchange& ex, Session& session);

// For relays that change the body: fills `in` with what comes next. None without bytes: complete.
struct StoredPull {
  Exchange& ex;
  Session& session;
  StoredSource source;
};
Task<Failure> pull_stored(StoredPull& pull, Buffer& in);

// Copies the first bytes of the body, as many as there are within a moment, but at least `least`
// unless there are fewer.
Task<Failure> peek_stored(Exchange& ex, Session& session, std::size_t least, std::span<char> to,
                          std::string_view& first);

}  // namespace weir
