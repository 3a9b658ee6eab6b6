// SPDX-License-Identifier: Apache-2.0
//
// See time_text.h.
#include "proxy/cli/time_text.h"

#include <array>
#include <chrono>
#include <ctime>

#include "proxy/base/ascii.h"
#include "proxy/observe/date_text.h"

namespace weir::cli {
namespace {

// Exactly `digits` digits from the front of `text`, at most `most`.
bool take_number(std::string_view& text, std::size_t digits, int most, int& out) {
  const auto value = parse_decimal(text.substr(0, digits), static_cast<std::uint64_t>(most));
  if (text.size() < digits || !value) {
    return false;
  }
  out = static_cast<int>(*value);
  text.remove_prefix(digits);
  return true;
}

bool take(std::string_view& text, char c) {
  if (text.empty() || to_lower(text.front()) != c) {
    return false;
  }
  text.remove_prefix(1);
  return true;
}

bool take_date(std::string_view& text, std::tm& out) {
  int year = 0;
  int month = 0;
  if (!take_number(text, 4, 9999, year) || !take(text, '-') || !take_number(text, 2, 12, month) ||
      !take(text, '-') || !take_number(text, 2, 31, out.tm_mday)) {
    return false;
  }
  out.tm_year = year - 1900;
  out.tm_mon = month - 1;
  using namespace std::chrono;
  return year_month_day(std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                        day(static_cast<unsigned>(out.tm_mday)))
      .ok();
}

bool take_clock(std::string_view& text, std::tm& out) {
  if (!take_number(text, 2, 23, out.tm_hour) || !take(text, ':') ||
      !take_number(text, 2, 59, out.tm_min)) {
    return false;
  }
  if (take(text, ':') && !take_number(text, 2, 60, out.tm_sec)) {
    return false;
  }
  if (take(text, '.')) {  // parts of a second decide nothing here
    const std::size_t end = std::min(text.find_first_not_of("0123456789"), text.size());
    text.remove_prefix(end);
    return end != 0;
  }
  return true;
}

// What an offset adds to UTC, in seconds.
bool take_offset(std::string_view& text, int& out) {
  if (take(text, 'z')) {
    out = 0;
    return true;
  }
  const bool west = take(text, '-');
  int hours = 0;
  int minutes = 0;
  if ((!west && !take(text, '+')) || !take_number(text, 2, 23, hours)) {
    return false;
  }
  take(text, ':');
  if (!take_number(text, 2, 59, minutes)) {
    return false;
  }
  out = (hours * 60 + minutes) * (west ? -60 : 60);
  return true;
}

}  // namespace

std::optional<WallTime> parse_time(std::string_view text) {
  std::tm fields{};
  if (!take_date(text, fields) || (!take(text, 't') && !take(text, ' ')) ||
      !take_clock(text, fields)) {
    return std::nullopt;
  }
  if (text.empty()) {
    fields.tm_isdst = -1;
    return WallTime{Micros{::mktime(&fields)} * kSecond};
  }
  int offset = 0;
  if (!take_offset(text, offset) || !text.empty()) {
    return std::nullopt;
  }
  return WallTime{(Micros{::timegm(&fields)} - offset) * kSecond};
}

std::string local_text(WallTime at) {
  const std::time_t second = at.us / kSecond;
  std::tm fields{};
  ::localtime_r(&second, &fields);
  return clock_text(at, Micros{fields.tm_gmtoff} * kSecond);
}

std::string clock_text(WallTime at, Micros utc_offset) {
  const std::time_t second = (at.us + utc_offset) / kSecond;
  std::tm fields{};
  ::gmtime_r(&second, &fields);
  fields.tm_gmtoff = static_cast<long>(utc_offset / kSecond);
  std::array<char, 40> out{};
  const std::size_t size = std::strftime(out.data(), out.size(), "%Y-%m-%d %H:%M:%S %z", &fields);
  return {out.data(), size};
}

std::string utc_text(WallTime at) {
  DateText dates;
  return std::string(dates.iso(at));
}

}  // namespace weir::cli
