// SPDX-License-Identifier: Apache-2.0
//
// From a count of days to a date, and to text. Years start in March while we count, so that the
// leap day is the last of its year and months fall on a straight line. See date_text.h.
#include "proxy/observe/date_text.h"

#include <algorithm>
#include <span>

#include "proxy/observe/line.h"

namespace weir {
namespace {

constexpr std::int64_t kDaySeconds = 86400;
constexpr std::int64_t kLastSecond =
    253402300799;  // 9999-12-31T23:59:59Z: four digits hold no more
constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";

struct Day {
  unsigned year;
  unsigned month;  // 1 to 12
  unsigned day;
};

// Requires days since 1970-01-01, none before it.
Day day_of(std::int64_t days) {
  constexpr std::int64_t kCycle = 146097;        // days in 400 years
  constexpr std::int64_t kEpochOffset = 719468;  // 0000-03-01 to 1970-01-01
  const std::int64_t since_march = days + kEpochOffset;
  const std::int64_t cycle = since_march / kCycle;
  const std::int64_t in_cycle = since_march % kCycle;
  const std::int64_t leaps =
      in_cycle / 1460 - in_cycle / 36524 + in_cycle / (kCycle - 1);  // every 4, not 100, but 400
  const std::int64_t year = (in_cycle - leaps) / 365;
  const std::int64_t in_year = in_cycle - (365 * year + year / 4 - year / 100);
  const std::int64_t from_march = (5 * in_year + 2) / 153;  // 153 days in five months
  const std::int64_t day = in_year - (153 * from_march + 2) / 5 + 1;
  const std::int64_t month = from_march < 10 ? from_march + 3 : from_march - 9;
  return {static_cast<unsigned>(400 * cycle + year + (month <= 2 ? 1 : 0)),
          static_cast<unsigned>(month), static_cast<unsigned>(day)};
}

void put_clock(Line& out, std::uint64_t in_day) {
  out.digits(in_day / 3600, 2);
  out.put(':');
  out.digits(in_day / 60 % 60, 2);
  out.put(':');
  out.digits(in_day % 60, 2);
}

}  // namespace

void DateText::renew(std::int64_t second) {
  second_ = second;
  const std::int64_t shown = std::clamp<std::int64_t>(second, 0, kLastSecond);
  const Day day = day_of(shown / kDaySeconds);
  const auto in_day = static_cast<std::uint64_t>(shown % kDaySeconds);
  Line common{std::span<char>(common_)};
  common.digits(day.day, 2);
  common.put('/');
  common.put(kMonths.substr(3 * (day.month - 1), 3));
  common.put('/');
  common.digits(day.year, 4);
  common.put(':');
  put_clock(common, in_day);
  common.put(" +0000");
  Line iso{std::span<char>(iso_)};
  iso.digits(day.year, 4);
  iso.put('-');
  iso.digits(day.month, 2);
  iso.put('-');
  iso.digits(day.day, 2);
  iso.put('T');
  put_clock(iso, in_day);
  iso.put(".000Z");
}

std::string_view DateText::common(WallTime at) {
  const std::int64_t second = std::max<Micros>(at.us, 0) / kSecond;
  if (second != second_) {
    renew(second);
  }
  return {common_.data(), common_.size()};
}

std::string_view DateText::iso(WallTime at) {
  common(at);
  const auto millis = static_cast<unsigned>(std::max<Micros>(at.us, 0) / kMillisecond % 1000);
  iso_[20] = static_cast<char>('0' + millis / 100);
  iso_[21] = static_cast<char>('0' + millis / 10 % 10);
  iso_[22] = static_cast<char>('0' + millis % 10);
  return {iso_.data(), iso_.size()};
}

}  // namespace weir
