// SPDX-License-Identifier: Apache-2.0
//
// What a DHCP server has written down of the devices on its network: which hardware address and
// which name belong to an address. Read from the files of dnsmasq (dnsmasq.leases), ISC dhcpd
// (dhcpd.leases), odhcpd (the lines that begin with #) and Kea (kea-leases4.csv, kea-leases6.csv);
// a line shows whose it is.
//
// A name is what a device calls itself: a stranger's word. One that is no plain host name (letters,
// digits, '-', '_' and dots) counts as none. Pure; no clock.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "proxy/base/address.h"
#include "proxy/base/device.h"
#include "proxy/base/instant.h"

namespace weir {

struct Lease {
  IpAddress address;
  std::optional<MacAddress> mac;
  std::string name;        // lower case, without trailing dot; empty: none
  std::int64_t until = 0;  // seconds since 1970; 0: for ever
  bool active = true;      // false: given back; takes what stood before for the address away
};

// The leases of a file in its order: what comes later holds. Lines that say nothing are passed
// over; no more than `most` leases.
std::vector<Lease> parse_leases(std::string_view text, std::size_t most);

// Leases by address and by hardware address. Immutable, shared by workers.
class LeaseTable {
 public:
  static constexpr std::size_t kMost = 65536;

  LeaseTable() = default;
  explicit LeaseTable(std::vector<Lease> leases);

  // The lease of an address; null when there is none or it has ended.
  const Lease* of(const IpAddress& address, WallTime now) const;
  // The lease that names this device, whatever its address: with IPv6, devices choose addresses
  // that no server knows of.
  const Lease* of(const MacAddress& mac, WallTime now) const;
  // The leases of that name, in order of their addresses.
  std::vector<const Lease*> named(std::string_view name, WallTime now) const;
  std::size_t size() const { return leases_.size(); }

 private:
  std::vector<Lease> leases_;                                // by address
  std::vector<std::pair<MacAddress, std::uint32_t>> named_;  // index of the lease, those with names
};

}  // namespace weir
