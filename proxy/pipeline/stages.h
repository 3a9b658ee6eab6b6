// SPDX-License-Identifier: Apache-2.0
//
// The stages of an exchange, in order: the table of contents of the proxy. Each says what it needs
// and what it leaves. Stages that only decide are plain functions; only waiting is awaited. A
// failure is a Reply with a row of the failure table; there is no second error channel.
#pragma once

#include "proxy/net/task.h"
#include "proxy/pipeline/exchange.h"

namespace weir {

class Session;
class Worker;
namespace tls {
struct Hello;
}

// Ends the exchange with our own answer (or none, when the row has no status). May be called at any
// stage before the answer has begun.
void refuse(Exchange& ex, Session& session, Failure why);
// Ends a tunnel, and what it has reached, without a word. Leaves Drop.
void end_tunnel(Exchange& ex, Session& session, Failure why);

// 1. identify: who asks (address, listener), for what (target, host, port), how the body is framed,
//    and every refusal that needs no waiting. Needs a parsed request. Leaves Open, Tunnel or Reply.
void identify(Exchange& ex, Session& session);

// 2. authenticate: the user, where a password file is configured. Leaves the course or a Reply.
Task<void> authenticate(Exchange& ex, Session& session);

// 2b. police_request: what the rules say of the request, and what they change about it. Needs Open
//    or Tunnel and a worker with rules. Leaves the course, a Reply or Drop, and the verdict.
void police_request(Exchange& ex, Session& session);

// 2c. answer_here: OPTIONS and TRACE that end at this hop (RFC 9110 7.6.2), and OPTIONS *, which is
//    about us. Needs Open and `ends_here`. Leaves a Reply.
void answer_here(Exchange& ex, Session& session);

// 3. fetch: an origin connection (pooled or new, direct or through a parent), the request sent, the
//    response head read, interim answers passed on. Needs Open. Leaves Relay, Reply or Drop; the
//    upload may still be running.
Task<void> fetch(Exchange& ex, Session& session);

// 3b. open_tunnel: for CONNECT, the connection behind it; then says 200, unless that was said.
// Needs
//    Tunnel. Leaves Tunnel, Reply, or Drop where it is too late for one.
Task<void> open_tunnel(Exchange& ex, Session& session);
// Says 200 to CONNECT, with nothing behind it yet. Leaves `established`.
Task<Failure> establish(Exchange& ex, Session& session);

// 3c. inspect_hello: judges the server name in a tunnel's TLS greeting, which need not be the name
//    that CONNECT asked for; a refused one gets an alert (RFC 8446 6.2). Needs Tunnel and rules.
//    Leaves Tunnel or Drop; the bytes read stay in the session's buffer.
Task<void> inspect_hello(Exchange& ex, Session& session);
// Reads the greeting only, and leaves it in the session's buffer. A failure when there is none.
Task<Failure> read_greeting(Exchange& ex, Session& session, tls::Hello& hello);

// 3d. police_response: what the rules say of the answer, where needed after a look at its first
//    bytes. Needs Relay and rules. Leaves Relay, Reply or Drop; a refused answer's connection is
//    given up.
Task<void> police_response(Exchange& ex, Session& session);
// Whether it has anything to do.
bool rules_await_response(const Exchange& ex);

// 4. deliver: head and body to the client. Needs Relay or Reply. Sets `stays`. Gives the origin
//    connection back.
Task<void> deliver(Exchange& ex, Session& session);

// 5. record: one line in the access log and the counters. Exactly once, whatever happened.
void record_exchange(Exchange& ex, Session& session);

}  // namespace weir
