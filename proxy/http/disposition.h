// SPDX-License-Identifier: Apache-2.0
//
// The name a response would be saved under (RFC 6266). Only a name to compare with rules: nothing
// is ever opened by it.
#pragma once

#include <string_view>

#include "proxy/base/arena.h"

namespace weir::http {

// Content-Disposition's filename* (RFC 8187), else its filename, else the last segment of `path`;
// folders before the name are left out, also spaces and dots at its end, and escapes and encoded
// words undone. In `arena` or the inputs; may be empty.
std::string_view file_name(std::string_view disposition, std::string_view path, Arena& arena);

}  // namespace weir::http
