// SPDX-License-Identifier: Apache-2.0
//
// A schedule as compiled: weekly intervals by the clock on the wall of its time zone. When clocks
// change, it goes by what they show: an hour that is skipped never is, one that comes twice counts
// twice. Immutable; costs one conversion to local time.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <absl/time/time.h>
#include <tl/expected.hpp>

#include "filters/document.h"

namespace weir::filters {

class Schedule {
 public:
  // An error is a clause with its remedy.
  static tl::expected<Schedule, std::string> make(const ScheduleDocument& document);

  bool holds(WallTime now) const;
  // A time after `now` before which holds() does not change; no more than a day away.
  WallTime next_look(WallTime now) const;
  // What the clock on its wall is ahead of UTC.
  Micros utc_offset(WallTime now) const;

 private:
  bool on(absl::CivilDay day, int minute) const;

  absl::TimeZone zone_;
  std::vector<ScheduleDocument::Interval> intervals_;
  std::vector<ScheduleDocument::Date> except_;  // sorted
};

}  // namespace weir::filters
