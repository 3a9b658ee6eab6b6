// SPDX-License-Identifier: Apache-2.0
//
// Strangers' bytes made harmless for a log line: whatever comes in, no line and no field can be
// forged, and a terminal that shows the log sees no control character. Three spellings, each in the
// tradition of the format that uses it. Knows nothing of records or formats. No allocation, no
// state.
//
// A value that would take more than `most` bytes is cut where a character ends and marked with
// "..."; what is written never exceeds `most`.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "proxy/observe/line.h"

namespace weir {

// Which bytes may not stand for themselves.
using EscapedBytes = std::array<bool, 256>;

// Controls, space, quote, DEL and everything beyond ASCII: the least a bare (unquoted) field
// escapes.
extern const EscapedBytes kBareBytes;
// As above, and the backslash: for bare fields in the \xHH spelling.
extern const EscapedBytes kBareSlashBytes;
// Controls, quote, backslash, DEL and everything beyond ASCII: a field between quotes.
extern const EscapedBytes kQuotedBytes;

// Escaped bytes become %HH.
void put_percent(Line& out, std::string_view text, const EscapedBytes& escaped, std::size_t most);

// Escaped bytes become \xHH.
void put_slash(Line& out, std::string_view text, const EscapedBytes& escaped, std::size_t most);

// The inside of a JSON string (RFC 8259 7): always valid UTF-8; a byte that is not becomes \ufffd.
void put_json(Line& out, std::string_view text, std::size_t most);

}  // namespace weir
