// SPDX-License-Identifier: Apache-2.0
//
// Lengths of time and amounts of bytes as people write them: "500ms", "1.5s", "5m", "64KiB". One
// spelling each, no guessing: a unit that is not in the list is an error, never zero. Knows no
// setting.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "proxy/base/instant.h"

namespace weir {

// Digits, perhaps a fraction, and one of us, ms, s, m, h, d. Nothing for other text or for more
// than a few thousand years.
std::optional<Micros> parse_duration(std::string_view text);

// Seconds as a number; the same bounds. Nothing for negative numbers.
std::optional<Micros> duration_from_seconds(double seconds);

// Digits and one of B, KiB, MiB, GiB, TiB.
std::optional<std::uint64_t> parse_bytes(std::string_view text);

// The shortest spelling that parses to the same value.
std::string duration_text(Micros length);
std::string bytes_text(std::uint64_t amount);

}  // namespace weir
