// SPDX-License-Identifier: Apache-2.0
//
// The TLS handshake of a stream that has been made secure, waited for: with a client in the place
// of its server, or with a server, whose certificate is verified in the course of it.
#pragma once

#include "proxy/base/failure.h"
#include "proxy/net/stream.h"
#include "proxy/net/task.h"
#include "proxy/pipeline/exchange.h"

namespace weir {

class Session;

// None when both ends agree; `timeout` at `until`; else what `name` calls the trouble.
Task<Failure> shake_hands(Stream& stream, Instant until, Failure timeout,
                          Failure (*name)(tls::Trouble));

// With the server of an exchange that is asked inside TLS, on a fresh connection to it: `c` is then
// proven to be whom the client asked for, and nothing was sent to it before.
Task<Failure> secure_origin(Exchange& ex, Session& session, OriginConnection& c);

}  // namespace weir
