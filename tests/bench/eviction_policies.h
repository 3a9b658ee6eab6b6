// SPDX-License-Identifier: Apache-2.0
//
// Published policies of eviction, as simple as can be and with weights in bytes: what Weir's own is
// compared with. Things are numbered, so all state is in vectors.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tests/bench/eviction_trace.h"

namespace weir::bench {

class Policy {
 public:
  virtual ~Policy() = default;
  // Whether the thing was there; now it is, unless the policy thinks better of it.
  virtual bool ask(std::uint32_t thing) = 0;
};

struct NamedPolicy {
  std::string name;
  bool bound = false;   // knows the future
  bool greedy = false;  // trades bytes for requests without measure
  std::unique_ptr<Policy> policy;
};

// LRU, SIEVE, 2Q, ARC, W-TinyLFU, GDSF; then two that know the future: Belady's, which lets go what
// is asked for last, and one that also lets go the large first (neither is optimal when sizes
// differ; what is optimal is not computable).
std::vector<NamedPolicy> published(const Trace& trace, std::uint64_t room);

}  // namespace weir::bench
