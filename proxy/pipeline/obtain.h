// SPDX-License-Identifier: Apache-2.0
//
// A connection towards the host of an exchange: pooled or new, direct or through a parent. The
// destination's address is judged for this client after resolution, and the address judged is the
// one dialled; a pooled connection is judged again by the address it was dialled to.
#pragma once

#include "proxy/pipeline/exchange.h"

namespace weir {

class Session;

// Sets ex.origin (and ex.parent). `fresh`: no pooled connection, because one has just failed.
Task<Failure> obtain(Exchange& ex, Session& session, bool fresh);

// For CONNECT: a connection of its own, to the host or to the first parent from ex.next_parent on
// that answers.
Task<Failure> obtain_for_tunnel(Exchange& ex, Session& session);

// Asks the parent behind ex.origin for a tunnel (connect_tunnel.cc); its answer stays in
// ex.origin_in, with what already came through the tunnel.
Task<Failure> ask_parent(Exchange& ex, Session& session);

}  // namespace weir
