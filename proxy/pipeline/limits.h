// SPDX-License-Identifier: Apache-2.0
//
// From the bandwidth that rules grant to the buckets that an exchange's streams draw on. One bucket
// counts both directions; each direction takes its turns in it.
#pragma once

#include "filters/policy/adjustments.h"
#include "proxy/net/bandwidth.h"
#include "proxy/pipeline/exchange.h"

namespace weir {

class Session;

struct Limits {
  Throttle up;
  Throttle down;
};

// Adds the limits of `adjustments`, which this exchange has not been given yet.
void limit_bandwidth(Exchange& ex, Session& session, const filters::Adjustments& adjustments);

}  // namespace weir
