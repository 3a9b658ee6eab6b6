// SPDX-License-Identifier: Apache-2.0
//
// The hardware address behind an Internet address, as far as the kernel's neighbour table knows it
// (rtnetlink): clients on the same network, IPv4 and IPv6 alike. For rules about devices whose
// addresses change. A hardware address is what a device says of itself: a hint, not a proof.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "proxy/base/address.h"
#include "proxy/base/device.h"
#include "proxy/base/instant.h"

namespace weir {

using Neighbour = std::pair<IpAddress, MacAddress>;

// The whole table, sorted by address. Asks the kernel: some 50 microseconds for a small network.
// Empty when it does not tell.
std::vector<Neighbour> read_neighbours();

// The table as one worker remembers it. A client that is not there is looked for at once, or its
// first request would be judged as a stranger's; but the kernel is asked only so often a second.
class Neighbours {
 public:
  static constexpr int kReadsASecond = 50;
  static constexpr Micros kKeep = 30 * kSecond;

  // `reads`: how often in a second the kernel may be asked on behalf of this question.
  std::optional<MacAddress> find(const IpAddress& address, Instant now, int reads = kReadsASecond);

 private:
  bool may_read(Instant now, int most);

  std::vector<Neighbour> table_;
  Instant read_;    // when the table was
  Instant second_;  // the second in which reads are counted
  int reads_ = 0;
};

}  // namespace weir
