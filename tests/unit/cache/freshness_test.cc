// SPDX-License-Identifier: Apache-2.0
//
// Age and lifetime: what is stated, what is guessed, and clocks that go wrong.
#include "proxy/cache/freshness.h"

#include "tests/unit/cache/cases.h"

namespace weir::test {
namespace {

using cache::LifetimeFrom;

constexpr std::uint32_t kEver = 2'147'483'648U;

TEST(Lifetime, IsTheFirstThatTheResponseStates) {
  const struct {
    std::string_view fields;
    LifetimeFrom from;
    std::uint32_t want;
  } rows[] = {
      {"", LifetimeFrom::Nothing, 0},
      {"Cache-Control: max-age=3600", LifetimeFrom::MaxAge, 3600},
      {"Cache-Control: max-age=0", LifetimeFrom::MaxAge, 0},
      {"Cache-Control: max-age=99999999999", LifetimeFrom::MaxAge, kEver},
      {"Cache-Control: max-age=1, s-maxage=2", LifetimeFrom::SMaxAge, 2},
      {"Cache-Control: max-age=100, s-maxage=0", LifetimeFrom::SMaxAge, 0},
      {"Cache-Control: max-age=3600|Expires: @-7200@|Date: @0@", LifetimeFrom::MaxAge, 3600},
      {"Cache-Control: max-age=3600|Expires: 0|Date: @0@", LifetimeFrom::MaxAge, 3600},
      {"Cache-Control: max-age=0|Expires: @3600@|Date: @0@", LifetimeFrom::MaxAge, 0},
      {"Cache-Control: max-age=x|Expires: @3600@|Date: @0@", LifetimeFrom::MaxAge, 0},
      {"Expires: @2592000@|Date: @0@", LifetimeFrom::Expires, 2592000},
      {"Expires: @-2592000@|Date: @0@", LifetimeFrom::Expires, 0},
      {"Expires: @0@|Date: @0@", LifetimeFrom::Expires, 0},
      {"Expires: @300@|Date: @400@", LifetimeFrom::Expires, 0},
      {"Expires: @10@|Date: @-10@", LifetimeFrom::Expires, 20},
      {"Expires: @20@|Date: @10@", LifetimeFrom::Expires, 10},
      {"Expires: 0|Date: @0@", LifetimeFrom::Expires, 0},
      {"Expires: |Date: @0@", LifetimeFrom::Expires, 0},
      {"Expires: @10@|Date: foo", LifetimeFrom::Expires, 10},
      {"Expires: @10@", LifetimeFrom::Expires, 10},
      {"Expires: @10@|Expires: @20@", LifetimeFrom::Expires, 10},
      {"Expires: @10@|Expires: foo", LifetimeFrom::Expires, 10},
      {"Expires: foo|Expires: @10@", LifetimeFrom::Expires, 0},
      {"Expires: Fri, 31 Dec 9999 23:59:59 GMT|Date: @0@", LifetimeFrom::Expires, kEver},
      {"Expires: Thu, 01 Jan 0000 00:00:00 GMT|Date: @0@", LifetimeFrom::Expires, 0},
      // A stated lifetime outranks the heuristic even when it is over.
      {"Expires: @-5@|Date: @0@|Last-Modified: @-100000@", LifetimeFrom::Expires, 0},
  };
  for (const auto& row : rows) {
    const cache::Freshness found = freshness(row.fields);
    EXPECT_EQ(found.from, row.from) << row.fields;
    EXPECT_EQ(found.lifetime, row.want) << row.fields;
  }
}

TEST(Lifetime, OfExpiresNeedsAStrictDate) {
  const struct {
    std::string_view expires;
    bool fresh;
  } rows[] = {
      {"Tue, 19 Jan 2038 14:14:08 GMT", true},
      {"Sun, 21 Nov 2286 04:46:39 GMT", true},
      {"Thursday, 18-Aug-50 02:01:18 GMT", true},
      {"Thu Aug  8 02:01:18 2050", true},
      {"THU, 18 Aug 2050 02:01:18 GMT", true},
      {"Thu, 18 AUG 2050 02:01:18 GMT", true},
      {"Thu, 18 Aug 2050 02:01:18 gMT", true},
      {"Thu, 18 Aug 2050 02:01:18 UTC", false},
      {"Thu, 18 Aug 2050 02:01:18 AEST", false},
      {"Thu, 18 Aug 50 02:01:18 GMT", false},
      {"Thu 18 Aug 2050 02:01:18 GMT", false},
      {"Thu, 18  Aug  2050 02:01:18 GMT", false},
      {"Thu, 18-Aug-2050 02:01:18 GMT", false},
      {"Thu, 18 Aug 2050 02.01.18 GMT", false},
      {"Thu, 18 Aug 2050 2:01:18 GMT", false},
      {"2050-08-18T02:01:18Z", false},
      {"-1", false},
  };
  for (const auto& row : rows) {
    const auto found = freshness("Date: @0@|Expires: " + std::string(row.expires));
    EXPECT_EQ(cache::ttl(found, kNow) > 0, row.fresh) << row.expires;
  }
}

TEST(Lifetime, IsGuessedFromLastModifiedWhereThatIsAllowed) {
  const struct {
    int status;
    std::string_view extra;
    bool guessed;
  } rows[] = {
      {200, "", true},
      {201, "", false},
      {202, "", false},
      {203, "", true},
      {204, "", true},
      {206, "", true},
      {300, "", true},
      {301, "", true},
      {302, "", false},
      {303, "", false},
      {307, "", false},
      {308, "", true},
      {400, "", false},
      {403, "", false},
      {404, "", true},
      {405, "", true},
      {410, "", true},
      {414, "", true},
      {500, "", false},
      {501, "", true},
      {502, "", false},
      {503, "", false},
      {504, "", false},
      {599, "", false},
      {599, "|Cache-Control: public", true},
      {302, "|Cache-Control: public", true},
  };
  for (const auto& row : rows) {
    const auto found =
        freshness("Last-Modified: @-86400@|Date: @0@" + std::string(row.extra), row.status);
    EXPECT_EQ(found.from == LifetimeFrom::Heuristic, row.guessed) << row.status << row.extra;
    EXPECT_EQ(found.lifetime, row.guessed ? 8640U : 0U) << row.status << row.extra;
  }
}

TEST(Lifetime, ThatIsGuessedHasAShareAndALimit) {
  cache::Rules rules;
  const auto guess = [&rules](std::string_view fields) {
    return freshness(fields, 200, rules).lifetime;
  };
  EXPECT_EQ(guess("Last-Modified: @-5@|Date: @0@"), 0U);
  EXPECT_EQ(guess("Last-Modified: @-10@|Date: @0@"), 1U);
  EXPECT_EQ(guess("Last-Modified: @-3600@|Date: @0@"), 360U);
  EXPECT_EQ(guess("Last-Modified: @100@|Date: @0@"), 0U);
  EXPECT_EQ(guess("Last-Modified: yesterday|Date: @0@"), 0U);
  EXPECT_EQ(guess("Last-Modified: @-1000000000@|Date: @0@"), 7U * 86'400U);
  rules.heuristic_limit = 60;
  EXPECT_EQ(guess("Last-Modified: @-3600@|Date: @0@"), 60U);
  rules = {.heuristic_percent = 50};
  EXPECT_EQ(guess("Last-Modified: @-100@|Date: @0@"), 50U);
  rules.heuristic_percent = 0;
  EXPECT_EQ(guess("Last-Modified: @-100@|Date: @0@"), 0U);
}

TEST(Lifetime, IsBentByTheOperator) {
  EXPECT_EQ(freshness("Cache-Control: max-age=500", 200, {.lifetime_limit = 60}).lifetime, 60U);
  EXPECT_EQ(freshness("", 404, {.negative_lifetime = 30}).lifetime, 30U);
  EXPECT_EQ(freshness("", 404, {.negative_lifetime = 30}).from, LifetimeFrom::Negative);
  EXPECT_EQ(freshness("", 200, {.negative_lifetime = 30}).lifetime, 0U);
  EXPECT_EQ(freshness("", 403, {.negative_lifetime = 30}).lifetime, 0U);
  EXPECT_EQ(freshness("Cache-Control: max-age=0", 404, {.negative_lifetime = 30}).lifetime, 0U);
  const auto forced = freshness("Cache-Control: no-cache, max-age=1|Age: 100", 200,
                                {.lifetime_limit = 60}, {.cache_for = 900});
  EXPECT_EQ(forced.from, LifetimeFrom::Forced);
  EXPECT_EQ(cache::ttl(forced, kNow), 900);
  EXPECT_EQ(cache::current_age(forced, kNow), 100U);
  EXPECT_FALSE(forced.no_cache);
}

TEST(Age, IsTheFirstPlainNumberOrNothing) {
  const struct {
    std::string_view fields;
    cache::Delta want;
  } rows[] = {
      {"", -1},
      {"Age: 0", 0},
      {"Age: 7200", 7200},
      {"Age: 007", 7},
      {"Age: abc", -1},
      {"Age: -7200", -1},
      {"Age: 7200.0", -1},
      {"Age: \"7200\"", -1},
      {"Age: ", -1},
      {"Age: 2147483647", 2147483647},
      {"Age: 2147483648", 2147483648},
      {"Age: 2147483649", 2147483648},
      {"Age: 99999999999999999999999", 2147483648},
      {"Age: 7200, 0", 7200},
      {"Age: 0, 7200", 0},
      {"Age: 7200|Age: 0", 7200},
      {"Age: 0|Age: 7200", 0},
      {"Age: abc, 7200", -1},
      {"Age: 7200;foo=bar", -1},
      {"Age: 7200;foo=111", -1},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(cache::parse_age(answer(row.fields).head.fields), row.want) << row.fields;
  }
}

TEST(Age, OnArrivalIsTheOlderOfWhatDateAndAgeSay) {
  const struct {
    std::string_view fields;
    std::uint32_t want;
  } rows[] = {
      {"", 0},
      {"Date: @0@", 0},
      {"Date: @-7200@", 7200},
      {"Date: @7200@", 0},
      {"Date: foo", 0},
      {"Age: 30", 30},
      {"Date: @-10@|Age: 25", 25},
      {"Date: @-25@|Age: 10", 25},
      {"Date: @10@|Age: 15", 15},
      {"Age: 2147483648", kEver},
      {"Date: Thu, 01 Jan 1970 00:00:00 GMT", 1'800'000'000},
      {"Date: Mon, 01 Jan 0001 00:00:00 GMT", kEver},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(cache::current_age(freshness(row.fields), kNow), row.want) << row.fields;
  }
}

TEST(Age, GrowsWithTheTimeTheResponseTook) {
  const auto head = answer("Age: 10");
  const auto found = cache::read_freshness(head.head, {}, {later(-7), kNow}, {}, {});
  EXPECT_EQ(found.initial_age, 17U);
  const auto backwards = cache::read_freshness(head.head, {}, {later(7), kNow}, {}, {});
  EXPECT_EQ(backwards.initial_age, 10U);
}

TEST(Age, GrowsByWholeSecondsAndNeverShrinks) {
  const auto found = freshness("Cache-Control: max-age=100|Age: 5");
  EXPECT_EQ(cache::current_age(found, WallTime{kNow.us + 999'999}), 5U);
  EXPECT_EQ(cache::current_age(found, later(1)), 6U);
  EXPECT_EQ(cache::ttl(found, later(94)), 1);
  EXPECT_EQ(cache::ttl(found, later(95)), 0);
  EXPECT_EQ(cache::ttl(found, later(200)), -105);
  EXPECT_EQ(cache::current_age(found, later(-3600)), 5U);
  EXPECT_EQ(cache::current_age(found, WallTime{INT64_MAX}), kEver);
}

TEST(Freshness, RemembersWhatTheResponseForbids) {
  EXPECT_TRUE(freshness("Cache-Control: must-revalidate").must_revalidate);
  EXPECT_TRUE(freshness("Cache-Control: proxy-revalidate").must_revalidate);
  EXPECT_TRUE(freshness("Cache-Control: s-maxage=2").must_revalidate);
  EXPECT_FALSE(freshness("Cache-Control: max-age=2").must_revalidate);
  EXPECT_TRUE(freshness("Cache-Control: no-cache").no_cache);
  EXPECT_FALSE(freshness("Cache-Control: no-cache=\"a\"").no_cache);
  EXPECT_EQ(freshness("Cache-Control: max-age=1").stale_while_revalidate, 0U);
  EXPECT_EQ(freshness("Cache-Control: max-age=1").stale_if_error, cache::kAbsent);
  EXPECT_EQ(freshness("Cache-Control: stale-while-revalidate=9999999999").stale_while_revalidate,
            kEver);
  EXPECT_EQ(freshness("Date: @-5@").date, kNowSecond - 5);
  EXPECT_EQ(freshness("").date, kNowSecond);
  EXPECT_EQ(freshness("Last-Modified: @-9@").last_modified, kNowSecond - 9);
  EXPECT_EQ(freshness("Last-Modified: x").last_modified, cache::kNoTime);
}

}  // namespace
}  // namespace weir::test
