// SPDX-License-Identifier: Apache-2.0
//
// HTTP dates: the one form that is written.
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

}  // namespace
}  // namespace weir::http
