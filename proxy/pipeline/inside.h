// SPDX-License-Identifier: Apache-2.0
//
// Looking into TLS: a tunnel whose TLS ends here, with a certificate of our own, so that what it
// carries is exchanges like all others. Only clients of a group that trusts_ca are treated so, and
// only where a rule says `intercept`, or blocks their tunnel and so owes them a page.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "filters/verdict.h"
#include "proxy/base/address.h"
#include "proxy/net/task.h"
#include "proxy/pipeline/credentials.h"
#include "proxy/pipeline/exchange.h"

namespace weir {

class Session;
struct Shared;
struct Snapshot;

// Whom a client believes to speak to, within TLS that ends here. Immutable.
struct Inside {
  std::string host;  // the server that was named; the canonical text of an address
  std::optional<IpAddress> address;
  std::uint16_t port = 0;
  std::string authority;    // host and port
  std::string host_field;   // the same, as servers are asked for it: without https's own port
  std::string server_name;  // what the greeting named; empty: nothing
  // Where to connect to: what CONNECT asked for, which need not be the server named.
  std::string dial_name;
  std::optional<IpAddress> dial_address;
  UserName user;
  // Set when the tunnel was blocked: every request is answered with that verdict.
  std::shared_ptr<const Snapshot> blocked_by;
  filters::Verdict verdict;
};

// Loads what the settings name for it, if they do, into what all workers share. What is wrong with
// that, with the remedy; empty: nothing.
std::string prepare_inside(const Settings::Tls& settings, Shared& shared, WallTime now);

// Does a rule want this tunnel looked into, and may it be?
bool looks_inside(const Exchange& ex, const Session& session);
// Is this a tunnel that a rule blocks, of a client that can be shown why?
bool shows_page_inside(const Exchange& ex, const Session& session);

// 3e. enter_tls: stands in for the server towards the client, with a certificate for it. Needs a
//    tunnel whose greeting lies in the session's buffer. Leaves Drop; with `inside` set in the
//    session and `stays` when the client has agreed.
Task<void> enter_tls(Exchange& ex, Session& session);

// For a blocked tunnel that shows_page_inside: the same, so that the first request within gets the
// page. Leaves Drop.
Task<void> enter_blocked(Exchange& ex, Session& session);

}  // namespace weir
