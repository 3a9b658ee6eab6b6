// SPDX-License-Identifier: Apache-2.0
//
// What a plain GET would get from what is stored under its URL now, by the policy the proxy asks.
// Pure. Rules of the operator's policy, which may forbid the cache, are not asked.
#pragma once

#include <cstddef>
#include <span>

#include "proxy/base/instant.h"
#include "proxy/cache/reason.h"
#include "proxy/cache/reuse.h"
#include "proxy/store/entry.h"

namespace weir::store {

struct Outlook {
  enum class What : std::uint8_t {
    Fetch,        // forwarded: nothing that is stored fits
    Validate,     // the origin is asked whether it is current
    Serve,        // answered from the store
    ServeAndAsk,  // answered from the store, and validated meanwhile
  };
  What what = What::Fetch;
  std::size_t entry = SIZE_MAX;  // which one; unless Fetch
  cache::Reason reason = cache::Reason::Absent;
  std::uint32_t age = 0;
  std::int64_t ttl = 0;
};

Outlook outlook(std::span<const EntryPtr> stored, WallTime now);

// Which clause let it be stored, as far as the entry tells.
cache::Reason stored_because(const Entry& entry);

}  // namespace weir::store
