// SPDX-License-Identifier: Apache-2.0
//
// What a connection speaks that the kernel turned aside: nobody has said so, and its first bytes
// must tell.
#pragma once

#include "proxy/pipeline/exchange.h"
#include "proxy/tls/hello.h"

namespace weir {

class Session;

enum class Spoken : std::uint8_t {
  Http,
  Tls,
  BadTls,  // begins like TLS, and its greeting is malformed, too large or cut short
  Other,   // neither, or nothing clear within quiet_wait: the server may speak first
  Gone,    // the client left before anything could be known
};

// Reads until it is clear what the client speaks; the bytes stay in the session's buffer.
Task<Spoken> find_spoken(Session& session, tls::Hello& hello, Arena& arena);

// For a tunnel made because nothing was said: waits until somebody speaks. A client that does so
// first is to be looked at again (ex.spoke_late, Drop, no record). Needs Tunnel.
Task<void> await_speaker(Exchange& ex, Session& session);

// For a tunnel made although what was said may yet become a request: passes it on as it comes,
// until the server answers or it can become none. A client whose bytes do become one is looked at
// again, as above, before its line is whole. Needs Tunnel.
Task<void> guard_opening(Exchange& ex, Session& session);

}  // namespace weir
