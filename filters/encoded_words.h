// SPDX-License-Identifier: Apache-2.0
//
// Ways of writing bytes as text that browsers and servers undo: escapes, and the words of mail.
#pragma once

#include <cstddef>
#include <string_view>

#include "proxy/base/arena.h"

namespace weir::filters {

// Writes the text to `out`, which has room for it, with `mark` and two hexadecimal digits as the
// byte that they stand for, and `blank` as a space. How much that is. Pure, linear.
std::size_t undo_escapes(std::string_view text, char mark, char blank, char* out);

// Each "%XX" as the byte that it stands for (RFC 3986 2.1); other text stays, and `text` itself
// comes back when there is none. Else the result lives in `arena`. Pure otherwise, linear.
std::string_view unescaped(std::string_view text, Arena& arena);

// Each word "=?charset?B?text?=" or "=?charset?Q?text?=" as its bytes, in its charset (RFC 2047 2),
// without the blanks between two of them; what is no such word stays. Lives in `arena`; linear.
std::string_view decode_words(std::string_view text, Arena& arena);

}  // namespace weir::filters
