// SPDX-License-Identifier: Apache-2.0
//
// Two stages as one: what the first makes is what the second takes. Between them lies one small
// buffer, so memory stays bounded however much the first makes of little.
#pragma once

#include <memory>

#include "filters/body/stage.h"

namespace weir::filters {

std::unique_ptr<BodyStage> chain(std::unique_ptr<BodyStage> first,
                                 std::unique_ptr<BodyStage> second);

}  // namespace weir::filters
