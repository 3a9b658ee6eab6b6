// SPDX-License-Identifier: Apache-2.0
//
// The cache before the origin is asked: does what is stored answer this request, and if not, how is
// the origin to be asked? Everything here decides and returns; wait_for_cache.cc waits.
#pragma once

#include "proxy/pipeline/exchange.h"

namespace weir {

class Session;

enum class LookUp : std::uint8_t {
  Decided,      // the course is Stored or Reply, or Open with what to ask
  AwaitDisk,    // what is stored has to be brought from the disk
  AwaitFlight,  // somebody is asking the origin already: ex.cache.flight
};

// What the present request goes by in the store; empty: nothing can be stored under it.
std::string_view store_key(Exchange& ex);

// Needs Open. May be called again after a wait.
LookUp look_up(Exchange& ex, Session& session);

// The key of the flight that this exchange would share: what is stored, or was learned from another
// flight, tells which variant it is about.
std::string_view flight_key(Exchange& ex);

// Waits for what look_up() said, and looks up again until it is decided. (Also for an answer whose
// first bytes lie on the disk unchecked.)
Task<void> wait_for_cache(Exchange& ex, Session& session, LookUp found);

// Whether what a flight has brought answers this request; then the course is Stored.
bool take_from_flight(Exchange& ex, Session& session, const store::Flight::News& news);

// Takes over what the verdict says about caching this exchange; what was forbidden stays so. Needs
// rules.
void read_overrides(Exchange& ex, const filters::Verdict& verdict);

// Whether the request is still the one that was looked up: rules about addresses may have changed
// what is asked for.
bool key_still_holds(Exchange& ex);

// The origin failed: may something stale be served instead? Then the course is Stored.
bool serve_stale(Exchange& ex, Session& session, cache::ErrorKind kind);

// The answer is the leader's alone, and so will those be that follow: all who wait are freed, and
// for a while nobody waits for another there.
void leave_alone(Exchange& ex, Session& session);

// The flight that this exchange leads, if it does, is over without an answer for others.
void end_flight(Exchange& ex, Session& session, store::FlightState state,
                Failure why = Failure::None);

}  // namespace weir
