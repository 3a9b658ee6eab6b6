// SPDX-License-Identifier: Apache-2.0
//
// The hash under which the disk index knows a URL: SipHash-2-4 (Aumasson and Bernstein, 2012) with
// a key drawn when the directory was first used, so that strangers cannot make URLs collide. Pure.
#pragma once

#include <cstdint>
#include <string_view>

namespace weir::store {

struct HashKey {
  std::uint64_t low = 0;
  std::uint64_t high = 0;
  bool operator==(const HashKey&) const = default;
};

// Cost: about a nanosecond for each byte of a short text.
std::uint64_t keyed_hash(const HashKey& key, std::string_view text);

// Drawn from the kernel.
HashKey new_hash_key();

}  // namespace weir::store
