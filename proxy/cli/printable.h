// SPDX-License-Identifier: Apache-2.0
//
// Text for a terminal: control characters escaped, columns padded.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace weir::cli {

// Controls, and bytes that are no UTF-8, become \xHH; everything else stays.
std::string printable(std::string_view text);

// With spaces behind it up to `width` characters.
std::string padded(std::string_view text, std::size_t width);
// With spaces before it.
std::string right(std::string_view text, std::size_t width);
// "1,234,567"
std::string grouped(std::uint64_t number);
// "1 URL", "2 URLs": the number, grouped, and the word in its plural where that is due.
std::string counted(std::uint64_t number, std::string_view word);
// In the largest unit of 1024 that gives at least 1: "12.3 MiB".
std::string bytes_text(double bytes);

// Whether standard output wants colour: a terminal, and NO_COLOR is not set.
bool wants_colour();

// Writes to standard output; EX_OK or EX_IOERR.
int print(std::string_view text);

}  // namespace weir::cli
