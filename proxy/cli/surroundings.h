// SPDX-License-Identifier: Apache-2.0
//
// What the settings around the rules do with a request: who may use the proxy, methods and ports
// before the rules are asked; route, destination policy, interception and cache behind them. As far
// as settings tell; nothing is looked up and nothing is dialled.
#pragma once

#include <vector>

#include "proxy/cli/explanation.h"
#include "proxy/net/destination.h"

namespace weir::cli {

std::vector<Fact> facts_before_rules(const Settings& settings, const filters::Subject& subject);
std::vector<Fact> facts_behind_rules(const Explanation& explanation);

// Whether the settings let the subject's client connect there.
DestinationVerdict destination_verdict(const Settings& settings, const filters::Subject& subject,
                                       const IpAddress& address);

}  // namespace weir::cli
