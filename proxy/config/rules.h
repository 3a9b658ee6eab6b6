// SPDX-License-Identifier: Apache-2.0
//
// What no single setting can know: which settings contradict each other, and when a configuration
// would make an open proxy. Runs after every value has been read and found good in itself.
#pragma once

#include "proxy/config/problem.h"
#include "proxy/config/settings.h"
#include "proxy/config/value.h"

namespace weir {

// `root` is what was written; it tells what is there by default and where the rest stands. A
// default that would be above its written limit (limits.request_line above limits.head) is lowered
// to it: changing one setting must not force a person to look up the other.
void check_rules(Settings& settings, const Value& root, Problems& problems);

// True for a range wholly inside the loopback, private, link-local or shared ranges.
bool is_inner_network(const Prefix& prefix);

}  // namespace weir
