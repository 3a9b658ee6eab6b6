// SPDX-License-Identifier: Apache-2.0
//
// Which responses are kept, and why not.
#include "proxy/cache/storage.h"

#include "tests/unit/cache/cases.h"

namespace weir::test {
namespace {

using cache::Reason;

struct Row {
  Arrival arrival;
  bool store;
  Reason reason;
};

void check(const Row& row) {
  const auto verdict = judge(row.arrival);
  EXPECT_EQ(verdict.store, row.store) << row.arrival.method << " " << row.arrival.request << " / "
                                      << row.arrival.status << " " << row.arrival.response;
  EXPECT_EQ(verdict.reason, row.reason) << row.arrival.method << " " << row.arrival.request << " / "
                                        << row.arrival.status << " " << row.arrival.response;
}

TEST(Storage, NeedsALifetimeOrAValidator) {
  const Row rows[] = {
      {{"", ""}, false, Reason::NoLifetime},
      {{"", "Date: @0@"}, false, Reason::NoLifetime},
      {{"", "Cache-Control: public"}, false, Reason::NoLifetime},
      {{"", "Cache-Control: max-age=3600"}, true, Reason::Explicit},
      {{"", "Expires: @60@|Date: @0@"}, true, Reason::Explicit},
      {{"", "Cache-Control: max-age=0"}, false, Reason::Unusable},
      {{"", "Cache-Control: max-age=0|ETag: \"a\""}, true, Reason::ValidatorOnly},
      {{"", "Cache-Control: max-age=0, stale-while-revalidate=5"}, true, Reason::Explicit},
      {{"", "Cache-Control: max-age=0, stale-if-error=5"}, true, Reason::Explicit},
      {{"", "Expires: 0|Date: @0@"}, false, Reason::Unusable},
      {{"", "Expires: @-5@|Date: @0@|Last-Modified: @-9@"}, true, Reason::ValidatorOnly},
      {{"", "ETag: \"a\""}, true, Reason::ValidatorOnly},
      {{"", "ETag: W/\"a\""}, true, Reason::ValidatorOnly},
      {{"", "ETag: a"}, false, Reason::NoLifetime},
      {{"", "ETag: \"a\"|ETag: \"b\""}, false, Reason::NoLifetime},
      {{"", "Last-Modified: @-86400@"}, true, Reason::Heuristic},
      {{"", "Last-Modified: @0@"}, true, Reason::ValidatorOnly},
      {{"", "Last-Modified: x"}, false, Reason::NoLifetime},
      {{"", "Cache-Control: no-cache"}, false, Reason::NoLifetime},
      {{"", "Cache-Control: no-cache|ETag: \"a\""}, true, Reason::ValidatorOnly},
      {{"", "Cache-Control: max-age=9, no-cache"}, false, Reason::Unusable},
      {{"", "Cache-Control: max-age=9, no-cache|ETag: \"a\""}, true, Reason::ValidatorOnly},
      // It was stale on arrival, yet max-stale may use it.
      {{"", "Cache-Control: max-age=1500|Age: 2000"}, true, Reason::Explicit},
      {{"", "Cache-Control: max-age=9|Set-Cookie: a=b"}, true, Reason::Explicit},
      {{"Cookie: a=b", "Cache-Control: max-age=9"}, true, Reason::Explicit},
      {{"", "Cache-Control: max-age=9|Pragma: no-cache"}, true, Reason::Explicit},
      {{"", "Cache-Control: max-age=9|Content-Disposition: attachment"}, true, Reason::Explicit},
      {{"", "Cache-Control: max-age=9|Content-Range: x"}, true, Reason::Explicit},
  };
  for (const Row& row : rows) {
    check(row);
  }
}

TEST(Storage, FollowsTheDirectivesOfBothSides) {
  const Row rows[] = {
      {{"", "Cache-Control: no-store"}, false, Reason::NoStore},
      {{"", "Cache-Control: No-StOrE|ETag: \"a\""}, false, Reason::NoStore},
      {{"", "Cache-Control: max-age=10000, no-store|Expires: @10000@"}, false, Reason::NoStore},
      {{"", "Cache-Control: private, max-age=9"}, false, Reason::Private},
      {{"", "Cache-Control: private, public, max-age=9"}, false, Reason::Private},
      {{"", "Cache-Control: private=\"a\", max-age=9"}, true, Reason::Explicit},
      {{"", "Cache-Control: no-cache=\"a\", max-age=9"}, true, Reason::Explicit},
      {{"Cache-Control: no-store", "Cache-Control: max-age=9"}, false, Reason::RequestNoStore},
      {{"Cache-Control: no-cache", "Cache-Control: max-age=9"}, true, Reason::Explicit},
      {{"", "Cache-Control: max-age=9, no-store, must-understand"}, true, Reason::Understood},
      {{"", "Cache-Control: max-age=9, no-store, must-understand", 599},
       false,
       Reason::NotUnderstood},
      {{"", "Cache-Control: max-age=9, must-understand", 299}, false, Reason::NotUnderstood},
      {{"", "Cache-Control: max-age=9, must-understand, private"}, false, Reason::Private},
      {{"", "Cache-Control: max-age=9, x=\"y"}, false, Reason::NoStore},
      {{"", "Cache-Control: max-age=9|Vary: *"}, false, Reason::VaryAny},
      {{"", "Cache-Control: max-age=9|Vary: Foo, *"}, false, Reason::VaryAny},
      {{"", "Cache-Control: max-age=9|Vary: |Vary: *"}, false, Reason::VaryAny},
      {{"", "Cache-Control: max-age=9|Vary: Foo"}, true, Reason::Explicit},
      {{"", "Cache-Control: max-age=9|Transfer-Encoding: word", 200, "GET", -1, true},
       false,
       Reason::UnknownCoding},
  };
  for (const Row& row : rows) {
    check(row);
  }
}

TEST(Storage, OfAnswersToCredentialsNeedsLeave) {
  const Row rows[] = {
      {{"Authorization: x", "Cache-Control: max-age=9"}, false, Reason::Authorization},
      {{"Authorization: x", "ETag: \"a\""}, false, Reason::Authorization},
      {{"Authorization: x", "Cache-Control: max-age=9, public"}, true, Reason::SharedAuthorized},
      {{"Authorization: x", "Cache-Control: max-age=9, must-revalidate"},
       true,
       Reason::SharedAuthorized},
      {{"Authorization: x", "Cache-Control: s-maxage=9"}, true, Reason::SharedAuthorized},
      {{"Authorization: x", "Cache-Control: max-age=9, proxy-revalidate"},
       false,
       Reason::Authorization},
      {{"Authorization: x", "Cache-Control: max-age=9, public, private"}, false, Reason::Private},
  };
  for (const Row& row : rows) {
    check(row);
  }
}

TEST(Storage, TakesEveryFinalStatusWithAStatedLifetime) {
  for (const int status : {200, 203, 204, 299, 300, 301, 302, 303, 307, 308, 400, 402, 403, 404,
                           405, 409, 410, 414, 418, 429, 451, 499, 500, 501, 502, 503, 504, 599}) {
    check({{"", "Cache-Control: max-age=100000|Date: @0@", status}, true, Reason::Explicit});
    const auto stale = judge({"", "Expires: @-5000@|Last-Modified: @-100000@|Date: @0@", status});
    EXPECT_EQ(stale.store, true) << status;  // for its validator
    EXPECT_LE(cache::ttl(stale.freshness, kNow), 0) << status;
  }
}

TEST(Storage, TakesNoStatusThatIsAboutOneRequest) {
  for (const int status : {401, 407, 408, 412, 413, 416, 417, 421, 425, 431}) {
    check({{"", "Cache-Control: public, max-age=9", status}, false, Reason::ForOneRequest});
  }
  check({{"", "Cache-Control: max-age=9", 304}, false, Reason::NotModified});
  check({{"", "Cache-Control: max-age=9", 103}, false, Reason::NotFinal});
  check({{"", "Cache-Control: max-age=9", 101}, false, Reason::NotFinal});
  check({{"", "Cache-Control: max-age=9", 600}, false, Reason::NotFinal});
}

TEST(Storage, GuessesOnlyForSomeStatuses) {
  for (const int status : {200, 203, 204, 404, 405, 410, 414, 501}) {
    check({{"", "Last-Modified: @-86400@|Date: @0@", status}, true, Reason::Heuristic});
    check({{"", "ETag: \"a\"", status}, true, Reason::ValidatorOnly});
  }
  for (const int status : {201, 202, 302, 403, 500, 502, 503, 504, 599}) {
    check({{"", "Last-Modified: @-86400@|Date: @0@", status}, false, Reason::NoLifetime});
    check({{"", "ETag: \"a\"", status}, false, Reason::NoLifetime});
    check({{"", "Last-Modified: @-86400@|Date: @0@|Cache-Control: public", status},
           true,
           Reason::Public});
  }
}

TEST(Storage, IsForGetAndForPostThatNamesItself) {
  const std::string lasting = "Cache-Control: max-age=3600|Content-Location: ";
  const Row rows[] = {
      {{"", "Cache-Control: max-age=9", 200, "HEAD"}, false, Reason::HeadOnly},
      {{"", "Cache-Control: max-age=9", 200, "PUT"}, false, Reason::Method},
      {{"", "Cache-Control: max-age=9", 200, "DELETE"}, false, Reason::Method},
      {{"", "Cache-Control: max-age=9", 200, "OPTIONS"}, false, Reason::Method},
      {{"", "Cache-Control: max-age=9", 200, "TRACE"}, false, Reason::Method},
      {{"", "Cache-Control: max-age=9", 200, "M-SEARCH"}, false, Reason::Method},
      {{"", "Cache-Control: max-age=9", 200, "get"}, false, Reason::Method},
      {{"", "Cache-Control: max-age=9", 200, "POST"}, false, Reason::Method},
      {{"", lasting + "http://a.example/path?query", 200, "POST"}, true, Reason::ContentLocation},
      {{"", lasting + "HTTP://A.EXAMPLE:80/%70ath?query", 200, "POST"},
       true,
       Reason::ContentLocation},
      {{"", lasting + "/path?query", 200, "POST"}, true, Reason::ContentLocation},
      {{"", lasting + "?query", 200, "POST"}, true, Reason::ContentLocation},
      {{"", lasting + "", 200, "POST"}, true, Reason::ContentLocation},
      {{"", lasting + "/path", 200, "POST"}, false, Reason::Method},
      {{"", lasting + "http://b.example/path?query", 200, "POST"}, false, Reason::Method},
      {{"", lasting + "http://a.example:81/path?query", 200, "POST"}, false, Reason::Method},
      {{"", lasting + "/path?query", 201, "POST"}, false, Reason::Method},
      {{"", "ETag: \"a\"|Content-Location: /path?query", 200, "POST"}, false, Reason::Method},
      {{"", "Last-Modified: @-9999@|Content-Location: /path?query", 200, "POST"},
       false,
       Reason::Method},
      {{"", lasting + "/path?query|Content-Location: /path?query", 200, "POST"},
       false,
       Reason::Method},
      {{"Cache-Control: no-store", lasting + "/path?query", 200, "POST"},
       false,
       Reason::RequestNoStore},
  };
  for (const Row& row : rows) {
    check(row);
  }
}

TEST(Storage, OfAPartNeedsToKnowItsPlace) {
  const std::string lasting = "Cache-Control: max-age=9|Content-Range: ";
  const std::string request = "Range: bytes=0-4";
  const Row rows[] = {
      {{request, lasting + "bytes 0-4/10", 206, "GET", 5}, true, Reason::StoredPart},
      {{request, lasting + "bytes 0-4/10", 206, "GET"}, true, Reason::StoredPart},
      {{request, lasting + "bytes 0-4/*", 206, "GET", 5}, true, Reason::StoredPart},
      {{request, lasting + "bytes 4-9/10", 206, "GET", 5}, false, Reason::BadPart},
      {{request, lasting + "bytes 4-0/10", 206, "GET", 5}, false, Reason::BadPart},
      {{request, lasting + "bytes */10", 206, "GET", 5}, false, Reason::BadPart},
      {{request, lasting + "chars 0-4/10", 206, "GET", 5}, false, Reason::BadPart},
      {{request, "Cache-Control: max-age=9", 206, "GET", 5}, false, Reason::BadPart},
      {{request, lasting + "bytes 0-4/10|Content-Range: bytes 0-4/10", 206, "GET", 5},
       false,
       Reason::BadPart},
      {{request, lasting + "bytes 0-4/10|Content-Type: multipart/byteranges; boundary=x", 206},
       false,
       Reason::SeveralParts},
      {{request, "Content-Range: bytes 0-4/10", 206, "GET", 5}, false, Reason::NoLifetime},
  };
  for (const Row& row : rows) {
    check(row);
  }
  EXPECT_TRUE(judge({request, lasting + "bytes 0-4/10", 206}).partial);
  EXPECT_FALSE(judge({request, "Cache-Control: max-age=9", 200}).partial);
}

TEST(Storage, ObeysTheOperator) {
  const Row rows[] = {
      {{.response = "Cache-Control: max-age=9", .overrides = {.no_cache = true}},
       false,
       Reason::RuleForbids},
      {{.response = "", .overrides = {.cache_for = 60}}, true, Reason::Forced},
      {{.response = "Cache-Control: no-cache", .overrides = {.cache_for = 60}},
       true,
       Reason::Forced},
      {{.response = "", .status = 503, .overrides = {.cache_for = 60}}, true, Reason::Forced},
      {{.response = "Cache-Control: no-store", .overrides = {.cache_for = 60}},
       false,
       Reason::NoStore},
      {{.response = "Cache-Control: private", .overrides = {.cache_for = 60}},
       false,
       Reason::Private},
      {{.request = "Authorization: x", .response = "", .overrides = {.cache_for = 60}},
       false,
       Reason::Authorization},
      {{.response = "", .method = "POST", .overrides = {.cache_for = 60}}, false, Reason::Method},
      {{.response = "", .overrides = {.cache_for = 0}}, false, Reason::Unusable},
      {{.response = "", .status = 404, .rules = {.negative_lifetime = 5}}, true, Reason::Negative},
      {{.response = "", .status = 502, .rules = {.negative_lifetime = 5}}, true, Reason::Negative},
      {{.response = "", .status = 403, .rules = {.negative_lifetime = 5}},
       false,
       Reason::NoLifetime},
  };
  for (const Row& row : rows) {
    check(row);
  }
  EXPECT_EQ(cache::ttl(judge({.response = "", .overrides = {.cache_for = 60}}).freshness, kNow),
            60);
}

std::string kept(std::string_view fields) {
  const auto head = answer(fields);
  Arena arena;
  http::Fields out;
  cache::stored_fields(head.head, freshness(fields), arena, out);
  return picture(out);
}

TEST(StoredFields, AreThoseOfTheResponseItself) {
  const std::string dated = " [Date: " + date(0) + "]";
  const struct {
    std::string_view fields;
    std::string want;
  } rows[] = {
      {"Date: @0@|A: 1|a: 2", dated + " [A: 1] [a: 2]"},
      {"A: 1", " [A: 1]" + dated},
      {"Date: foo|A: 1", " [A: 1]" + dated},
      {"Date: @0@|Date: @5@", dated},
      {"Date: @0@|Connection: a, B|a: 1|b: 2|C: 3", dated + " [C: 3]"},
      {"Date: @0@|Connection: close|Keep-Alive: x|Proxy-Connection: x|TE: x|Upgrade: x|Trailer: x",
       dated},
      {"Date: @0@|Transfer-Encoding: chunked|Proxy-Authenticate: x|Proxy-Authorization: x"
       "|Proxy-Authentication-Info: x",
       dated},
      {"Date: @0@|Age: 5|Warning: 110 - x", dated},
      {"Date: @0@|Set-Cookie: a=b|Set-Cookie: c=d|Set-Cookie2: e",
       dated + " [Set-Cookie: a=b] [Set-Cookie: c=d] [Set-Cookie2: e]"},
      {"Date: @0@|Content-Length: 36|Content-Encoding: x|Content-MD5: y|Content-Range: z",
       dated + " [Content-Length: 36] [Content-Encoding: x] [Content-MD5: y] [Content-Range: z]"},
      {"Date: @0@|Connection: content-length, cache-control, content-type|Content-Length: 3"
       "|Cache-Control: max-age=1|Content-Type: a/b",
       dated + " [Content-Length: 3] [Cache-Control: max-age=1] [Content-Type: a/b]"},
      {"Date: @0@|Cache-Control: no-cache=\"a\"|a: 1|b: 2|Cache-Control: max-age=3600",
       dated + " [Cache-Control: no-cache=\"a\"] [b: 2] [Cache-Control: max-age=3600]"},
      {"Date: @0@|Cache-Control: private=\"a, b\", no-cache=c|a: 1|b: 2|C: 3|d: 4",
       dated + " [Cache-Control: private=\"a, b\", no-cache=c] [d: 4]"},
      {"Date: @0@|Cache-Control: private=\"set-cookie\"|Set-Cookie: a",
       dated + " [Cache-Control: private=\"set-cookie\"]"},
      {"Date: @0@|Connection: date", dated},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(kept(row.fields), row.want) << row.fields;
  }
}

}  // namespace
}  // namespace weir::test
