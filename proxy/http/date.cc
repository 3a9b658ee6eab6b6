// SPDX-License-Identifier: Apache-2.0
//
// See date.h. Calendar arithmetic is the library's (std::chrono), not ours.
#include "proxy/http/date.h"

#include <chrono>
#include <cstdio>

namespace weir::http {

std::string_view DateText::at(WallTime now) {
  constexpr std::size_t kLength = 29;
  const std::int64_t second = now.us / kSecond;
  if (second != second_) {
    using namespace std::chrono;
    constexpr std::array kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    constexpr std::array kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                    "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const sys_seconds time{seconds{second}};
    const auto day = floor<days>(time);
    const year_month_day date{day};
    const hh_mm_ss clock{time - day};
    std::snprintf(text_.data(), text_.size(), "%s, %02u %s %04d %02d:%02d:%02d GMT",
                  kDays[weekday{day}.c_encoding()], static_cast<unsigned>(date.day()),
                  kMonths[static_cast<unsigned>(date.month()) - 1], static_cast<int>(date.year()),
                  static_cast<int>(clock.hours().count()),
                  static_cast<int>(clock.minutes().count()),
                  static_cast<int>(clock.seconds().count()));
    second_ = second;
  }
  return {text_.data(), kLength};
}

}  // namespace weir::http
