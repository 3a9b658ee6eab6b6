// SPDX-License-Identifier: Apache-2.0
//
// See devices.h.
#include "proxy/net/devices.h"

namespace weir {
namespace {

constexpr int kReadsForTheLog = 1;  // a second

}  // namespace

Device identify(const IpAddress& client, std::optional<MacAddress> neighbour,
                const LeaseTable& leases, WallTime now) {
  const Lease* lease = leases.of(client, now);
  const bool anothers = lease != nullptr && neighbour && lease->mac && *lease->mac != *neighbour;
  Device out{neighbour, {}};
  if (lease != nullptr && !anothers) {
    out.mac = neighbour ? neighbour : lease->mac;
    out.name = lease->name;
  }
  if (out.name.empty() && out.mac) {
    const Lease* other = leases.of(*out.mac, now);
    out.name = other != nullptr ? std::string_view(other->name) : std::string_view();
  }
  return out;
}

Device Devices::find(const IpAddress& client, Instant now, WallTime wall, For what) {
  if (client.is_loopback()) {
    return {};
  }
  const int reads = what == For::Judging ? Neighbours::kReadsASecond : kReadsForTheLog;
  const auto mac = neighbours_.find(client, now, reads);
  return leases_ == nullptr ? Device{mac, {}} : identify(client, mac, *leases_, wall);
}

}  // namespace weir
