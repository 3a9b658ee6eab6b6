// SPDX-License-Identifier: Apache-2.0
//
// What a stored response may answer: fresh, stale by leave of somebody, or not before the origin
// has been asked.
#include "proxy/cache/reuse.h"

#include "tests/unit/cache/cases.h"

namespace weir::test {
namespace {

using cache::ErrorKind;
using cache::Reason;
using cache::Reuse;

struct Row {
  std::string_view stored;   // fields of the response, just arrived
  std::string_view request;  // fields of the request
  std::int64_t after;        // seconds later
  Reuse reuse;
  Reason reason;
};

void check(const Row& row) {
  const auto verdict =
      cache::may_reuse(asked(row.request), freshness(row.stored), later(row.after));
  EXPECT_EQ(verdict.reuse, row.reuse) << row.stored << " / " << row.request << " / " << row.after;
  EXPECT_EQ(verdict.reason, row.reason) << row.stored << " / " << row.request << " / " << row.after;
}

TEST(Reuse, FollowsAgeAndLifetime) {
  const Row rows[] = {
      {"Cache-Control: max-age=10", "", 0, Reuse::Fresh, Reason::Fresh},
      {"Cache-Control: max-age=10", "", 9, Reuse::Fresh, Reason::Fresh},
      {"Cache-Control: max-age=10", "", 10, Reuse::Validate, Reason::Stale},
      {"Cache-Control: max-age=10|Age: 5", "", 4, Reuse::Fresh, Reason::Fresh},
      {"Cache-Control: max-age=10|Age: 5", "", 5, Reuse::Validate, Reason::Stale},
      {"Cache-Control: max-age=3600|Age: 7200", "", 0, Reuse::Validate, Reason::Stale},
      {"Cache-Control: max-age=3600|Date: @-7200@", "", 0, Reuse::Validate, Reason::Stale},
      {"Cache-Control: max-age=3600|Date: @7200@", "", 3599, Reuse::Fresh, Reason::Fresh},
      {"Expires: @10@|Date: @-10@|Age: 25", "", 0, Reuse::Validate, Reason::Stale},
      {"Expires: @20@|Date: @10@|Age: 15", "", 0, Reuse::Validate, Reason::Stale},
      {"Last-Modified: @-1000@|Date: @0@", "", 99, Reuse::Fresh, Reason::FreshHeuristic},
      {"Last-Modified: @-1000@|Date: @0@", "", 100, Reuse::Validate, Reason::Stale},
      {"ETag: \"a\"", "", 0, Reuse::Validate, Reason::Stale},
      {"Cache-Control: max-age=9999999999", "", 2'000'000'000, Reuse::Fresh, Reason::Fresh},
  };
  for (const Row& row : rows) {
    check(row);
  }
}

TEST(Reuse, FollowsTheResponsesDirectives) {
  const Row rows[] = {
      {"Cache-Control: max-age=10, no-cache", "", 0, Reuse::Validate, Reason::ResponseNoCache},
      {"Cache-Control: max-age=10, No-CaChE", "", 0, Reuse::Validate, Reason::ResponseNoCache},
      {"Cache-Control: max-age=10, no-cache=\"a\"", "", 0, Reuse::Fresh, Reason::Fresh},
      {"Cache-Control: max-age=10, no-cache", "Cache-Control: max-stale", 0, Reuse::Validate,
       Reason::ResponseNoCache},
      {"Cache-Control: max-age=10, must-revalidate", "", 9, Reuse::Fresh, Reason::Fresh},
      {"Cache-Control: max-age=10, must-revalidate", "", 10, Reuse::Validate,
       Reason::StaleMustRevalidate},
      {"Cache-Control: max-age=10, must-revalidate, stale-while-revalidate=60",
       "Cache-Control: max-stale", 10, Reuse::Validate, Reason::StaleMustRevalidate},
      {"Cache-Control: max-age=10, proxy-revalidate", "Cache-Control: max-stale", 10,
       Reuse::Validate, Reason::StaleMustRevalidate},
      {"Cache-Control: s-maxage=10, stale-while-revalidate=60", "Cache-Control: max-stale", 10,
       Reuse::Validate, Reason::StaleMustRevalidate},
      {"Cache-Control: max-age=1, stale-while-revalidate=4", "", 1, Reuse::StaleWhileRevalidate,
       Reason::WhileRevalidate},
      {"Cache-Control: max-age=1, stale-while-revalidate=4", "", 4, Reuse::StaleWhileRevalidate,
       Reason::WhileRevalidate},
      {"Cache-Control: max-age=1, stale-while-revalidate=4", "", 5, Reuse::Validate, Reason::Stale},
      {"Cache-Control: max-age=1, stale-while-revalidate=x", "", 1, Reuse::Validate, Reason::Stale},
      {"Cache-Control: max-age=1, stale-if-error=60", "", 1, Reuse::Validate, Reason::Stale},
      {"Cache-Control: max-age=10, immutable", "", 10, Reuse::Validate, Reason::Stale},
  };
  for (const Row& row : rows) {
    check(row);
  }
}

TEST(Reuse, FollowsTheRequestsDirectives) {
  const std::string_view fresh = "Cache-Control: max-age=100000|Date: @0@";
  const std::string_view stale = "Cache-Control: max-age=2|Date: @0@";
  const Row rows[] = {
      {fresh, "Cache-Control: max-age=0", 3, Reuse::Validate, Reason::RequestMaxAge},
      {fresh, "Cache-Control: max-age=0", 0, Reuse::Validate, Reason::RequestMaxAge},
      {fresh, "Cache-Control: max-age=1", 3, Reuse::Validate, Reason::RequestMaxAge},
      {fresh, "Cache-Control: max-age=3", 3, Reuse::Fresh, Reason::Fresh},
      {fresh, "Cache-Control: max-age=x", 3, Reuse::Validate, Reason::RequestMaxAge},
      {"Cache-Control: max-age=100000|Age: 1800", "Cache-Control: max-age=600", 0, Reuse::Validate,
       Reason::RequestMaxAge},
      {stale, "Cache-Control: max-stale=1000", 3, Reuse::StaleAllowed, Reason::MaxStale},
      {stale, "Cache-Control: max-stale=1000", 1001, Reuse::StaleAllowed, Reason::MaxStale},
      {stale, "Cache-Control: max-stale=1000", 1002, Reuse::Validate, Reason::Stale},
      {stale, "Cache-Control: max-stale", 2'000'000, Reuse::StaleAllowed, Reason::MaxStale},
      {stale, "Cache-Control: max-stale=x", 3, Reuse::Validate, Reason::Stale},
      {stale, "Cache-Control: max-age=1, max-stale=1000", 3, Reuse::StaleAllowed, Reason::MaxStale},
      {"Cache-Control: max-age=1500|Age: 2000", "Cache-Control: max-stale=1000", 0,
       Reuse::StaleAllowed, Reason::MaxStale},
      {"Cache-Control: max-age=1500", "Cache-Control: min-fresh=2000", 0, Reuse::Validate,
       Reason::RequestMinFresh},
      {"Cache-Control: max-age=1500", "Cache-Control: min-fresh=1500", 0, Reuse::Fresh,
       Reason::Fresh},
      {"Cache-Control: max-age=1500|Age: 1000", "Cache-Control: min-fresh=1000", 0, Reuse::Validate,
       Reason::RequestMinFresh},
      {"Cache-Control: max-age=1, stale-while-revalidate=60", "Cache-Control: min-fresh=1", 2,
       Reuse::Validate, Reason::RequestMinFresh},
      {"Cache-Control: max-age=1, stale-while-revalidate=60", "Cache-Control: max-age=1", 2,
       Reuse::Validate, Reason::RequestMaxAge},
      {fresh, "Cache-Control: no-cache", 0, Reuse::Validate, Reason::RequestNoCache},
      {fresh, "Cache-Control: no-store", 0, Reuse::Validate, Reason::RequestBypass},
      {fresh, "Cache-Control: only-if-cached", 0, Reuse::Fresh, Reason::Fresh},
      {stale, "Cache-Control: only-if-cached", 3, Reuse::Validate, Reason::Stale},
      {fresh, "Pragma: no-cache", 0, Reuse::Validate, Reason::RequestPragma},
      {fresh, "Pragma: unrecognised-extension", 0, Reuse::Fresh, Reason::Fresh},
      {fresh, "Pragma: no-cache|Cache-Control: max-age=600", 0, Reuse::Fresh, Reason::Fresh},
      {fresh, "Cookie: a=b", 0, Reuse::Fresh, Reason::Fresh},
      {fresh, "Authorization: Basic x", 0, Reuse::Fresh, Reason::Fresh},
      {fresh, "If-None-Match: \"a\"", 0, Reuse::Fresh, Reason::Fresh},
      {fresh, "If-Match: \"a\"", 0, Reuse::Validate, Reason::ForOrigin},
      {fresh, "If-Unmodified-Since: @0@", 0, Reuse::Validate, Reason::ForOrigin},
  };
  for (const Row& row : rows) {
    check(row);
  }
}

TEST(Reuse, SparesWhatIsImmutableAReloadOnly) {
  const std::string_view stored = "Cache-Control: max-age=100, immutable";
  const Row rows[] = {
      {stored, "Cache-Control: max-age=0", 5, Reuse::Fresh, Reason::Immutable},
      {stored, "Cache-Control: max-age=1", 5, Reuse::Validate, Reason::RequestMaxAge},
      {stored, "Cache-Control: no-cache", 5, Reuse::Validate, Reason::RequestNoCache},
      {stored, "Cache-Control: max-age=0", 100, Reuse::Validate, Reason::RequestMaxAge},
  };
  for (const Row& row : rows) {
    check(row);
  }
}

TEST(Reuse, TellsAgeAndTimeLeft) {
  const auto fresh =
      cache::may_reuse(asked(""), freshness("Cache-Control: max-age=60|Age: 30"), later(3));
  EXPECT_EQ(fresh.age, 33U);
  EXPECT_EQ(fresh.ttl, 27);
  const auto stale = cache::may_reuse(asked("Cache-Control: max-stale"),
                                      freshness("Cache-Control: max-age=60"), later(100));
  EXPECT_EQ(stale.age, 100U);
  EXPECT_EQ(stale.ttl, -40);
}

TEST(Asked, KnowsWhatTheRequestHas) {
  const cache::Asked plain = asked("Accept: */*");
  EXPECT_TRUE(plain.answerable());
  EXPECT_FALSE(plain.conditional() || plain.range || plain.if_range || plain.authorization ||
               plain.for_origin);
  EXPECT_TRUE(asked("", "HEAD").answerable());
  EXPECT_FALSE(asked("", "POST").answerable());
  EXPECT_FALSE(asked("", "M-SEARCH").answerable());
  EXPECT_TRUE(asked("Range: bytes=0-1").range);
  EXPECT_TRUE(asked("If-Range: \"a\"").if_range);
  EXPECT_TRUE(asked("If-None-Match: *").conditional());
  EXPECT_TRUE(asked("If-Modified-Since: x").conditional());
  EXPECT_TRUE(asked("Authorization: x").authorization);
}

struct ErrorRow {
  std::string_view stored;
  std::string_view request;
  std::int64_t after;
  ErrorKind error;
  Reuse reuse;
  Reason reason;
};

TEST(ReuseOnError, IsAllowedUnlessSomebodyForbidsIt) {
  const auto gone = ErrorKind::Unreachable;
  const auto failed = ErrorKind::Status5xx;
  const std::string_view plain = "Cache-Control: max-age=2";
  const std::string_view sie = "Cache-Control: max-age=2, stale-if-error=60";
  const ErrorRow rows[] = {
      {plain, "", 5, gone, Reuse::StaleAllowed, Reason::Disconnected},
      {plain, "", 5, ErrorKind::Timeout, Reuse::StaleAllowed, Reason::Disconnected},
      {plain, "", 5, failed, Reuse::Validate, Reason::NotOnError},
      {plain, "", 86'401, gone, Reuse::StaleAllowed, Reason::Disconnected},
      {plain, "", 86'402, gone, Reuse::Validate, Reason::NotOnError},
      {"ETag: \"a\"", "", 5, gone, Reuse::StaleAllowed, Reason::Disconnected},
      {"Expires: @-5000@|Last-Modified: @-100000@|Date: @0@", "", 3, gone, Reuse::StaleAllowed,
       Reason::Disconnected},
      {sie, "", 5, gone, Reuse::StaleAllowed, Reason::IfError},
      {sie, "", 5, failed, Reuse::StaleAllowed, Reason::IfError},
      {sie, "", 61, failed, Reuse::StaleAllowed, Reason::IfError},
      {sie, "", 62, failed, Reuse::Validate, Reason::NotOnError},
      {sie, "", 62, gone, Reuse::StaleAllowed, Reason::Disconnected},
      {plain, "Cache-Control: stale-if-error=60", 5, failed, Reuse::StaleAllowed, Reason::IfError},
      {plain, "Cache-Control: stale-if-error", 5, failed, Reuse::Validate, Reason::NotOnError},
      {"Cache-Control: max-age=2, must-revalidate", "", 5, gone, Reuse::Validate,
       Reason::StaleMustRevalidate},
      {"Cache-Control: max-age=2, proxy-revalidate", "", 5, gone, Reuse::Validate,
       Reason::StaleMustRevalidate},
      {"Cache-Control: max-age=2, s-maxage=2", "", 5, gone, Reuse::Validate,
       Reason::StaleMustRevalidate},
      {"Cache-Control: max-age=2, no-cache", "", 5, gone, Reuse::Validate, Reason::ResponseNoCache},
      {"Cache-Control: max-age=2, must-revalidate, stale-if-error=60", "", 5, failed,
       Reuse::Validate, Reason::StaleMustRevalidate},
      {plain, "Cache-Control: no-cache", 5, gone, Reuse::Validate, Reason::RequestNoCache},
      {plain, "Cache-Control: no-store", 5, gone, Reuse::Validate, Reason::RequestBypass},
      {plain, "If-Match: \"a\"", 5, gone, Reuse::Validate, Reason::ForOrigin},
      {"Cache-Control: max-age=90", "Cache-Control: max-age=0", 5, gone, Reuse::Fresh,
       Reason::FreshOnError},
      {"Cache-Control: max-age=90, must-revalidate", "Cache-Control: max-age=0", 5, gone,
       Reuse::Fresh, Reason::FreshOnError},
      {"Cache-Control: max-age=90", "Cache-Control: max-age=0", 5, failed, Reuse::Validate,
       Reason::NotOnError},
      {"Cache-Control: max-age=90, stale-if-error=9", "Cache-Control: max-age=0", 5, failed,
       Reuse::Fresh, Reason::IfError},
  };
  for (const ErrorRow& row : rows) {
    const auto verdict = cache::may_serve_on_error(asked(row.request), freshness(row.stored),
                                                   later(row.after), row.error);
    EXPECT_EQ(verdict.reuse, row.reuse) << row.stored << " / " << row.request << " / " << row.after;
    EXPECT_EQ(verdict.reason, row.reason)
        << row.stored << " / " << row.request << " / " << row.after;
  }
}

TEST(ReuseOnError, CanBeSwitchedOff) {
  const auto stored = freshness("Cache-Control: max-age=2", 200, {.serve_stale_on_error = false});
  EXPECT_FALSE(
      cache::may_serve_on_error(asked(""), stored, later(5), ErrorKind::Unreachable).usable());
}

TEST(ErrorStatus, IsOneOfFour) {
  for (const int status : {500, 502, 503, 504}) {
    EXPECT_TRUE(cache::is_error_status(static_cast<std::uint16_t>(status)));
  }
  for (const int status : {200, 404, 499, 501, 505, 599}) {
    EXPECT_FALSE(cache::is_error_status(static_cast<std::uint16_t>(status)));
  }
}

}  // namespace
}  // namespace weir::test
