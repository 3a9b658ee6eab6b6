// SPDX-License-Identifier: Apache-2.0
//
// May this proxy connect there? Pure policy over the address that will really be dialled, after
// resolution, so that no name, spelling or second look-up changes what was judged; whoever dials
// must dial this very address. IPv4 addresses hidden inside IPv6 ones are judged as themselves,
// too. It knows no names, opens no sockets and reads no clock. The inputs belong to the worker.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "proxy/base/address.h"
#include "proxy/base/failure.h"
#include "proxy/config/settings.h"

namespace weir {

// What matters about whoever asks.
struct ClientClass {
  bool loopback = false;  // connected from this very machine

  static ClientClass of(const IpAddress& client) { return ClientClass{client.is_loopback()}; }
};

// Where we ourselves can be reached.
struct OwnAddresses {
  std::vector<Endpoint> listeners;    // as bound: real ports, not 0
  std::vector<IpAddress> interfaces;  // read_interface_addresses()
};

struct DestinationVerdict {
  Failure failure = Failure::None;  // None: dial it
  // One word for the log: why it was refused, or "named" or "public" and the like why not. Static.
  std::string_view reason;

  bool allowed() const { return failure == Failure::None; }
};

// In this order: our own listeners are never dialled; `rules.allow` names exceptions; `rules.deny`
// refuses; then clouds' metadata, unspecified, loopback (but for loopback clients), link-local,
// broadcast, multicast and reserved addresses are refused, and private ones as the settings say.
// The benchmark range 198.18.0.0/15 counts as private, since networks use it so. An address that
// embeds IPv4 must pass for itself and for everything it embeds, unless `allow` names it in its own
// right. Cost: linear in the lists; no allocation.
DestinationVerdict judge_destination(const IpAddress& dialled, std::uint16_t port,
                                     const ClientClass& client, const Settings::Destinations& rules,
                                     const OwnAddresses& own);

// Of a connection that was made: whether it ended at one of our own listeners after all, by an
// address that an interface was given since they were read.
bool ended_at_us(int fd, const Endpoint& dialled, const OwnAddresses& own);

// The addresses of this machine's interfaces, at present. Asks the kernel (some 50 microseconds):
// at start and now and then, not per request. Empty when the kernel does not tell.
std::vector<IpAddress> read_interface_addresses();

}  // namespace weir
