// SPDX-License-Identifier: Apache-2.0
//
// Schedules by the clock on the wall: midnight, excepted dates, and the two nights a year when the
// clock jumps.
#include <absl/time/time.h>

#include "tests/unit/filters/policy/build.h"

namespace weir::filters::test {
namespace {

using Interval = ScheduleDocument::Interval;

constexpr std::uint8_t kMonday = 1;
constexpr std::uint8_t kFriday = 1 << 4;
constexpr std::uint8_t kSaturday = 1 << 5;
constexpr std::uint8_t kSunday = 1 << 6;

WallTime at(const std::string& text) {  // with an offset from UTC
  absl::Time time;
  std::string error;
  EXPECT_TRUE(absl::ParseTime("%Y-%m-%d %H:%M%Ez", text, &time, &error)) << text << error;
  return {absl::ToUnixMicros(time)};
}

std::string shown(std::optional<WallTime> time, const std::string& zone) {
  absl::TimeZone tz;
  EXPECT_TRUE(absl::LoadTimeZone(zone, &tz));
  return time ? absl::FormatTime("%Y-%m-%d %H:%M%Ez", absl::FromUnixMicros(time->us), tz) : "never";
}

// By the clock that comes with it.
std::string shown(std::optional<ScheduleEnd> end) {
  const auto ahead = absl::FixedTimeZone(end ? static_cast<int>(end->utc_offset / kSecond) : 0);
  return end ? absl::FormatTime("%Y-%m-%d %H:%M%Ez", absl::FromUnixMicros(end->at.us), ahead)
             : "never";
}

std::string ends(const Policy& policy, std::uint32_t rule, WallTime now,
                 const std::string& url = "http://a.test/") {
  Asked asked(url);
  asked.subject.now = now;
  Verdict verdict;
  verdict.rule = rule;
  verdict.decision = Decision::Block;
  return shown(policy.ends(verdict, asked.subject, asked.arena));
}

struct Clock {
  std::shared_ptr<const Policy> policy;
  std::string zone;

