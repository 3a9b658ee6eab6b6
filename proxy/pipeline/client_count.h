// SPDX-License-Identifier: Apache-2.0
//
// How many connections clients have open, over all workers, and for each address where a limit is
// set. Any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "proxy/base/address.h"
#include "proxy/config/settings.h"

namespace weir {

// How a connection was counted: a limit may be set or lifted while it is open.
enum class Entered : std::uint8_t { Refused, InAll, ByAddress };

// Counts of client connections over all workers, per address where a limit is set.
class ClientCount {
 public:
  ClientCount();
  ~ClientCount();
  // Refused when a limit is reached; otherwise leave() must follow, with what was said. A limit per
  // address counts those who came since there is one.
  Entered enter(const IpAddress& client, const Settings::Clients& limits);
  void leave(const IpAddress& client, Entered how);
  std::uint32_t total() const { return total_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint32_t> total_{0};
  struct PerClient;
  std::unique_ptr<PerClient> per_client_;
};

}  // namespace weir
