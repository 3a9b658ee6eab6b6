// SPDX-License-Identifier: Apache-2.0
//
// Which device a client's address is: its hardware address, from the kernel's neighbour table or
// else a lease, and its name, from a lease. Where both tell a hardware address and they differ, the
// address is used by another device than the one that leased it, and has the name of that device:
// to take somebody's address is not enough to be called by its name. Owned by a worker.
#pragma once

#include <memory>

#include "proxy/net/leases.h"
#include "proxy/net/neighbours.h"

namespace weir {

class Devices {
 public:
  // For judging, the kernel is asked about a client it has not told of; for the log only so often.
  enum class For : std::uint8_t { Judging, Log };

  // The name is good until the worker's next turn.
  Device find(const IpAddress& client, Instant now, WallTime wall, For what);
  void adopt(std::shared_ptr<const LeaseTable> leases) { leases_ = std::move(leases); }

 private:
  Neighbours neighbours_;
  std::shared_ptr<const LeaseTable> leases_;  // null: none
};

// The same from tables at hand.
Device identify(const IpAddress& client, std::optional<MacAddress> neighbour,
                const LeaseTable& leases, WallTime now);

}  // namespace weir
