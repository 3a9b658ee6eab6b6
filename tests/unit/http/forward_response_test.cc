// SPDX-License-Identifier: Apache-2.0
//
// Response heads and trailer sections as they are sent on. Rows give what was received and the
// whole of what must come out.
#include "proxy/http/forward.h"
#include "tests/unit/http/heads.h"

namespace weir::test {
namespace {

using namespace std::string_view_literals;
using http::BodyKind;
using http::ResponsePlan;

struct Row {
  std::string_view input;
  std::string_view want;
};

ResponsePlan usual_plan() {
  ResponsePlan plan;
  plan.framing = {BodyKind::Length, 9};
  plan.via = "weir";
  plan.date = "now";
  return plan;
}

// The head that goes on, its lines separated by '|'.
std::string sent(std::string_view input, const ResponsePlan& plan) {
  const auto parsed = response(input);
  Arena arena;
  std::string out(http::write_response(parsed.head, plan, arena));
  EXPECT_TRUE(out.ends_with("\r\n\r\n"));
  out.resize(out.size() - 4);
  for (std::size_t at = 0; (at = out.find("\r\n", at)) != std::string::npos;) {
    out.replace(at, 2, "|");
  }
  return out;
}

TEST(ForwardedResponse, IsWrittenFromTheModel) {
  const Row rows[] = {
      {"HTTP/1.1 200 OK", "HTTP/1.1 200 OK|Content-Length: 9|Date: now|Via: 1.1 weir"},
      {"HTTP/1.0 200", "HTTP/1.1 200 |Content-Length: 9|Date: now|Via: 1.0 weir"},
      {"HTTP/1.1 599 \xff x", "HTTP/1.1 599 \xff x|Content-Length: 9|Date: now|Via: 1.1 weir"},
      {"HTTP/1.1 200 OK|Date: then|A:1|a:|Set-Cookie: x, y|Set-Cookie: z",
       "HTTP/1.1 200 OK|Date: then|A: 1|a: |Set-Cookie: x, y|Set-Cookie: z|Content-Length: 9|Via: "
       "1.1 weir"},
      {"HTTP/1.1 200 OK|Date: then|Via: 1.1 x",
       "HTTP/1.1 200 OK|Date: then|Via: 1.1 x|Content-Length: 9|Via: 1.1 weir"},
      // Hop-by-hop fields end here.
      {"HTTP/1.1 407 No|Date: then|Keep-Alive: 5|Proxy-Connection: close|Proxy-Authenticate: "
       "Basic|Proxy-Authentication-Info: x|Upgrade: h2c|Trailer: x|TE: y|Connection: close|"
       "Transfer-Encoding: chunked",
       "HTTP/1.1 407 No|Date: then|Content-Length: 9|Via: 1.1 weir"},
      {"HTTP/1.1 200 OK|Date: then|Connection: x-hop, content-length|X-Hop: 1|Content-Length: 7",
       "HTTP/1.1 200 OK|Date: then|Content-Length: 9|Via: 1.1 weir"},
      {"HTTP/1.1 200 OK|Date: then|Connection: content-type, cache-control|Content-Type: "
       "a/b|Cache-Control: no-store",
       "HTTP/1.1 200 OK|Date: then|Content-Type: a/b|Cache-Control: no-store|Content-Length: "
       "9|Via: 1.1 weir"},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(sent(row.input, usual_plan()), row.want) << row.input;
  }
}

TEST(ForwardedResponse, HasTheFramingOfThePlan) {
  constexpr std::string_view kInput = "HTTP/1.1 200 OK|Date: d|Content-Length: 7|Trailer: x";
  ResponsePlan plan = usual_plan();
  plan.framing = {BodyKind::Chunked, 0};
  EXPECT_EQ(sent(kInput, plan),
            "HTTP/1.1 200 OK|Date: d|Trailer: x|Transfer-Encoding: chunked|Via: 1.1 weir");
  plan.keep_trailers = false;
  EXPECT_EQ(sent(kInput, plan), "HTTP/1.1 200 OK|Date: d|Transfer-Encoding: chunked|Via: 1.1 weir");
  plan.framing = {BodyKind::UntilClose, 0};
  plan.close = true;
  EXPECT_EQ(sent(kInput, plan), "HTTP/1.1 200 OK|Date: d|Via: 1.1 weir|Connection: close");
}

TEST(ForwardedResponse, WithoutABodyKeepsItsLengthWhereThatMeansSomething) {
  ResponsePlan plan = usual_plan();
  plan.framing = {};
  plan.bodiless = true;
  const Row rows[] = {
      {"HTTP/1.1 200 OK|Date: d|Content-Length: 5|Content-Length: 5",
       "HTTP/1.1 200 OK|Date: d|Content-Length: 5|Via: 1.1 weir"},
      {"HTTP/1.1 304 Same|Date: d|Content-Length: 5",
       "HTTP/1.1 304 Same|Date: d|Content-Length: 5|Via: 1.1 weir"},
      {"HTTP/1.1 304 Same|Date: d", "HTTP/1.1 304 Same|Date: d|Via: 1.1 weir"},
      {"HTTP/1.1 200 OK|Date: d|Transfer-Encoding: chunked",
       "HTTP/1.1 200 OK|Date: d|Via: 1.1 weir"},
      {"HTTP/1.1 204 None|Date: d|Content-Length: 5", "HTTP/1.1 204 None|Date: d|Via: 1.1 weir"},
      {"HTTP/1.1 204 None|Date: d|Transfer-Encoding: chunked",
       "HTTP/1.1 204 None|Date: d|Via: 1.1 weir"},
      {"HTTP/1.1 100 Go|Content-Length: 5", "HTTP/1.1 100 Go|Via: 1.1 weir"},
      {"HTTP/1.1 103 Hints|Link: x|Transfer-Encoding: chunked",
       "HTTP/1.1 103 Hints|Link: x|Via: 1.1 weir"},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(sent(row.input, plan), row.want) << row.input;
  }
}

TEST(ForwardedResponse, SaysWhatBecomesOfTheConnection) {
  constexpr std::string_view kInput = "HTTP/1.1 200 OK|Date: d|Connection: keep-alive";
  const std::string head = "HTTP/1.1 200 OK|Date: d|Content-Length: 9|Via: 1.1 weir";
  ResponsePlan plan = usual_plan();
  EXPECT_EQ(sent(kInput, plan), head);
  plan.keep_alive = true;
  EXPECT_EQ(sent(kInput, plan), head + "|Connection: keep-alive");
  plan.close = true;
  EXPECT_EQ(sent(kInput, plan), head + "|Connection: close");
  plan = usual_plan();
  plan.bodiless = true;
  plan.upgrade = "websocket";
  EXPECT_EQ(sent("HTTP/1.1 101 Switch|Upgrade: websocket|Connection: Upgrade", plan),
            "HTTP/1.1 101 Switch|Via: 1.1 weir|Upgrade: websocket|Connection: Upgrade");
}

std::string trailers(std::string_view section) {
  Arena arena;
  std::string_view out;
  return http::write_trailers(section, arena, out) ? std::string(out) : "refused";
}

TEST(Trailers, GoOnWhenTheyMayStandThere) {
  const Row rows[] = {
      {"", ""},
      {"X-Sum: 1\r\n", "X-Sum: 1\r\n"},
      {"X-Sum:1\r\nETag:\t\"x\" \r\nx-sum:\r\n", "X-Sum: 1\r\nETag: \"x\"\r\nx-sum: \r\n"},
      {"grpc-status: 0\r\nServer-Timing: x\r\n", "grpc-status: 0\r\nServer-Timing: x\r\n"},
      // Malformed.
      {"X-Sum : 1\r\n", "refused"},
      {"X-Sum\r\n", "refused"},
      {" X-Sum: 1\r\n", "refused"},
      {"A: 1\r\n\tb\r\n", "refused"},
      {": 1\r\n", "refused"},
      {"A: 1\0\r\n"sv, "refused"},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(trailers(row.input), row.want) << shown(row.input);
  }
}

TEST(Trailers, LoseWhatHasNoBusinessThere) {
  for (const std::string_view name : {"Content-Length",
                                      "Transfer-Encoding",
                                      "Host",
                                      "Connection",
                                      "Keep-Alive",
                                      "Proxy-Connection",
                                      "TE",
                                      "Trailer",
                                      "Upgrade",
                                      "Via",
                                      "Max-Forwards",
                                      "Expect",
                                      "Content-Type",
                                      "Content-Encoding",
                                      "Content-Range",
                                      "Cache-Control",
                                      "Authorization",
                                      "Proxy-Authorization",
                                      "WWW-Authenticate",
                                      "Proxy-Authenticate",
                                      "Proxy-Authentication-Info",
                                      "Set-Cookie",
                                      "Cookie",
                                      "Location",
                                      "Vary",
                                      "Age",
                                      "Date",
                                      "Expires",
                                      "Pragma",
                                      "Range",
                                      "Retry-After",
                                      "Forwarded",
                                      "X-Forwarded-For",
                                      "If-Match",
                                      "If-None-Match",
                                      "If-Modified-Since",
                                      "If-Range",
                                      "If-Unmodified-Since"}) {
    EXPECT_EQ(trailers("A: 1\r\n" + std::string(name) + ": 1\r\nB: 2\r\n"), "A: 1\r\nB: 2\r\n")
        << name;
    std::string lower(name);
    for (char& c : lower) {
      c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
    }
    EXPECT_EQ(trailers(lower + ": 1\r\n"), "") << lower;
  }
}

TEST(Trailers, AreAtMostSixtyFour) {
  std::string section;
  for (int i = 0; i < 64; ++i) {
    section += "A: 1\r\n";
  }
  EXPECT_EQ(trailers(section), section);
  EXPECT_EQ(trailers(section + "A: 1\r\n"), "refused");
}

// Former bugs

TEST(ForwardedResponse, GetsADateWhenItsOwnIsNominatedAway) {
  EXPECT_EQ(sent("HTTP/1.1 200 OK|Date: then|Connection: date", usual_plan()),
            "HTTP/1.1 200 OK|Content-Length: 9|Date: now|Via: 1.1 weir");
}

}  // namespace
}  // namespace weir::test
