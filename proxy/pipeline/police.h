// SPDX-License-Identifier: Apache-2.0
//
// What stages elsewhere need of policing: rules about the address that would be dialled, for
// whoever dials (obtain.cc), and the note in the record. The phases themselves are stages.
#pragma once

#include <optional>

#include "proxy/base/address.h"
#include "proxy/base/failure.h"
#include "proxy/pipeline/exchange.h"

namespace weir {

class Session;

// The address that the client itself has named, which a parent would dial.
std::optional<IpAddress> named_address(const Exchange& ex, const Session& session);

// Whether the rules let this request go to `address`: None or Blocked. The verdict stays as it was,
// unless it is a refusal. No address: only a parent will know it, and nothing is waited for.
Failure police_address(Exchange& ex, const std::optional<IpAddress>& address);

// What to refuse with in place of `why`: a name without an address lets nothing pass that rules
// would only let pass by its address.
Failure police_failure(Exchange& ex, Failure why);

// The address is settled, that dialled or the one a parent is given: its adjustments are taken.
void settle_address(Exchange& ex, Session& session, const IpAddress& settled);

// Puts the verdict into the record.
void note_verdict(Exchange& ex);

// Counts what came of it in the end. Once for each exchange; a page about a tunnel that was blocked
// is not judged again.
void count_verdict(const Exchange& ex, Session& session);

}  // namespace weir
