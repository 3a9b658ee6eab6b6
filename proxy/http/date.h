// SPDX-License-Identifier: Apache-2.0
//
// HTTP dates (RFC 9110 5.6.7): the fixed-length IMF form out, the three forms in.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
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

// The 29 characters of the IMF form of a time after 1970, written to `out`.
constexpr std::size_t kDateLength = 29;
void write_date(std::int64_t second, char* out);

// Seconds since 1970 of an IMF-fixdate ("Sun, 06 Nov 1994 08:49:37 GMT"), an RFC 850 date ("Sunday,
// 06-Nov-94 08:49:37 GMT") or an asctime date ("Sun Nov  6 08:49:37 1994"), letters in any case.
// Strict in everything else: exact spaces and digits, days that exist; the name of the day has to
// be one, but need not be the right one. Two-digit years lie less than 50 years after `now`.
// Nothing for other text.
std::optional<std::int64_t> parse_date(std::string_view text, WallTime now);

}  // namespace weir::http
