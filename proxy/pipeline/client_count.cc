// SPDX-License-Identifier: Apache-2.0
//
// See client_count.h.
#include "proxy/pipeline/client_count.h"

#include <mutex>

#include <absl/container/flat_hash_map.h>

namespace weir {

struct ClientCount::PerClient {
  std::mutex mutex;
  absl::flat_hash_map<IpAddress, std::uint32_t> counts;  // guarded by mutex
};

ClientCount::ClientCount() : per_client_(std::make_unique<PerClient>()) {}
ClientCount::~ClientCount() = default;

Entered ClientCount::enter(const IpAddress& client, const Settings::Clients& limits) {
  const std::uint32_t before = total_.fetch_add(1, std::memory_order_relaxed);
  if (limits.max_connections != 0 && before >= limits.max_connections) {
    total_.fetch_sub(1, std::memory_order_relaxed);
    return Entered::Refused;
  }
  if (limits.max_connections_per_client == 0) {
    return Entered::InAll;
  }
  const std::lock_guard lock(per_client_->mutex);
  std::uint32_t& count = per_client_->counts[client];
  if (count >= limits.max_connections_per_client) {
    total_.fetch_sub(1, std::memory_order_relaxed);
    return Entered::Refused;
  }
  ++count;
  return Entered::ByAddress;
}

void ClientCount::leave(const IpAddress& client, Entered how) {
  total_.fetch_sub(1, std::memory_order_relaxed);
  if (how != Entered::ByAddress) {
    return;
  }
  const std::lock_guard lock(per_client_->mutex);
  const auto found = per_client_->counts.find(client);
  if (found != per_client_->counts.end() && --found->second == 0) {
    per_client_->counts.erase(found);
  }
}

}  // namespace weir
