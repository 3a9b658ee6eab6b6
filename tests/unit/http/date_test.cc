// SPDX-License-Identifier: Apache-2.0
//
// HTTP dates: the one form that is written, the three that are read.
#include "proxy/http/date.h"

#include <gtest/gtest.h>

namespace weir::http {
namespace {

TEST(DateText, IsTheFixedLengthForm) {
  const struct {
    std::int64_t second;
    std::string_view want;
  } rows[] = {
      {0, "Thu, 01 Jan 1970 00:00:00 GMT"},
      {784111777, "Sun, 06 Nov 1994 08:49:37 GMT"},
      {951782400, "Tue, 29 Feb 2000 00:00:00 GMT"},
      {951868799, "Tue, 29 Feb 2000 23:59:59 GMT"},
      {1078012800, "Sun, 29 Feb 2004 00:00:00 GMT"},
      {1709251199, "Thu, 29 Feb 2024 23:59:59 GMT"},
      {1709251200, "Fri, 01 Mar 2024 00:00:00 GMT"},
      {1735689599, "Tue, 31 Dec 2024 23:59:59 GMT"},
      {1735689600, "Wed, 01 Jan 2025 00:00:00 GMT"},
      {2147483648, "Tue, 19 Jan 2038 03:14:08 GMT"},
      {4107542400, "Mon, 01 Mar 2100 00:00:00 GMT"},
      {253402300799, "Fri, 31 Dec 9999 23:59:59 GMT"},
  };
  DateText kept;
  for (const auto& row : rows) {
    DateText fresh;
    EXPECT_EQ(fresh.at(WallTime{row.second * kSecond}), row.want);
    EXPECT_EQ(kept.at(WallTime{row.second * kSecond + 999'999}), row.want);
  }
}

TEST(DateText, ChangesOnlyWithTheSecond) {
  DateText date;
  const std::string_view first = date.at(WallTime{784111777 * kSecond});
  EXPECT_EQ(date.at(WallTime{784111777 * kSecond + 500'000}).data(), first.data());
  EXPECT_EQ(date.at(WallTime{784111778 * kSecond}), "Sun, 06 Nov 1994 08:49:38 GMT");
  EXPECT_EQ(date.at(WallTime{784111777 * kSecond}), "Sun, 06 Nov 1994 08:49:37 GMT");  // set back
}

constexpr WallTime kIn2027{1'800'000'000 * kSecond};

TEST(ParseDate, ReadsTheThreeFormsInAnyCase) {
  const struct {
    std::string_view text;
    std::int64_t want;
  } rows[] = {
      {"Sun, 06 Nov 1994 08:49:37 GMT", 784111777},
      {"Sunday, 06-Nov-94 08:49:37 GMT", 784111777},
      {"Sun Nov  6 08:49:37 1994", 784111777},
      {"Wed Nov 16 08:49:37 1994", 784975777},
      {"Wed Nov 06 08:49:37 1994", 784111777},
      {"SUN, 06 NOV 1994 08:49:37 gmt", 784111777},
      {"sunday, 06-nov-94 08:49:37 Gmt", 784111777},
      {"sun nov  6 08:49:37 1994", 784111777},
      {"Mon, 06 Nov 1994 08:49:37 GMT", 784111777},  // a wrong day's name is a name
      {"Tue, 29 Feb 2000 00:00:00 GMT", 951782400},
      {"Thu, 01 Jan 1970 00:00:00 GMT", 0},
      {"Wed, 31 Dec 1969 23:59:59 GMT", -1},
      {"Fri, 31 Dec 9999 23:59:59 GMT", 253402300799},
      {"Sat, 31 Dec 2016 23:59:60 GMT", 1483228800},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(parse_date(row.text, kIn2027), row.want) << row.text;
  }
}

TEST(ParseDate, PutsTwoDigitYearsIntoTheNearestCentury) {
  const struct {
    std::string_view text;
    std::int64_t year;
  } rows[] = {
      {"Sunday, 01-Jan-27 00:00:00 GMT", 1798761600},  // 2027
      {"Sunday, 01-Jan-77 00:00:00 GMT", 3376684800},  // 2077
      {"Sunday, 01-Jan-78 00:00:00 GMT", 252460800},   // 1978
      {"Sunday, 01-Jan-99 00:00:00 GMT", 915148800},   // 1999
      {"Sunday, 01-Jan-00 00:00:00 GMT", 946684800},   // 2000
  };
  for (const auto& row : rows) {
    EXPECT_EQ(parse_date(row.text, kIn2027), row.year) << row.text;
  }
  const WallTime in2090{3'800'000'000 * kSecond};
  EXPECT_EQ(parse_date("Sunday, 01-Jan-10 00:00:00 GMT", in2090), 4417977600);  // 2110
}

TEST(ParseDate, RefusesEverythingElse) {
  for (const std::string_view text : {
           "",
           "0",
           "-1",
           "Sun",
           "Sun, 06 Nov 1994 08:49:37",
           "Sun, 06 Nov 1994 08:49:37 UTC",
           "Sun, 06 Nov 1994 08:49:37 +0000",
           "Sun, 06 Nov 1994 08:49:37 GMT ",
           " Sun, 06 Nov 1994 08:49:37 GMT",
           "Sun, 06 Nov 1994 08:49:37 GMTx",
           "Sun 06 Nov 1994 08:49:37 GMT",
           "Sun,06 Nov 1994 08:49:37 GMT",
           "Sun,  06 Nov 1994 08:49:37 GMT",
           "Sun, 6 Nov 1994 08:49:37 GMT",
           "Sun, 06  Nov 1994 08:49:37 GMT",
           "Sun, 06-Nov-1994 08:49:37 GMT",
           "Sun, 06 Nov 94 08:49:37 GMT",
           "Sun, 06 Nov 01994 08:49:37 GMT",
           "Sun, 06 Nov 1994 8:49:37 GMT",
           "Sun, 06 Nov 1994 08.49.37 GMT",
           "Sun, 06 Nov 1994 08:49 GMT",
           "Sun, 06 Nov 1994 24:00:00 GMT",
           "Sun, 06 Nov 1994 08:60:00 GMT",
           "Sun, 06 Nov 1994 08:49:61 GMT",
           "Sun, 00 Nov 1994 08:49:37 GMT",
           "Sun, 31 Nov 1994 08:49:37 GMT",
           "Sun, 29 Feb 1900 08:49:37 GMT",
           "Sun, 06 Foo 1994 08:49:37 GMT",
           "Sun, +6 Nov 1994 08:49:37 GMT",
           "Xyz, 06 Nov 1994 08:49:37 GMT",
           "Sunday, 06 Nov 1994 08:49:37 GMT",
           "Sun, 06-Nov-94 08:49:37 GMT",
           "Sunday, 06-Nov-1994 08:49:37 GMT",
           "Sun Nov 6 08:49:37 1994",
           "Sun Nov  6 08:49:37 1994 GMT",
           "Sun Nov  6 08:49:37 94",
           "Nov  6 08:49:37 1994",
           "1994-11-06T08:49:37Z",
           "784111777",
       }) {
    EXPECT_EQ(parse_date(text, kIn2027), std::nullopt) << text;
  }
}

TEST(ParseDate, ReadsWhatIsWritten) {
  for (std::int64_t second = 0; second < 8'000'000'000; second += 86'399 * 97) {
    std::array<char, kDateLength> text;
    write_date(second, text.data());
    ASSERT_EQ(parse_date({text.data(), text.size()}, kIn2027), second);
  }
}

}  // namespace
}  // namespace weir::http
