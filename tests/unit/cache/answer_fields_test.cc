// SPDX-License-Identifier: Apache-2.0
//
// What an answer says about the cache.
#include "proxy/cache/answer_fields.h"

#include <gtest/gtest.h>

namespace weir::test {
namespace {

using cache::CacheStatus;
using cache::Forward;
using cache::Reason;

TEST(AgeText, IsPlainSeconds) {
  Arena arena;
  EXPECT_EQ(cache::age_text(0, arena), "0");
  EXPECT_EQ(cache::age_text(2'147'483'648U, arena), "2147483648");
}

TEST(CacheStatus, SaysWhatHappened) {
  const struct {
    CacheStatus status;
    std::string_view want;
  } rows[] = {
      {{.name = "weir"}, "weir; hit"},
      {{.name = "weir", .has_ttl = true, .ttl = 30, .detail = Reason::Fresh},
       "weir; hit; ttl=30; detail=fresh"},
      {{.name = "weir", .has_ttl = true, .ttl = -412, .detail = Reason::WhileRevalidate},
       "weir; hit; ttl=-412; detail=while_revalidate"},
      {{.name = "weir", .forward = Forward::UriMiss, .stored = true}, "weir; fwd=uri-miss; stored"},
      {{.name = "weir",
        .forward = Forward::Stale,
        .forward_status = 304,
        .has_ttl = true,
        .ttl = 60,
        .stored = true,
        .collapsed = true,
        .detail = Reason::Validated},
       "weir; fwd=stale; fwd-status=304; ttl=60; stored; collapsed; detail=validated"},
      {{.name = "weir", .forward = Forward::VaryMiss}, "weir; fwd=vary-miss"},
      {{.name = "weir", .forward = Forward::Miss}, "weir; fwd=miss"},
      {{.name = "weir", .forward = Forward::Request}, "weir; fwd=request"},
      {{.name = "weir", .forward = Forward::Method}, "weir; fwd=method"},
      {{.name = "weir", .forward = Forward::Bypass}, "weir; fwd=bypass"},
      {{.name = "weir", .forward = Forward::Partial}, "weir; fwd=partial"},
      {{.name = "cache.example:80"}, "cache.example:80; hit"},
      {{.name = "my cache"}, "\"my cache\"; hit"},
      {{.name = "1st"}, "\"1st\"; hit"},
      {{.name = "a\"b\\c\r\n"}, "\"a\\\"b\\\\c\"; hit"},
      {{.name = ""}, "\"\"; hit"},
      {{.name = "x", .has_ttl = true, .ttl = INT64_MIN}, "x; hit; ttl=-9223372036854775808"},
  };
  for (const auto& row : rows) {
    Arena arena;
    EXPECT_EQ(cache::cache_status_text(row.status, arena), row.want);
  }
}

TEST(CacheStatus, HasAParameterForEachReason) {
  EXPECT_EQ(cache::forward_for(Reason::Absent), Forward::UriMiss);
  EXPECT_EQ(cache::forward_for(Reason::OtherVariant), Forward::VaryMiss);
  EXPECT_EQ(cache::forward_for(Reason::OtherPart), Forward::Partial);
  EXPECT_EQ(cache::forward_for(Reason::Stale), Forward::Stale);
  EXPECT_EQ(cache::forward_for(Reason::ResponseNoCache), Forward::Stale);
  EXPECT_EQ(cache::forward_for(Reason::RequestMaxAge), Forward::Request);
  EXPECT_EQ(cache::forward_for(Reason::ForOrigin), Forward::Request);
  EXPECT_EQ(cache::forward_for(Reason::RequestMethod), Forward::Method);
  EXPECT_EQ(cache::forward_for(Reason::RuleForbids), Forward::Bypass);
  EXPECT_EQ(cache::forward_for(Reason::Fresh), Forward::None);
  EXPECT_EQ(cache::forward_for(Reason::IfError), Forward::None);
}

}  // namespace
}  // namespace weir::test
