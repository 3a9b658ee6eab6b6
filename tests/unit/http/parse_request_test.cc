// SPDX-License-Identifier: Apache-2.0
//
// Request heads: what is understood, and what is refused with which failure, under every cut of the
// input. Limits are in parse_limits_test.cc.
#include "tests/unit/http/heads.h"

namespace weir::test {
namespace {

using namespace std::string_view_literals;

struct Row {
  std::string_view input;
  std::string_view want;  // the picture, or the failure's word
};

void expect_done(const Row& row) {
  every_cut(head_parser<http::RequestHead>(), row.input,
            {Progress::Done, row.input.size(), std::string(row.want)});
}

void expect_bad(const Row& row) {
  every_cut(head_parser<http::RequestHead>(), row.input, bad(row.want));
}

TEST(RequestHead, IsUnderstood) {
  const Row rows[] = {
      {"GET / HTTP/1.1\r\n\r\n", "GET / 1.1"},
      {"GET / HTTP/1.0\r\n\r\n", "GET / 1.0"},
      {"GET / HTTP/1.2\r\n\r\n", "GET / 1.1"},
      {"GET / HTTP/1.9\r\n\r\n", "GET / 1.1"},
      {"GET http://a.test/ HTTP/1.1\r\nHost: a.test\r\n\r\n",
       "GET http://a.test/ 1.1 [Host: a.test]"},
      {"CONNECT a.test:443 HTTP/1.1\r\nHost: a.test:443\r\n\r\n",
       "CONNECT a.test:443 1.1 [Host: a.test:443]"},
      {"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", "OPTIONS * 1.1 [Host: a]"},
      // Methods are tokens, case matters, none is known beforehand.
      {"get / HTTP/1.1\r\n\r\n", "get / 1.1"},
      {"BREW / HTTP/1.1\r\n\r\n", "BREW / 1.1"},
      {"!#$%&'*+-.^_`|~09AZaz / HTTP/1.1\r\n\r\n", "!#$%&'*+-.^_`|~09AZaz / 1.1"},
      // The target is not touched.
      {"GET /a/../b//c%2F%zz?q={}|\\^`\"<>;? HTTP/1.1\r\n\r\n",
       "GET /a/../b//c%2F%zz?q={}|\\^`\"<>;? 1.1"},
      {"GET /\xc3\xa4\xff HTTP/1.1\r\n\r\n", "GET /\xc3\xa4\xff 1.1"},
      // Values.
      {"GET / HTTP/1.1\r\nA:\r\n\r\n", "GET / 1.1 [A: ]"},
      {"GET / HTTP/1.1\r\nA: \r\nB:\t \t\r\n\r\n", "GET / 1.1 [A: ] [B: ]"},
      {"GET / HTTP/1.1\r\nA:x\r\nB: \t x y\tz \t\r\n\r\n", "GET / 1.1 [A: x] [B: x y\tz]"},
      {"GET / HTTP/1.1\r\nA: :b: c::\r\n\r\n", "GET / 1.1 [A: :b: c::]"},
      {"GET / HTTP/1.1\r\nA: \x80\xff\xc3\xa4\r\n\r\n", "GET / 1.1 [A: \x80\xff\xc3\xa4]"},
      {"GET / HTTP/1.1\r\n!#$%&'*+-.^_`|~0aZ: x\r\n\r\n", "GET / 1.1 [!#$%&'*+-.^_`|~0aZ: x]"},
      // Repeated lines stay apart and in order.
      {"GET / HTTP/1.1\r\nA: 1\r\nB: 2\r\na: 3\r\nA: 1\r\n\r\n",
       "GET / 1.1 [A: 1] [B: 2] [a: 3] [A: 1]"},
  };
  for (const Row& row : rows) {
    expect_done(row);
  }
}

TEST(RequestHead, MayComeBehindAFewEmptyLines) {
  std::string empty;
  for (int n = 1; n <= 8; ++n) {
    empty += "\r\n";
    const std::string input = empty + "GET / HTTP/1.1\r\nA: b\r\n\r\n";
    expect_done({input, "GET / 1.1 [A: b]"});
  }
  expect_bad({empty + "\r\nGET / HTTP/1.1\r\n\r\n", "bad_request_line"});
  expect_bad({empty + "\nGET / HTTP/1.1\r\n\r\n", "bare_lf"});
}

TEST(RequestHead, WithABadRequestLineIsRefused) {
  const Row rows[] = {
      {"GET /\r\n\r\n", "bad_request_line"},  // HTTP/0.9
      {"GET /\r\n", "bad_request_line"},      // to which nothing need be added
      {"\r\nFOO /x\r\n", "bad_request_line"},
      {"GET / HTTP/2.0\r\n", "unsupported_version"},
      {"GET\r\n\r\n", "bad_request_line"},
      {"GET \r\n\r\n", "bad_request_line"},
      {" GET / HTTP/1.1\r\n\r\n", "bad_request_line"},
      {"\tGET / HTTP/1.1\r\n\r\n", "bad_request_line"},
      {"GET\t/ HTTP/1.1\r\n\r\n", "bad_request_line"},
      {"GET /\tHTTP/1.1\r\n\r\n", "bad_request_line"},
      {"GET  / HTTP/1.1\r\n\r\n", "bad_target"},
      {"GET /  HTTP/1.1\r\n\r\n", "bad_target"},
      {"GET  HTTP/1.1\r\n\r\n", "bad_target"},
      {"GET HTTP/1.1\r\n\r\n", "bad_request_line"},
      {"GET / HTTP/1.1 \r\n\r\n", "bad_request_line"},
      {"GET / HTTP/1.1\t\r\n\r\n", "bad_request_line"},
      {"GET / x HTTP/1.1\r\n\r\n", "bad_target"},
      {"G@T / HTTP/1.1\r\n\r\n", "bad_request_line"},
      {"G\xc3T / HTTP/1.1\r\n\r\n", "bad_request_line"},
      {"GET: / HTTP/1.1\r\n\r\n", "bad_request_line"},
      {"(GET) / HTTP/1.1\r\n\r\n", "bad_request_line"},
      {"\x16\x03\x01\x02", "bad_request_line"},  // a TLS hello
      {"\0GET / HTTP/1.1\r\n\r\n"sv, "bad_request_line"},
      // Versions.
      {"GET / http/1.1\r\n\r\n", "bad_request_line"},
      {"GET / Http/1.1\r\n\r\n", "bad_request_line"},
      {"GET / HTTP/1\r\n\r\n", "bad_request_line"},
      {"GET / HTTP/1.\r\n\r\n", "bad_request_line"},
      {"GET / HTTP/1.10\r\n\r\n", "bad_request_line"},
      {"GET / HTTP/01.1\r\n\r\n", "bad_request_line"},
      {"GET / HTTP/1.x\r\n\r\n", "bad_request_line"},
      {"GET / HTTP/1,1\r\n\r\n", "bad_request_line"},
      {"GET / HTTP/ 1.1\r\n\r\n", "bad_request_line"},
      {"GET / HTTP/+1.1\r\n\r\n", "bad_request_line"},
      {"GET / HTTPS/1.1\r\n\r\n", "bad_request_line"},
      {"GET / XTTP/1.1\r\n\r\n", "bad_request_line"},
      {"GET / HTTP/0.9\r\n\r\n", "unsupported_version"},
      {"GET / HTTP/2.0\r\n\r\n", "unsupported_version"},
      {"GET / HTTP/3.1\r\n\r\n", "unsupported_version"},
      {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "unsupported_version"},
      // Bytes that no target holds.
      {"GET /\0x HTTP/1.1\r\n\r\n"sv, "bad_target"},
      {"GET /\x01 HTTP/1.1\r\n\r\n", "bad_target"},
      {"GET /\x7f HTTP/1.1\r\n\r\n", "bad_target"},
      {"GET /\v HTTP/1.1\r\n\r\n", "bad_target"},
      {"GET /a\tb HTTP/1.1\r\n\r\n", "bad_target"},
      {"GET /#x HTTP/1.1\r\n\r\n", "bad_target"},
  };
  for (const Row& row : rows) {
    expect_bad(row);
  }
}

TEST(RequestHead, WithABadLineEndIsRefused) {
  const Row rows[] = {
      {"\n", "bare_lf"},
      {"\nGET / HTTP/1.1\r\n\r\n", "bare_lf"},
      {"GET / HTTP/1.1\n\n", "bare_lf"},
      {"GET / HTTP/1.1\nA: b\r\n\r\n", "bare_lf"},
      {"GET / HTTP/1.1\r\nA: b\n\r\n", "bare_lf"},
      {"GET / HTTP/1.1\r\nA: b\n", "bare_lf"},  // known before the head is complete
      {"GET / HTTP/1.1\r\nA: b\r\n\n", "bare_lf"},
      {"GET / HTTP/1.1\n\r\n", "bare_lf"},
      {"GET / HTTP/1.1\r\r\n\r\n", "bad_request_line"},
      {"GET / HTTP/1.1\rA: b\r\n\r\n", "bad_request_line"},
      {"\r\r\nGET / HTTP/1.1\r\n\r\n", "bad_request_line"},
      {"\rGET / HTTP/1.1\r\n\r\n", "bad_request_line"},
      {"GET /\r HTTP/1.1\r\n\r\n", "bad_target"},
      {"GET\r / HTTP/1.1\r\n\r\n", "bad_request_line"},
      {"GET / HTTP/1.1\r\nA: b\r\r\n\r\n", "bad_field"},
      {"GET / HTTP/1.1\r\nA: b\rB: c\r\n\r\n", "bad_field"},
      {"GET / HTTP/1.1\r\nA: b\r\n\r\r\n\r\n", "bad_field"},
      {"GET / HTTP/1.1\r\n\rA: b\r\n\r\n", "bad_field"},
      {"GET / HTTP/1.1\r\nA\r: b\r\n\r\n", "bad_field"},
  };
  for (const Row& row : rows) {
    expect_bad(row);
  }
}

TEST(RequestHead, WithABadFieldLineIsRefused) {
  const Row rows[] = {
      {"GET / HTTP/1.1\r\nA\r\n\r\n", "bad_field"},
      {"GET / HTTP/1.1\r\n: b\r\n\r\n", "bad_field"},
      {"GET / HTTP/1.1\r\n:\r\n\r\n", "bad_field"},
      {"GET / HTTP/1.1\r\nA : b\r\n\r\n", "bad_field"},
      {"GET / HTTP/1.1\r\nA\t: b\r\n\r\n", "bad_field"},
      {"GET / HTTP/1.1\r\nA B: c\r\n\r\n", "bad_field"},
      {"GET / HTTP/1.1\r\nA(x): c\r\n\r\n", "bad_field"},
      {"GET / HTTP/1.1\r\n\"A\": c\r\n\r\n", "bad_field"},
      {"GET / HTTP/1.1\r\nA\xc3: c\r\n\r\n", "bad_field"},
      {"GET / HTTP/1.1\r\nA\0: c\r\n\r\n"sv, "bad_field"},
      {"GET / HTTP/1.1\r\nA\x7f: c\r\n\r\n", "bad_field"},
      {"GET / HTTP/1.1\r\nA/b: c\r\n\r\n", "bad_field"},
      {"GET / HTTP/1.1\r\nA=b\r\n\r\n", "bad_field"},
      {"GET / HTTP/1.1\r\n A: b\r\n\r\n", "obs_fold"},  // white space before the first field
      {"GET / HTTP/1.1\r\n\tA: b\r\n\r\n", "obs_fold"},
      {"GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n", "obs_fold"},
      {"GET / HTTP/1.1\r\nA: b\r\n\tc\r\n\r\n", "obs_fold"},
      {"GET / HTTP/1.1\r\nA: b\r\n \r\n\r\n", "obs_fold"},
      {"GET / HTTP/1.1\r\nA: b\r\n : c\r\n\r\n", "obs_fold"},
      {"GET / HTTP/1.1\r\nA: x\0y\r\n\r\n"sv, "bad_field"},
      {"GET / HTTP/1.1\r\nA: \0\r\n\r\n"sv, "bad_field"},
      {"GET / HTTP/1.1\r\nA: x\vy\r\n\r\n", "bad_field"},
      {"GET / HTTP/1.1\r\nA: \fx\r\n\r\n", "bad_field"},
      {"GET / HTTP/1.1\r\nA: x\x7f\r\n\r\n", "bad_field"},
      {"GET / HTTP/1.1\r\nA: x\x1by\r\n\r\n", "bad_field"},
      {"GET / HTTP/1.1\r\nA: 0123456\x1f\r\n\r\n", "bad_field"},
      {"GET / HTTP/1.1\r\nA: \t\t\t\t\t\t\t\tx\x01\r\n\r\n", "bad_field"},
  };
  for (const Row& row : rows) {
    expect_bad(row);
  }
}

// The check of values goes eight bytes at a time: each byte value at each place of a word.
TEST(RequestHead, HoldsNoControlCharacterAnywhereInAValue) {
  for (unsigned c = 0; c < 256; ++c) {
    const bool allowed = c == 0x09 || (c >= 0x20 && c != 0x7f);
    for (std::size_t at = 1; at < 20; ++at) {
      std::string value(21, 'x');
      value[at] = static_cast<char>(c);
      const std::string input = "GET / HTTP/1.1\r\nA: " + value + "\r\n\r\n";
      auto parser = head_parser<http::RequestHead>()();
      const Progress want = allowed ? Progress::Done : Progress::Bad;
      ASSERT_EQ(parser(input).progress, want) << c << " at " << at;
    }
  }
}

TEST(RequestHead, IsParsedIntoTheSameObjectAgain) {
  http::RequestHead head;
  for (const std::string_view input :
       {"POST /a HTTP/1.1\r\nA: b\r\nHost: c\r\n\r\n"sv, "GET /b HTTP/1.0\r\n\r\n"sv}) {
    http::HeadScan scan;
    ASSERT_EQ(http::take_request(input, scan, {}, head).progress, Progress::Done);
  }
  EXPECT_EQ(picture(head), "GET /b 1.0");
  EXPECT_EQ(head.method_id, http::Method::Get);
}

// Former bugs

// A bare CR is refused as soon as it is seen. One whose line had already ended when it came in is
// only noticed with the whole head, which is refused all the same.
TEST(RequestHead, WithABareCarriageReturnIsRefusedHoweverItComes) {
  for (const std::string_view start :
       {"POST http://a/ HTTP/1.1\rH", "GET / HTTP/1.1\r\r", "GET / HTTP/1.1\r\nA: b\rc",
        "GET / HTTP/1.1\r\nA\rB: c", "GET / HTTP/1.1\r\nA: b\r\r"}) {
    auto early = head_parser<http::RequestHead>()();
    EXPECT_EQ(early(start).progress, Progress::Bad) << shown(start);
    const std::string ended = std::string(start) + "x\r\nB: d";
    auto late = head_parser<http::RequestHead>()();
    EXPECT_EQ(late(ended).progress, Progress::NeedMore) << shown(ended);
    EXPECT_EQ(late(ended + "\r\n\r\n").progress, Progress::Bad) << shown(ended);
  }
}

}  // namespace
}  // namespace weir::test
