// SPDX-License-Identifier: Apache-2.0
//
// One finished exchange or tunnel, flat: what the access log, the metrics and later the API know
// of it. The pipeline fills it, the formatter reads it; neither knows the other. Views point into
// the exchange and are good only while the record is being formatted. Secrets never enter: there is
// no field for credentials, and `url` has its query removed beforehand when the settings say so.
#pragma once

#include <cstdint>
#include <string_view>

#include "proxy/base/address.h"
#include "proxy/base/device.h"
#include "proxy/base/failure.h"
#include "proxy/base/instant.h"

namespace weir {

// What kind of thing ended.
enum class RecordKind : std::uint8_t { Exchange, Tunnel, Upgrade, BadRequest };

// How the answer came about; the Squid result code is derived from it and the failure.
enum class ServedBy : std::uint8_t { Nobody, Origin, Parent, Us, Cache };

struct Record {
  RecordKind kind = RecordKind::Exchange;
  ServedBy served_by = ServedBy::Nobody;
  WallTime started;      // when the first byte of the request was seen
  std::uint64_t id = 0;  // request id; printed as 16 hex digits, as in X-Request-Id on error pages
  Endpoint client;       // the client's address
  MacAddress client_mac{};         // all zero: unknown
  std::string_view client_name;    // of its device, as a DHCP lease tells it
  Endpoint listener;               // which of our listeners
  std::string_view listener_name;  // and what the settings call it
  std::uint8_t listener_slot = 0;  // and where it is counted (listener_slots.h)
  Endpoint destination;            // the address dialled; port 0 when none was
  std::string_view user;           // authenticated user name, empty if none
  std::string_view method;         // as received; empty when the request line was unreadable
  std::string_view url;            // absolute URL, or host:port for CONNECT; empty when unreadable
  std::string_view host;           // normalised host name of the target, no port
  std::string_view claim;      // of a transparent connection: what the resolver says of its host
  std::string_view intercept;  // of TLS that a rule would look into: what came of that
  std::string_view version;    // "HTTP/1.1" as the client spoke it
  std::uint16_t status = 0;    // what the client was told; 0 when nothing was
  std::uint16_t origin_status = 0;  // what the origin said, 0 if it said nothing
  Failure failure = Failure::None;
  std::string_view decision;      // what the rules decided: allow, block, ...; empty: no rules
  std::string_view rule;          // id of the filter rule that decided; empty: the default
  std::string_view list;          // "list:line" that made the rule hold
  std::string_view would_have;    // dry-run verdict
  std::string_view tags;          // words that rules put here, comma-separated
  std::string_view cache;         // cache result word: hit, miss, ...; empty: no cache involved
  std::string_view cache_reason;  // which clause decided
  std::string_view parent;        // name of the parent proxy used
  std::string_view content_type;  // declared media type of the answer
  std::string_view referer;
  std::string_view user_agent;
  std::uint64_t bytes_from_client = 0;  // head and body, or tunnel bytes
  std::uint64_t bytes_to_client = 0;    // head and body, or tunnel bytes
  std::uint64_t bytes_from_origin = 0;
  std::uint64_t bytes_to_origin = 0;
  std::uint64_t body_to_client = 0;  // payload only
  bool origin_reused = false;        // the origin connection came from the pool
  bool retried = false;
  bool client_reused = false;  // not the first exchange on the client connection
  bool unlogged = false;       // a rule wants no line in the access log
  // Microseconds each step took; -1 when the step did not happen.
  Micros queue = -1;  // waiting for a free origin connection
  Micros dns = -1;
  Micros connect = -1;
  Micros tls = -1;
  Micros first_byte = -1;  // request sent to first byte of the answer
  Micros body = -1;        // head and body of an answer to the client
  Micros total = 0;
};

}  // namespace weir
