// SPDX-License-Identifier: Apache-2.0
//
// What a request that may have changed something takes out of the cache (RFC 9111 4.4).
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "proxy/base/arena.h"
#include "proxy/http/message.h"

namespace weir::cache {

// An unsafe method, or one we do not know, answered with 2xx or 3xx.
bool invalidates(http::Method method, std::uint16_t status);

struct Invalidated {
  std::array<std::string_view, 3> keys;
  std::size_t count = 0;
  std::span<const std::string_view> all() const { return {keys.data(), count}; }
};

// The keys to remove: the target's, and those that Location and Content-Location name on the same
// origin; never another origin's. Empty when the exchange invalidates nothing. Requires nothing of
// the response; lives in `arena` (and `key`).
Invalidated keys_to_invalidate(http::Method method, std::string_view key,
                               const http::ResponseHead& response, Arena& arena);

}  // namespace weir::cache
