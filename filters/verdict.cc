// SPDX-License-Identifier: Apache-2.0
//
// See verdict.h.
#include "filters/verdict.h"

#include "filters/lists/lines.h"

namespace weir::filters {

std::string_view ListHit::text() const {
  Lines lines(rest);
  for (std::uint32_t n = 0; n <= skip; ++n) {
    lines.next();
  }
  return lines.line();
}

}  // namespace weir::filters
