// SPDX-License-Identifier: Apache-2.0
//
// Two ways of writing bytes as text that browsers undo in a file's name.
#pragma once

#include <string_view>

#include "proxy/base/arena.h"

namespace weir::filters {

// Each "%XX" as the byte that it stands for (RFC 3986 2.1); other text stays, and `text` itself
// comes back when there is none. Else the result lives in `arena`. Pure otherwise, linear.
std::string_view unescaped(std::string_view text, Arena& arena);

// Each word "=?charset?B?text?=" or "=?charset?Q?text?=" as its bytes, in its charset (RFC 2047 2),
// without the blanks between two of them; what is no such word stays. Lives in `arena`; linear.
std::string_view decode_words(std::string_view text, Arena& arena);

}  // namespace weir::filters
