// SPDX-License-Identifier: Apache-2.0
//
// Byte ranges asked for, stored and sent.
#include "proxy/cache/ranges.h"

#include "tests/unit/cache/cases.h"

namespace weir::test {
namespace {

using cache::RangeAnswer;
using cache::RangeSet;

std::string shown(RangeAnswer answer, const RangeSet& set) {
  switch (answer) {
    case RangeAnswer::Whole:
      return "whole";
    case RangeAnswer::Unsatisfiable:
      return "416";
    case RangeAnswer::NotStored:
      return "forward";
    case RangeAnswer::Parts:
      break;
  }
  std::string out;
  for (const cache::ByteRange& range : set.all()) {
    out +=
        (out.empty() ? "" : ",") + std::to_string(range.first) + "-" + std::to_string(range.last);
  }
  return out;
}

std::string resolved(std::string_view range, std::uint64_t complete) {
  RangeSet set;
  const RangeAnswer answer = cache::resolve_ranges(range, complete, set);
  return shown(answer, set);
}

TEST(Range, IsLaidOverTheContent) {
  const struct {
    std::string_view range;
    std::uint64_t complete;
    std::string_view want;
  } rows[] = {
      {"bytes=0-1", 11, "0-1"},
      {"bytes=1-", 11, "1-10"},
      {"bytes=-1", 11, "10-10"},
      {"bytes=-50", 11, "0-10"},
      {"bytes=0-0", 1, "0-0"},
      {"bytes=5-99", 11, "5-10"},
      {"bytes=10-10", 11, "10-10"},
      {"BYTES=0-1", 11, "0-1"},
      {"bytes=0-1,4-5", 11, "0-1,4-5"},
      {"bytes= 0-1 , ,4-5 ,", 11, "0-1,4-5"},
      {"bytes=4-5,0-1", 11, "4-5,0-1"},
      {"bytes=0-1,99-", 11, "0-1"},
      {"bytes=0-3,2-5", 11, "0-3,2-5"},
      {"bytes=0-99999999999999999999999", 11, "0-10"},
      {"bytes=-99999999999999999999999", 11, "0-10"},
      {"bytes=0-18446744073709551615", 11, "0-10"},
      // Nothing of it is there.
      {"bytes=11-", 11, "416"},
      {"bytes=11-20", 11, "416"},
      {"bytes=-0", 11, "416"},
      {"bytes=99999999999999999999999-", 11, "416"},
      {"bytes=0-", 0, "416"},
      {"bytes=-1", 0, "416"},
      {"bytes=20-,30-", 11, "416"},
      // Not a range of bytes: as if it were not there.
      {"", 11, "whole"},
      {"bytes", 11, "whole"},
      {"bytes=", 11, "whole"},
      {"bytes=,", 11, "whole"},
      {"bytes=-", 11, "whole"},
      {"bytes=a-b", 11, "whole"},
      {"bytes=1", 11, "whole"},
      {"bytes=5-4", 11, "whole"},
      {"bytes=0-1,5-4", 11, "whole"},
      {"bytes=0-1,x", 11, "whole"},
      {"bytes=0--1", 11, "whole"},
      {"bytes=+0-1", 11, "whole"},
      {"bytes=0 -1", 11, "whole"},
      {"bytes 0-1", 11, "whole"},
      {"items=0-1", 11, "whole"},
      {"bytes=0x0-0x1", 11, "whole"},
      // An attack, or a mistake.
      {"bytes=0-,0-,0-", 11, "whole"},
      {"bytes=0-5,1-6,2-7", 11, "whole"},
      {"bytes=0-0,1-1,2-2,3-3,4-4,5-5,6-6,7-7,8-8,9-9,10-10,11-11,12-12,13-13,14-14,15-15", 99,
       "0-0,1-1,2-2,3-3,4-4,5-5,6-6,7-7,8-8,9-9,10-10,11-11,12-12,13-13,14-14,15-15"},
      {"bytes=0-0,1-1,2-2,3-3,4-4,5-5,6-6,7-7,8-8,9-9,10-10,11-11,12-12,13-13,14-14,15-15,16-16",
       99, "whole"},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(resolved(row.range, row.complete), row.want) << row.range;
  }
}

TEST(Range, CountsOnlyForGetAndTheSameContent) {
  const std::string stored = "ETag: \"a\"|Date: @0@|Last-Modified: @-3000@";
  const struct {
    std::string_view stored;
    std::string_view request;
    std::string_view method;
    int status;
    bool want;
  } rows[] = {
      {stored, "Range: bytes=0-1", "GET", 200, true},
      {stored, "Range: bytes=0-1", "GET", 206, true},
      {stored, "Range: bytes=0-1", "GET", 404, false},
      {stored, "Range: bytes=0-1", "HEAD", 200, false},
      {stored, "", "GET", 200, false},
      {stored, "Range: bytes=0-1|Range: bytes=0-1", "GET", 200, false},
      {stored, "Range: bytes=0-1|If-Range: \"a\"", "GET", 200, true},
      {stored, "Range: bytes=0-1|If-Range: \"b\"", "GET", 200, false},
      {stored, "Range: bytes=0-1|If-Range: W/\"a\"", "GET", 200, false},
      {stored, "Range: bytes=0-1|If-Range: a", "GET", 200, false},
      {stored, "Range: bytes=0-1|If-Range: \"a\"|If-Range: \"a\"", "GET", 200, false},
      {"ETag: W/\"a\"", "Range: bytes=0-1|If-Range: W/\"a\"", "GET", 200, false},
      {"ETag: W/\"a\"", "Range: bytes=0-1|If-Range: \"a\"", "GET", 200, false},
      {"", "Range: bytes=0-1|If-Range: \"a\"", "GET", 200, false},
      {stored, "Range: bytes=0-1|If-Range: @-3000@", "GET", 200, true},
      {stored, "Range: bytes=0-1|If-Range: @-2999@", "GET", 200, false},
      {stored, "Range: bytes=0-1|If-Range: @-3001@", "GET", 200, false},
      {"Date: @0@|Last-Modified: @-30@", "Range: bytes=0-1|If-Range: @-30@", "GET", 200, false},
      {"Date: @0@", "Range: bytes=0-1|If-Range: @0@", "GET", 200, false},
      {stored, "Range: bytes=0-1|If-Range: ", "GET", 200, false},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(
        cache::range_applies(ask(row.request, row.method).head, answer(row.stored, row.status).head,
                             freshness(row.stored), kNow),
        row.want)
        << row.method << " " << row.request << " / " << row.status << " " << row.stored;
  }
}

TEST(ContentRange, IsStrict) {
  const struct {
    std::string_view text;
    std::string_view want;
  } rows[] = {
      {"bytes 0-4/10", "0-4/10"},
      {"Bytes 4-9/10", "4-9/10"},
      {"bytes 0-4/*", "0-4/*"},
      {"bytes 0-0/1", "0-0/1"},
      {"bytes 4-10/10", ""},
      {"bytes 4-3/10", ""},
      {"bytes */10", ""},
      {"bytes */*", ""},
      {"bytes=0-4/10", ""},
      {"bytes 0-4", ""},
      {"bytes 0/4-10", ""},
      {"bytes 0-4/", ""},
      {"bytes -4/10", ""},
      {"bytes 0-/10", ""},
      {"bytes  0-4/10", ""},
      {"bytes 0-4/10 ", ""},
      {"bytes 0-4/1x", ""},
      {"items 0-4/10", ""},
      {"0-4/10", ""},
      {"-/", ""},
      {"", ""},
      {"bytes 0-18446744073709551615/*", ""},
      {"bytes 0-4/99999999999999999999999", ""},
  };
  for (const auto& row : rows) {
    const auto place = cache::parse_content_range(row.text);
    std::string got;
    if (place) {
      got = std::to_string(place->range.first) + "-" + std::to_string(place->range.last) + "/" +
            (place->complete == cache::kCompleteUnknown ? "*" : std::to_string(place->complete));
    }
    EXPECT_EQ(got, row.want) << row.text;
  }
}

TEST(StoredPart, AnswersWhatLiesWithinIt) {
  const struct {
    std::string_view stored;
    std::string_view range;
    std::string_view want;
  } rows[] = {
      {"bytes 4-9/10", "bytes=-5", "5-9"},          {"bytes 4-9/10", "bytes=6-8", "6-8"},
      {"bytes 4-9/10", "bytes=6-", "6-9"},          {"bytes 4-9/10", "bytes=-1", "9-9"},
      {"bytes 4-9/10", "bytes=4-5,8-9", "4-5,8-9"}, {"bytes 4-9/10", "bytes=3-5", "forward"},
      {"bytes 4-9/10", "bytes=-7", "forward"},      {"bytes 4-9/10", "bytes=4-5,0-1", "forward"},
      {"bytes 4-9/10", "bytes=10-", "416"},         {"bytes 4-9/10", "x", "forward"},
      {"bytes 4-9/20", "bytes=6-", "forward"},      {"bytes 4-9/*", "bytes=6-8", "6-8"},
      {"bytes 4-9/*", "bytes=6-10", "forward"},     {"bytes 4-9/*", "bytes=6-", "forward"},
      {"bytes 4-9/*", "bytes=-1", "forward"},
  };
  for (const auto& row : rows) {
    RangeSet set;
    const auto answer =
        cache::resolve_in_part(row.range, *cache::parse_content_range(row.stored), set);
    EXPECT_EQ(shown(answer, set), row.want) << row.stored << " / " << row.range;
  }
}

TEST(RangeTexts, AreWhatIsReadBack) {
  Arena arena;
  EXPECT_EQ(cache::content_range_text({0, 4}, 10, arena), "bytes 0-4/10");
  EXPECT_EQ(cache::content_range_text({0, 4}, cache::kCompleteUnknown, arena), "bytes 0-4/*");
  EXPECT_EQ(cache::content_range_text({UINT64_MAX - 3, UINT64_MAX - 2}, UINT64_MAX - 1, arena),
            "bytes 18446744073709551612-18446744073709551613/18446744073709551614");
  EXPECT_EQ(cache::unsatisfied_range_text(10, arena), "bytes */10");
  EXPECT_EQ(cache::unsatisfied_range_text(UINT64_MAX, arena), "bytes */18446744073709551615");
}

TEST(Multipart, IsFramedToTheByte) {
  const std::string content = "0123456789A";
  RangeSet set;
  ASSERT_EQ(cache::resolve_ranges("bytes=0-1,4-6", content.size(), set), RangeAnswer::Parts);
  Arena arena;
  const auto plan = cache::plan_multipart(set, content.size(), "text/plain", 0x1234, arena);
  EXPECT_EQ(plan.content_type, "multipart/byteranges; boundary=weir-4321000000000000");
  std::string body;
  for (std::size_t i = 0; i < set.count; ++i) {
    body += plan.heads[i];
    body += content.substr(set.ranges[i].first, set.ranges[i].size());
  }
  body += plan.closing;
  EXPECT_EQ(body,
            "--weir-4321000000000000\r\nContent-Type: text/plain\r\n"
            "Content-Range: bytes 0-1/11\r\n\r\n01"
            "\r\n--weir-4321000000000000\r\nContent-Type: text/plain\r\n"
            "Content-Range: bytes 4-6/11\r\n\r\n456"
            "\r\n--weir-4321000000000000--\r\n");
  EXPECT_EQ(plan.length, body.size());
  const auto untyped = cache::plan_multipart(set, content.size(), "", 7, arena);
  EXPECT_EQ(untyped.heads[0], "--weir-7000000000000000\r\nContent-Range: bytes 0-1/11\r\n\r\n");
}

TEST(Parts, AreCombinedUnderTheSameStrongValidatorOnly) {
  const struct {
    std::string_view stored;
    std::string_view fresh;
    bool want;
  } rows[] = {
      {"ETag: \"a\"", "ETag: \"a\"", true},
      {"ETag: \"a\"", "ETag: \"b\"", false},
      {"ETag: W/\"a\"", "ETag: W/\"a\"", false},
      {"ETag: \"a\"", "", false},
      {"", "", false},
      {"Date: @0@|Last-Modified: @-60@", "Date: @0@|Last-Modified: @-60@", true},
      {"Date: @0@|Last-Modified: @-60@", "Date: @0@|Last-Modified: @-61@", false},
      {"Date: @0@|Last-Modified: @-59@", "Date: @0@|Last-Modified: @-59@", false},
      {"Date: @0@|Last-Modified: @-60@|ETag: \"a\"", "Date: @0@|Last-Modified: @-60@", false},
      {"ETag: \"a\"|Content-Encoding: gzip", "ETag: \"a\"", false},
      {"ETag: \"a\"|Content-Range: bytes 0-4/10", "ETag: \"a\"|Content-Range: bytes 5-9/10", true},
      {"ETag: \"a\"|Content-Range: bytes 0-4/10", "ETag: \"a\"|Content-Range: bytes 5-9/11", false},
      {"ETag: \"a\"|Content-Range: bytes 0-4/*", "ETag: \"a\"|Content-Range: bytes 5-9/11", true},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(cache::may_combine(answer(row.stored, 206).head, freshness(row.stored),
                                 answer(row.fresh, 206).head, freshness(row.fresh)),
              row.want)
        << row.stored << " / " << row.fresh;
  }
}

}  // namespace
}  // namespace weir::test
