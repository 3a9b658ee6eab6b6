// SPDX-License-Identifier: Apache-2.0
//
// Puts every filter of an engine where requests will find it.
#pragma once

#include "filters/adblock/engine.h"

namespace weir::adblock {

void file_filters(Engine& engine);

}  // namespace weir::adblock
