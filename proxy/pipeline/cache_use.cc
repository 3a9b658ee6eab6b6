// SPDX-License-Identifier: Apache-2.0
//
// See cache_use.h.
#include "proxy/pipeline/cache_use.h"

namespace weir {

// Member by member, so that the memory of lists is kept; most exchanges have set next to nothing.
void CacheUse::reset() {
  if (!takes_part) {
    return;
  }
  takes_part = validating = loaded = background = alone = leads = own_fill = stored = collapsed =
      false;
  key = result = known_vary = {};
  hash = 0;
  asked = {};
  overrides = {};
  group.reset();
  entry.reset();
  conditions = {};
  sent.clear();
  turns = 0;
  terms = {};
  erasures = 0;
  flight.reset();
  requested = {};
  reason = cache::Reason::None;
  forward = cache::Forward::None;
  ttl.reset();
  follower.reset();
  filling.reset();
  pieces.clear();
}

}  // namespace weir
