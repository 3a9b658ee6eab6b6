// SPDX-License-Identifier: Apache-2.0
//
// The limits of heads, at the limit and one beyond, each the same whether the head comes whole or
// drips; and the promise that a dripping head costs linear time.
#include "tests/unit/http/heads.h"

namespace weir::test {
namespace {

using http::HeadLimits;
using http::HeadScan;
using http::RequestHead;
using http::ResponseHead;

constexpr HeadLimits kSmall = {40, 100, 4};

// The verdict on `input` whole, after checking that halves and single bytes agree.
template <class Head>
std::string verdict(std::string_view input, const HeadLimits& limits) {
  const auto make = head_parser<Head>(limits);
  auto whole = make();
  const Verdict want = whole(input);
  for (std::size_t step = 1; step < input.size();
       step = step == 1 ? input.size() / 2 + 1 : step * 9) {
    auto parser = make();
    Verdict got;
    for (std::size_t n = step; got.progress == Progress::NeedMore && n < input.size() + step;
         n += step) {
      got = parser(input.substr(0, std::min(n, input.size())));
    }
    EXPECT_EQ(got.progress, want.progress) << "in steps of " << step << ": " << got;
    EXPECT_EQ(got.progress == Progress::Bad ? got.text : "",
              want.progress == Progress::Bad ? want.text : "")
        << "in steps of " << step;
  }
  return want.progress == Progress::Bad    ? want.text
         : want.progress == Progress::Done ? "done"
                                           : "more";
}

std::string request_line(std::size_t size) {
  return "GET /" + std::string(size - 14, 'x') + " HTTP/1.1";
}

// A head of exactly `size` bytes with one long field.
std::string request_of(std::size_t size) {
  const std::string start = "GET / HTTP/1.1\r\nA: ";
  return start + std::string(size - start.size() - 4, 'x') + "\r\n\r\n";
}

std::string with_fields(std::string start, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    start += "A:" + std::to_string(i % 10) + "\r\n";
  }
  return start + "\r\n";
}

TEST(HeadLimits, OfTheRequestLineHoldToTheByte) {
  for (const std::size_t limit : {std::size_t{40}, HeadLimits{}.request_line}) {
    const HeadLimits limits{limit, 64 * 1024, 4};
    EXPECT_EQ(verdict<RequestHead>(request_line(limit) + "\r\n\r\n", limits), "done");
    EXPECT_EQ(verdict<RequestHead>("\r\n\r\n" + request_line(limit) + "\r\n\r\n", limits), "done");
    EXPECT_EQ(verdict<RequestHead>(request_line(limit + 1) + "\r\n\r\n", limits),
              "target_too_long");
    EXPECT_EQ(verdict<RequestHead>(request_line(limit + 1), limits), "more");
    EXPECT_EQ(verdict<RequestHead>(request_line(limit + 3), limits), "target_too_long");
  }
}

TEST(HeadLimits, OfTheWholeHeadHoldToTheByte) {
  for (const std::size_t limit : {std::size_t{100}, HeadLimits{}.head}) {
    const HeadLimits limits{40, limit, 4};
    EXPECT_EQ(verdict<RequestHead>(request_of(limit), limits), "done");
    EXPECT_EQ(verdict<RequestHead>(request_of(limit + 1), limits), "head_too_large");
    EXPECT_EQ(verdict<RequestHead>(request_of(2 * limit), limits), "head_too_large");
    EXPECT_EQ(verdict<RequestHead>(request_of(2 * limit).substr(0, limit + 1), limits),
              "head_too_large");
    const std::string answer = "HTTP/1.1 200 OK\r\nA: ";
    const auto response_of = [&answer](std::size_t size) {
      return answer + std::string(size - answer.size() - 4, 'x') + "\r\n\r\n";
    };
    EXPECT_EQ(verdict<ResponseHead>(response_of(limit), limits), "done");
    EXPECT_EQ(verdict<ResponseHead>(response_of(limit + 1), limits), "origin_head_too_large");
    EXPECT_EQ(verdict<ResponseHead>(response_of(9 * limit), limits), "origin_head_too_large");
  }
}

TEST(HeadLimits, OfTheFieldCountHoldToTheField) {
  const HeadLimits limits;
  const std::string get = "GET / HTTP/1.1\r\n";
  const std::string ok = "HTTP/1.1 200 OK\r\n";
  EXPECT_EQ(verdict<RequestHead>(with_fields(get, limits.fields), limits), "done");
  EXPECT_EQ(verdict<RequestHead>(with_fields(get, limits.fields + 1), limits), "head_too_large");
  EXPECT_EQ(verdict<RequestHead>(with_fields(get, 10000), limits), "head_too_large");
  EXPECT_EQ(verdict<ResponseHead>(with_fields(ok, limits.fields), limits), "done");
  EXPECT_EQ(verdict<ResponseHead>(with_fields(ok, limits.fields + 1), limits),
            "origin_head_too_large");
}

TEST(HeadLimits, LetUsualTrafficThrough) {
  std::string head = "GET http://a.test/" + std::string(8 * 1024, 'x') + " HTTP/1.1\r\n";
  for (int i = 0; i < 100; ++i) {
    head += "X-Field-" + std::to_string(i) + ": " + std::string(60, 'v') + "\r\n";
  }
  EXPECT_EQ(verdict<RequestHead>(head + "\r\n", {}), "done");
}

TEST(HeadLimits, DoNotCountBytesBehindTheHead) {
  const std::string input = request_of(100) + std::string(100'000, 'x');
  EXPECT_EQ(verdict<RequestHead>(input, kSmall), "done");
}

// But for the first line, when it has just ended.
TEST(HeadScan, LooksAtNoByteTwiceWhileAHeadDrips) {
  const std::string line = "\r\nGET / HTTP/1.1\r\n";
  const std::string input = with_fields(line, 150);
  HeadScan scan;
  RequestHead head;
  for (std::size_t n = 1; n < input.size(); ++n) {
    // Bytes between the first ones, which decide at once, and the last seen one are poisoned: a
    // line feed that was looked at again would be a bare one.
    std::string seen = input.substr(0, n);
    for (std::size_t i = 4; i + 1 < scan.looked_at && n != line.size(); ++i) {
      seen[i] = '\n';
    }
    ASSERT_EQ(http::take_request(seen, scan, {}, head).progress, Progress::NeedMore) << n;
    ASSERT_EQ(scan.looked_at, n);
  }
  EXPECT_EQ(http::take_request(input, scan, {}, head).progress, Progress::Done);
  EXPECT_EQ(head.fields.lines.size(), 150U);
}

TEST(HeadScan, LooksAtNoByteTwiceWhileAnAnswerDrips) {
  const std::string input = with_fields("HTTP/1.1 200 OK\r\n", 150);
  HeadScan scan;
  ResponseHead head;
  for (std::size_t n = 1; n < input.size(); ++n) {
    std::string seen = input.substr(0, n);
    for (std::size_t i = 5; i + 1 < scan.looked_at; ++i) {
      seen[i] = '\n';
    }
    ASSERT_EQ(http::take_response(seen, scan, {}, head).progress, Progress::NeedMore) << n;
    ASSERT_EQ(scan.looked_at, n);
  }
  EXPECT_EQ(http::take_response(input, scan, {}, head).progress, Progress::Done);
}

// Former bugs

TEST(HeadLimits, AreTheSameForADrippingHeadBehindEmptyLines) {
  EXPECT_EQ(verdict<RequestHead>("\r\n\r\n" + request_of(100), kSmall), "done");
  EXPECT_EQ(verdict<RequestHead>("\r\n\r\n" + request_of(101), kSmall), "head_too_large");
}

TEST(HeadLimits, BlameALongRequestLineEvenWhenTheHeadIsTooLargeAsWell) {
  const std::string input = request_line(60) + "\r\nA: " + std::string(200, 'x');
  EXPECT_EQ(verdict<RequestHead>(input, kSmall), "target_too_long");
  EXPECT_EQ(verdict<RequestHead>(input + "\r\n\r\n", kSmall), "target_too_long");
}

TEST(HeadLimits, AreJudgedBeforeTheHeadIsComplete) {
  EXPECT_EQ(verdict<RequestHead>(request_line(41) + "\r\nA: b", kSmall), "target_too_long");
  EXPECT_EQ(verdict<RequestHead>("\r\n" + request_line(41) + "\r\n", kSmall), "target_too_long");
  EXPECT_EQ(verdict<RequestHead>("\r\n" + request_line(40) + "\r\n", kSmall), "more");
}

}  // namespace
}  // namespace weir::test
