// SPDX-License-Identifier: Apache-2.0
//
// What no single value of a policy can know: whether the groups, schedules, lists, parents and
// listeners that rules name are defined, whether each name and id is there once, and whether there
// are too many. Runs when every part has been read.
#pragma once

#include "proxy/config/policy_files.h"
#include "proxy/config/settings.h"

namespace weir {

void check_policy(const Settings& settings, PolicyParts& parts);

}  // namespace weir
