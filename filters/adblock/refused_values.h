// SPDX-License-Identifier: Apache-2.0
//
// What the value of a modifier must not ask for, because a list is a stranger's: to report pages to
// somebody, or to take away what protects them. uBlock Origin and AdGuard refuse the same.
#pragma once

#include "filters/adblock/rule.h"

namespace weir::adblock {

// Why the rule is not used, a text that lives for ever; null: it may be. An exception always may.
const char* refused_value(const Rule& rule);

}  // namespace weir::adblock
