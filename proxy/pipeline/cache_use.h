// SPDX-License-Identifier: Apache-2.0
//
// What one exchange has to do with the cache: what it asks, what was found, the fetch it leads or
// follows, and how an answer out of the store is put together. Lives in its exchange; the stages of
// the cache (look_up, wait_for_cache, admit, deliver_stored) fill it in that order.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "proxy/cache/answer_fields.h"
#include "proxy/cache/ranges.h"
#include "proxy/cache/reuse.h"
#include "proxy/cache/validation.h"
#include "proxy/http/message.h"
#include "proxy/store/flight.h"
#include "proxy/store/store.h"

namespace weir {

// One stretch of an answer from the store: a text of ours, or bytes of the representation.
struct StoredPiece {
  std::string_view text;
  std::uint64_t first = 0;
  std::uint64_t size = 0;  // UINT64_MAX: to the end, wherever that is
};

struct CacheUse {
  // look_up
  bool takes_part = false;  // the exchange has a key: what it learns may matter to the cache
  std::string_view key;
  std::uint64_t hash = 0;
  cache::Asked asked;
  cache::Overrides overrides;
  store::GroupPtr group;  // what is stored under the key
  store::EntryPtr entry;  // what serves, or what is validated
  cache::Conditions conditions;
  http::RequestHead sent;      // with the conditions, in place of the client's request
  bool validating = false;     // `sent` is what is asked
  bool loaded = false;         // the disk has been asked
  bool background = false;     // nobody waits: only the store is to be refreshed
  bool alone = false;          // shares no fetch (any more)
  std::uint8_t turns = 0;      // how often it has looked again
  cache::Freshness terms;      // of `entry`, as rules want it for this client
  std::uint64_t erasures = 0;  // of the memory tier, before the origin was asked

  store::FlightPtr flight;
  bool leads = false;
  bool own_fill = false;        // `filling` was started here
  std::string_view known_vary;  // of a flight whose answer was for other request fields
  WallTime requested;           // when the origin was asked

  // How it is told: in the log, in Cache-Status.
  std::string_view result;  // Record.cache
  cache::Reason reason = cache::Reason::None;
  cache::Forward forward = cache::Forward::None;
  std::optional<std::int64_t> ttl;
  bool stored = false;
  bool collapsed = false;

  // The answer: from `entry`'s runs or from `filling`.
  std::shared_ptr<store::Filling> filling;
  std::optional<store::Follower> follower;  // of `filling`, while its body is to be sent
  std::vector<StoredPiece> pieces;          // capacity is kept

  void reset();
};

}  // namespace weir
