// SPDX-License-Identifier: Apache-2.0
//
// Words of RFC 2047, "=?utf-8?Q?a=2Eexe?=": made for mail, and undone by browsers in the names of
// files. The charset is not looked at.
#pragma once

#include <string_view>

#include "proxy/base/arena.h"

namespace weir::http {

// The text with its words undone; what is broken stays as it is. In `arena`, or `text` itself.
// Linear in its length.
std::string_view undo_encoded_words(std::string_view text, Arena& arena);

}  // namespace weir::http
