// SPDX-License-Identifier: Apache-2.0
//
// A client's conditions answered from what is stored.
#include "proxy/cache/conditional.h"

#include "tests/unit/cache/cases.h"

namespace weir::test {
namespace {

using cache::Condition;

TEST(Condition, IsJudgedByTagThenByDate) {
  const auto same = Condition::NotModified;
  const auto pass = Condition::Pass;
  const struct {
    std::string_view stored;
    std::string_view request;
    Condition want;
  } rows[] = {
      {"ETag: \"a\"", "", pass},
      {"ETag: \"a\"", "If-None-Match: \"a\"", same},
      {"ETag: \"a\"", "If-None-Match: \"b\"", pass},
      {"ETag: \"a\"", "If-None-Match: W/\"a\"", same},
      {"ETag: W/\"a\"", "If-None-Match: W/\"a\"", same},
      {"ETag: W/\"a\"", "If-None-Match: \"a\"", same},
      {"ETag: \"a\xc3\xbc\"", "If-None-Match: \"a\xc3\xbc\"", same},
      {"ETag: \"a\"", "If-None-Match: \"a\", \"1\", \"2\"", same},
      {"ETag: \"a\"", "If-None-Match: \"1\", \"a\", \"2\"", same},
      {"ETag: \"a\"", "If-None-Match: \"1\", \"2\", \"a\"", same},
      {"ETag: \"a\"", "If-None-Match: \"1\"|If-None-Match: \"a\"", same},
      {"ETag: \"a\"", "If-None-Match: ,, \"a\"", same},
      {"ETag: \"a,b\"", "If-None-Match: \"1\", \"a,b\"", same},
      {"ETag: \"a\\\"", "If-None-Match: \"a\\\", \"b\"", same},
      {"ETag: \"b\"", "If-None-Match: \"a\\\", \"b\"", same},
      {"ETag: \"a\"", "If-None-Match: *", same},
      {"", "If-None-Match: *", same},
      {"", "If-None-Match: \"a\"", pass},
      {"ETag: \"a\"", "If-None-Match: a", pass},
      {"ETag: a", "If-None-Match: a", pass},
      {"ETag: \"a\"", "If-None-Match: ", pass},
      {"ETag: \"a\"", "If-None-Match: w/\"a\"", pass},
      {"Last-Modified: @-3000@|Date: @0@", "If-Modified-Since: @-3000@", same},
      {"Last-Modified: @-3000@|Date: @0@", "If-Modified-Since: @-2000@", same},
      {"Last-Modified: @-3000@|Date: @0@", "If-Modified-Since: @-3001@", pass},
      {"Last-Modified: @-3000@|Date: @0@", "If-Modified-Since: Friday, 15-Jan-27 07:10:00 GMT",
       same},
      {"Last-Modified: @-3000@|Date: @0@", "If-Modified-Since: x", pass},
      {"Last-Modified: @-3000@", "If-Modified-Since: @-1@|If-Modified-Since: @-1@", pass},
      {"Date: @-10@", "If-Modified-Since: @-10@", same},
      {"Date: @-10@", "If-Modified-Since: @-3000@", pass},
      {"Last-Modified: x|Date: @-10@", "If-Modified-Since: @-5@", same},
      {"ETag: \"a\"|Last-Modified: @-5000@", "If-None-Match: \"a\"|If-Modified-Since: @-10000@",
       same},
      {"ETag: \"a\"|Last-Modified: @-5000@", "If-None-Match: \"b\"|If-Modified-Since: @-1@", pass},
      {"Last-Modified: @-5000@", "If-None-Match: \"b\"|If-Modified-Since: @-1@", pass},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(cache::evaluate(ask(row.request).head.fields, answer(row.stored).head,
                              freshness(row.stored), kNow),
              row.want)
        << row.stored << " / " << row.request;
  }
}

TEST(Condition, IsOnlyForASuccess) {
  for (const int status : {203, 206, 301, 404, 500}) {
    EXPECT_EQ(cache::evaluate(ask("If-None-Match: \"a\"").head.fields,
                              answer("ETag: \"a\"", status).head, freshness("ETag: \"a\""), kNow),
              Condition::Pass)
        << status;
  }
}

TEST(NotModifiedAnswer, HasTheFieldsButThoseOfTheContent) {
  const auto stored = answer(
      "Date: @0@|ETag: \"a\"|Cache-Control: max-age=9|Expires: x|Vary: y|Content-Location: /z"
      "|Last-Modified: l|Set-Cookie: c|A: 1|Content-Type: a/b|Content-Length: 3"
      "|Content-Encoding: gzip|Content-Language: en|Content-Range: r");
  http::Fields out;
  cache::fields_of_304(stored.head.fields, out);
  EXPECT_EQ(picture(out), " [Date: " + date(0) +
                              "] [ETag: \"a\"] [Cache-Control: max-age=9] [Expires: x] [Vary: y]"
                              " [Content-Location: /z] [Last-Modified: l] [Set-Cookie: c] [A: 1]");
}

}  // namespace
}  // namespace weir::test
