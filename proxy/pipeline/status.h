// SPDX-License-Identifier: Apache-2.0
//
// How the server is, at one moment, as plain values: for the admin interface and whoever watches.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "proxy/base/address.h"
#include "proxy/base/instant.h"
#include "proxy/lists/report.h"
#include "proxy/net/lease_files.h"
#include "proxy/net/notify.h"

namespace weir {

// A worker that has not shown itself alive for so long is stalled.
constexpr Micros kStalled = 5 * kSecond;

struct ListenerStatus {
  std::string name;
  Endpoint at;
};

struct WorkerStatus {
  Micros silent = 0;             // since it last showed itself alive; it does so every second
  bool ended = false;            // drained, and gone for good
  std::int64_t connections = 0;  // of clients, open now
  bool stalled() const { return !ended && silent > kStalled; }
};

struct ServerStatus {
  WallTime now;
  WallTime started;
  Micros uptime = 0;
  std::uint32_t pid = 0;
  Lineage lineage;
  std::string config;  // as it was named; empty: built-in defaults
  bool draining = false;
  std::vector<ListenerStatus> listeners;
  std::vector<std::string> counted_listeners;  // the names of their slots in the metrics
  std::size_t bandwidth_buckets = 0;
  std::vector<WorkerStatus> workers;
  std::vector<LeaseFileReport> leases;
  PolicyStatus policy;
  std::uint64_t generation = 1;  // of the configuration in use
  WallTime in_use_since;
  ReloadReport reload;   // the last one; none yet: number 0
  ReloadReport failure;  // the last one that failed; none: number 0
};

}  // namespace weir
