// SPDX-License-Identifier: Apache-2.0
//
// HTTP dates (RFC 9110 5.6.7). Writing only, so far: the fixed-length IMF form.
#pragma once

#include <array>
#include <string_view>

#include "proxy/base/instant.h"

namespace weir::http {

// "Sun, 06 Nov 1994 08:49:37 GMT", written again only when the second changes.
class DateText {
 public:
  std::string_view at(WallTime now);

 private:
  std::int64_t second_ = -1;
  std::array<char, 30> text_{};
};

}  // namespace weir::http