  Clock(const std::string& name, std::vector<Interval> intervals,
        std::vector<ScheduleDocument::Date> except = {}, bool negated = false)
      : zone(name) {
    Draft draft;
    draft.schedule({"s", name, std::move(intervals), std::move(except)});
    const Condition on = is(Kind::Schedule, {"s"});
    draft.add(rule("it", {negated ? none({on}) : on}, {act(ActionKind::Block)}));
    policy = draft.policy();
  }
  bool on(const std::string& time) const {
    Asked asked("http://a.test/");
    asked.subject.now = at(time);
    return judge(*policy, Phase::Request, asked).blocks();
  }
  std::string ends(const std::string& time) const { return test::ends(*policy, 0, at(time)); }
};

TEST(Schedule, AnIntervalHoldsFromItsStartToBeforeItsEnd) {
  const Clock clock("UTC", {{kMonday, 9 * 60, 17 * 60}});
  EXPECT_FALSE(clock.on("2026-11-23 08:59+00:00"));
  EXPECT_TRUE(clock.on("2026-11-23 09:00+00:00"));
  EXPECT_TRUE(clock.on("2026-11-23 16:59+00:00"));
  EXPECT_FALSE(clock.on("2026-11-23 17:00+00:00"));
  EXPECT_FALSE(clock.on("2026-11-24 10:00+00:00"));
  EXPECT_EQ(clock.ends("2026-11-23 10:30+00:00"), "2026-11-23 17:00+00:00");
  EXPECT_EQ(clock.ends("2026-11-23 18:30+00:00"), "never");
}

TEST(Schedule, AnIntervalPastMidnightBelongsToTheDayItStartsOn) {
  const Clock clock("UTC", {{kFriday, 22 * 60, 6 * 60}});
  EXPECT_FALSE(clock.on("2026-11-20 05:00+00:00"));  // a Friday
  EXPECT_TRUE(clock.on("2026-11-20 22:00+00:00"));
  EXPECT_TRUE(clock.on("2026-11-21 05:59+00:00"));
  EXPECT_FALSE(clock.on("2026-11-21 06:00+00:00"));
  EXPECT_FALSE(clock.on("2026-11-21 23:00+00:00"));
  EXPECT_EQ(clock.ends("2026-11-20 23:00+00:00"), "2026-11-21 06:00+00:00");
}

TEST(Schedule, AnExceptedDateTakesItsNightWithIt) {
  const Clock clock("UTC", {{0x7f, 22 * 60, 6 * 60}}, {{2026, 11, 20}});
  EXPECT_TRUE(clock.on("2026-11-20 05:00+00:00"));  // the night of the 19th
  EXPECT_FALSE(clock.on("2026-11-20 23:00+00:00"));
  EXPECT_FALSE(clock.on("2026-11-21 05:00+00:00"));
  EXPECT_TRUE(clock.on("2026-11-21 22:00+00:00"));
}

TEST(Schedule, AWholeDayIsWrittenFromMidnightToMidnight) {
  const Clock clock("UTC", {{kSaturday | kSunday, 0, 1440}});
  EXPECT_TRUE(clock.on("2026-11-21 00:00+00:00"));
  EXPECT_TRUE(clock.on("2026-11-22 23:59+00:00"));
  EXPECT_FALSE(clock.on("2026-11-23 00:00+00:00"));
  EXPECT_EQ(clock.ends("2026-11-21 12:00+00:00"), "2026-11-23 00:00+00:00");
  const Clock always("UTC", {{0x7f, 0, 1440}});
  EXPECT_EQ(always.ends("2026-11-21 12:00+00:00"), "never");
}

TEST(Schedule, GoesByTheClockOfItsZone) {
  const Clock clock("Asia/Shanghai", {{kMonday, 0, 60}});
  EXPECT_TRUE(clock.on("2026-11-22 16:30+00:00"));  // Monday 00:30 there
  EXPECT_FALSE(clock.on("2026-11-23 00:30+00:00"));
}

TEST(Schedule, TheHourThatIsSkippedNeverIs) {
  // Berlin, 2026-03-29: 02:00 becomes 03:00.
  const Clock skipped("Europe/Berlin", {{kSunday, 2 * 60 + 15, 2 * 60 + 45}});
  EXPECT_FALSE(skipped.on("2026-03-29 01:59+01:00"));
  EXPECT_FALSE(skipped.on("2026-03-29 03:15+02:00"));
  const Clock across("Europe/Berlin", {{kSunday, 60, 2 * 60 + 30}});
  EXPECT_TRUE(across.on("2026-03-29 01:59+01:00"));
  EXPECT_FALSE(across.on("2026-03-29 03:00+02:00"));
  EXPECT_EQ(across.ends("2026-03-29 01:30+01:00"), "2026-03-29 03:00+02:00");
}

TEST(Schedule, TheHourThatComesTwiceCountsTwice) {
  // Berlin, 2026-10-25: 03:00 becomes 02:00.
  const Clock clock("Europe/Berlin", {{kSunday, 60, 2 * 60 + 30}});
  EXPECT_TRUE(clock.on("2026-10-25 02:15+02:00"));
  EXPECT_FALSE(clock.on("2026-10-25 02:45+02:00"));
  EXPECT_TRUE(clock.on("2026-10-25 02:15+01:00"));
  EXPECT_FALSE(clock.on("2026-10-25 02:45+01:00"));
  EXPECT_EQ(clock.ends("2026-10-25 01:30+02:00"), "2026-10-25 02:30+02:00");
  EXPECT_EQ(clock.ends("2026-10-25 02:15+01:00"), "2026-10-25 02:30+01:00");
}

TEST(Schedule, ANightAcrossTheChangeEndsByTheClock) {
  const Clock clock("Europe/Berlin", {{0x7f, 22 * 60, 6 * 60}});
  EXPECT_EQ(clock.ends("2026-03-28 23:00+01:00"), "2026-03-29 06:00+02:00");
  EXPECT_EQ(clock.ends("2026-10-24 23:00+02:00"), "2026-10-25 06:00+01:00");
}

TEST(Schedule, OutsideOfATimeMeansUntilItBegins) {
  const Clock clock("UTC", {{0x7f, 18 * 60, 20 * 60}}, {}, true);
  EXPECT_TRUE(clock.on("2026-11-21 12:00+00:00"));
  EXPECT_FALSE(clock.on("2026-11-21 18:30+00:00"));
  EXPECT_EQ(clock.ends("2026-11-21 12:00+00:00"), "2026-11-21 18:00+00:00");
}

TEST(Schedule, SeveralSchedulesEndWithTheLast) {
  Draft draft;
  draft.schedule({"one", "UTC", {{0x7f, 60, 120}}, {}})
      .schedule({"two", "UTC", {{0x7f, 100, 180}}, {}})
      .add(rule("it", {is(Kind::Schedule, {"one", "two"}), is(Kind::Host, {"a.test"})},
                {act(ActionKind::Block)}))
      .add(rule("no time", {is(Kind::Host, {"b.test"})}, {act(ActionKind::Block)}));
  const auto policy = draft.policy();
  const WallTime now = at("2026-11-21 01:10+00:00");
  EXPECT_EQ(ends(*policy, 0, now), "2026-11-21 03:00+00:00");
  EXPECT_EQ(ends(*policy, 1, now, "http://b.test/"), "never");
  EXPECT_EQ(ends(*policy, UINT32_MAX, now, "http://b.test/"), "never");
}

TEST(Schedule, EndsByTheClockOfTheScheduleThatLetsGo) {
  Draft draft;
  draft.schedule({"here", "Asia/Shanghai", {{0x7f, 9 * 60, 17 * 60}}, {}})
      .schedule({"there", "America/St_Johns", {{0x7f, 0, 9 * 60}}, {}})
      .add(rule("it", {is(Kind::Schedule, {"here"}), is(Kind::Host, {"a.test"})},
                {act(ActionKind::Block)}))
      .add(rule("both", {is(Kind::Schedule, {"here", "there"})}, {act(ActionKind::Block)}));
  const auto policy = draft.policy();
  const WallTime now = at("2026-11-23 08:30+00:00");
  EXPECT_EQ(ends(*policy, 1, now, "http://b.test/"), "2026-11-23 09:00-03:30");
  // When the first rule has let go, the second has not.
  EXPECT_EQ(ends(*policy, 0, now), "2026-11-23 09:00-03:30");
  draft.document.rules.pop_back();
  EXPECT_EQ(ends(*draft.policy(), 0, now), "2026-11-23 17:00+08:00");
}

// What lets pass at times ends a block by whoever blocks at all others, the default among them.
TEST(Schedule, ABlockEndsWhenARuleBeforeItLetsPass) {
  Draft draft;
  draft.schedule({"free", "UTC", {{0x7f, 18 * 60, 20 * 60}}, {}})
      .add(rule("free", {is(Kind::Schedule, {"free"}), is(Kind::Host, {"a.test"})},
                {act(ActionKind::Allow)}))
      .add(rule("rest", {}, {act(ActionKind::Block)}));
  const WallTime now = at("2026-11-21 12:00+00:00");
  const auto policy = draft.policy();
  EXPECT_EQ(ends(*policy, 1, now), "2026-11-21 18:00+00:00");
  EXPECT_EQ(ends(*policy, 1, now, "http://b.test/"), "never");
  draft.document.rules.pop_back();
  draft.document.allow_by_default = false;
  EXPECT_EQ(ends(*draft.policy(), UINT32_MAX, now), "2026-11-21 18:00+00:00");
  EXPECT_EQ(ends(*draft.policy(), UINT32_MAX, now, "http://b.test/"), "never");
}

// A rule ends with its schedule where nothing beside it makes it hold, and only there.
TEST(Schedule, EndsInsideOfGroups) {
  const Condition on = is(Kind::Schedule, {"s"});
  const Condition games = is(Kind::Host, {"games.test"});
  const Condition get = is(Kind::Method, {"GET"});
  const Condition found = between(Kind::Status, 200, 300);
  const std::string end = "2026-11-23 17:00+00:00";
  const struct {
    const char* what;
    std::vector<Condition> when;
    std::string plain;
    std::string games;
  } cases[] = {
      {"beside a host", {any({on, games})}, end, "never"},
      {"with what always holds", {any({on, games}), get}, end, "never"},
      {"in a group of its own", {any({all({on, get}), games})}, end, "never"},
      {"beside one not", {any({on, none({get})})}, end, end},
      {"under not", {none({none({on}), none({games})})}, end, "never"},
      {"with another group", {on, any({games, get})}, end, end},
      {"beside what is not known yet", {any({on, found})}, "never", "never"},
      {"with what is not known yet", {on, found}, end, end},
  };
  for (const auto& c : cases) {
    Draft draft;
    draft.schedule({"s", "UTC", {{0x7f, 9 * 60, 17 * 60}}, {}})
        .add(rule("it", c.when, {act(ActionKind::Block)}));
    const auto policy = draft.policy();
    const WallTime now = at("2026-11-23 10:30+00:00");
    EXPECT_EQ(ends(*policy, 0, now), c.plain) << c.what;
    EXPECT_EQ(ends(*policy, 0, now, "http://games.test/"), c.games) << c.what;
  }
}

// ends() against asking every minute.
TEST(Schedule, EndsIsTheFirstMinuteThatIsOff) {
  for (const std::string zone : {"Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe"}) {
    const Clock clock(zone, {{0x7f, 22 * 60 + 10, 2 * 60 + 20}, {kSunday, 60, 190}},
                      {{2026, 10, 25}});
    for (const std::string start : {"2026-03-28 12:07+00:00", "2026-10-24 12:07+00:00",
                                    "2026-10-31 12:07+00:00", "2026-04-04 08:07+00:00"}) {
      Asked asked("http://a.test/");
      const auto on = [&](WallTime now) {
        asked.subject.now = now;
        return judge(*clock.policy, Phase::Request, asked).blocks();
      };
      for (Micros minutes = 0; minutes < 30 * 60; minutes += 29) {
        const WallTime now{at(start).us + minutes * 60 * kSecond};
        WallTime end = now;
        while (on(end)) {
          end.us += 60 * kSecond;
          end.us -= end.us % (60 * kSecond);
        }
        const std::string expected = end == now ? "never" : shown(end, zone);
        EXPECT_EQ(ends(*clock.policy, 0, now), expected);
      }
    }
  }
}

}  // namespace
}  // namespace weir::filters::test
