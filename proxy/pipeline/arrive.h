// SPDX-License-Identifier: Apache-2.0
//
// A connection that the kernel turned aside: which host it claims to go to, and whether that can be
// true. The client's original destination is the only address dialled; a name
// is a claim, held against what our resolver says (CVE-2009-0801).
#pragma once

#include "proxy/pipeline/exchange.h"
#include "proxy/pipeline/spoken.h"
#include "proxy/tls/hello.h"

namespace weir {

class Session;

// Makes the exchange a tunnel to where the client was going, under the name it claims. Leaves
// Tunnel, or Drop for what the settings refuse.
void make_tunnel(Exchange& ex, Session& session, Spoken spoken, const tls::Hello& hello);

// What the resolver says of the claim: sets ex.claim, or refuses where that is wished. Waits no
// longer than transparent.verify_wait. Needs Open or Tunnel.
Task<void> verify_claim(Exchange& ex, Session& session);

// An address that the resolver has given for blocked names only stays blocked behind a claim that
// is not verified, and where no name is claimed. Needs rules that have judged the request.
void police_other_names(Exchange& ex, Session& session);

// Ends a tunnel whose client expects no HTTP: an alert where it speaks TLS and a rule refused it,
// nothing otherwise.
Task<void> end_unheard(Exchange& ex, Session& session);

}  // namespace weir
