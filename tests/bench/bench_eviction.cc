// SPDX-License-Identifier: Apache-2.0
//
// How good the memory tier's choice is of what to let go: Weir's own queue, as it is in the
// product, beside published policies and two that know the future, over made-up traces. Prints the
// share of requests (and of bytes) answered from the room for each trace and room.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "proxy/store/eviction.h"
#include "tests/bench/eviction_policies.h"
#include "tests/bench/eviction_trace.h"

namespace {

using namespace weir;
using namespace weir::bench;

class Ours : public Policy {
 public:
  Ours(const Trace& trace, std::uint64_t room)
      : size_(trace.size), nodes_(trace.size.size()), there_(trace.size.size()), room_(room) {}
  bool ask(std::uint32_t thing) override {
    auto& node = nodes_[thing];
    if (there_[thing]) {
      store::Eviction::use(node);
      return true;
    }
    while (eviction_.bytes() + size_[thing] > room_) {
      there_[static_cast<std::size_t>(eviction_.evict() - nodes_.data())] = false;
    }
    node.fingerprint = thing;
    node.weight = size_[thing];
    eviction_.insert(node);
    there_[thing] = true;
    return false;
  }

 private:
  const std::vector<std::uint32_t>& size_;
  std::vector<store::EvictionNode> nodes_;
  std::vector<bool> there_;
  store::Eviction eviction_;
  std::uint64_t room_;
};

struct Ratio {
  double requests = 0;
  double bytes = 0;
};

// The first quarter fills the room and does not count.
Ratio replay(const Trace& trace, Policy& policy) {
  std::uint64_t hits = 0;
  std::uint64_t hit_bytes = 0;
  std::uint64_t bytes = 0;
  const std::size_t from = trace.asked.size() / 4;
  for (std::size_t n = 0; n < trace.asked.size(); ++n) {
    const bool hit = policy.ask(trace.asked[n]);
    const std::uint64_t size = n < from ? 0 : trace.size[trace.asked[n]];
    hits += n >= from && hit ? 1 : 0;
    hit_bytes += hit ? size : 0;
    bytes += size;
  }
  return {static_cast<double>(hits) / static_cast<double>(trace.asked.size() - from),
          static_cast<double>(hit_bytes) / static_cast<double>(bytes)};
}

void compare(const TraceKind& kind) {
  const auto trace = make_trace(kind);
  for (const double share : {0.01, 0.05, 0.2}) {
    const auto room = static_cast<std::uint64_t>(static_cast<double>(trace.bytes) * share);
    auto policies = published(trace, room);
    policies.insert(policies.begin(), {"weir", false, false, std::make_unique<Ours>(trace, room)});
    std::printf("%s, room for %.0f %% (%.0f MB)\n", kind.name.c_str(), share * 100,
                static_cast<double>(room) / 1e6);
    Ratio best;
    Ratio ours;
    for (auto& each : policies) {
      const auto got = replay(trace, *each.policy);
      std::printf("  %-15s %6.2f %% of requests  %6.2f %% of bytes\n", each.name.c_str(),
                  got.requests * 100, got.bytes * 100);
      ours = &each == &policies.front() ? got : ours;
      if (!each.bound && !each.greedy) {
        best.requests = std::max(best.requests, got.requests);
        best.bytes = std::max(best.bytes, got.bytes);
      }
    }
    std::printf("  behind the best that goes by both: %.2f points by requests, %.2f by bytes\n",
                (best.requests - ours.requests) * 100, (best.bytes - ours.bytes) * 100);
  }
}

}  // namespace

int main() {
  compare({.name = "zipf 0.8, once 15 %", .alpha = 0.8});
  compare({.name = "zipf 1.0, once 15 %", .alpha = 1.0});
  compare({.name = "zipf 0.9, scans", .alpha = 0.9, .scan_every = 100'000, .scan = 30'000});
  compare({.name = "zipf 0.8, many asked for once, scans",
           .alpha = 0.8,
           .once = 0.4,
           .scan_every = 200'000,
           .scan = 60'000});
  compare({.name = "zipf 0.9, scans, all of one size",
           .alpha = 0.9,
           .scan_every = 100'000,
           .scan = 30'000,
           .sizes = false});
}
