// SPDX-License-Identifier: Apache-2.0
//
// See schedule.h. A minute is on when an interval of its own day covers it, or one of the day
// before that runs past midnight; a date that is excepted takes its intervals with it, also the
// part after midnight.
#include "filters/policy/schedule.h"

#include <algorithm>
#include <array>

namespace weir::filters {
namespace {

constexpr int kDay = 1440;

unsigned weekday_bit(absl::CivilDay day) {
  return 1U << static_cast<unsigned>(absl::GetWeekday(day));  // Monday is 0
}

ScheduleDocument::Date date_of(absl::CivilDay day) {
  return {static_cast<std::int32_t>(day.year()), static_cast<std::uint8_t>(day.month()),
          static_cast<std::uint8_t>(day.day())};
}

bool real_date(const ScheduleDocument::Date& date) {
  const absl::CivilDay day(date.year, date.month, date.day);
  return date_of(day) == date;
}

WallTime wall(absl::Time time) {
  return {absl::ToUnixMicros(time)};
}

}  // namespace

tl::expected<Schedule, std::string> Schedule::make(const ScheduleDocument& document) {
  Schedule out;
  out.zone_ = absl::LocalTimeZone();
  if (!document.zone.empty() && !absl::LoadTimeZone(document.zone, &out.zone_)) {
    return tl::unexpected<std::string>("time zone \"" + document.zone +
                                       "\" is not known here; write one like Europe/Berlin, and "
                                       "see that the package tzdata is installed");
  }
  if (document.intervals.empty()) {
    return tl::unexpected<std::string>("it has no interval; name days and times");
  }
  for (const auto& interval : document.intervals) {
    if (interval.from >= kDay || interval.to > kDay || (interval.days & 0x7f) == 0) {
      return tl::unexpected<std::string>(
          "an interval needs a day, a start before 24:00 and an end not after it");
    }
  }
  if (!std::ranges::all_of(document.except, real_date)) {
    return tl::unexpected<std::string>("an excepted date is not in the calendar");
  }
  out.intervals_ = document.intervals;
  out.except_ = document.except;
  std::ranges::sort(out.except_);
  return out;
}

bool Schedule::on(absl::CivilDay day, int minute) const {
  const auto covers = [](const ScheduleDocument::Interval& i, int at) {
    const int end = i.to > i.from ? i.to : i.to + kDay;
    return at >= i.from && at < end;
  };
  for (const int back : {0, 1}) {
    const absl::CivilDay start = day - back;
    const unsigned bit = weekday_bit(start);
    const int at = minute + back * kDay;
    const bool some = std::ranges::any_of(
        intervals_, [&](const auto& i) { return (i.days & bit) != 0 && covers(i, at); });
    if (some && !std::ranges::binary_search(except_, date_of(start))) {
      return true;
    }
  }
  return false;
}

bool Schedule::holds(WallTime now) const {
  const absl::CivilSecond local = zone_.At(absl::FromUnixMicros(now.us)).cs;
  return on(absl::CivilDay(local), local.hour() * 60 + local.minute());
}

WallTime Schedule::next_look(WallTime now) const {
  const absl::Time at = absl::FromUnixMicros(now.us);
  const absl::CivilDay today(zone_.At(at).cs);
  absl::Time best = at + absl::Hours(24);
  const auto consider = [&](const absl::TimeZone::TimeInfo& times) {
    for (const absl::Time time : {times.pre, times.trans, times.post}) {
      best = time > at && time < best ? time : best;
    }
  };
  consider(zone_.At(absl::CivilSecond(today + 1)));
  absl::TimeZone::CivilTransition change;
  if (zone_.NextTransition(at, &change)) {
    consider(zone_.At(change.to));
    consider(zone_.At(change.from));
  }
  const auto boundary = [&](int minute) {
    consider(zone_.At(absl::CivilSecond(absl::CivilMinute(today) + minute)));
  };
  for (const auto& interval : intervals_) {
    boundary(interval.from);
    boundary(interval.to % kDay);
  }
  return wall(best);
}

Micros Schedule::utc_offset(WallTime now) const {
  return zone_.At(absl::FromUnixMicros(now.us)).offset * kSecond;
}

}  // namespace weir::filters
