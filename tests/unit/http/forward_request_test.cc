// SPDX-License-Identifier: Apache-2.0
//
// Request heads as they are sent on: written from the model, never copied. Rows give the received
// head and the whole head that must come out. Also Via, Max-Forwards, Expect and Upgrade.
#include <vector>

#include "proxy/http/forward.h"
#include "tests/unit/http/heads.h"

namespace weir::test {
namespace {

using http::BodyKind;
using http::RequestPlan;

struct Row {
  std::string_view input;
  std::string_view want;
};

RequestPlan usual_plan() {
  RequestPlan plan;
  plan.target = "/";
  plan.host = "a.test";
  plan.via = "weir";
  plan.client = "192.0.2.1";
  return plan;
}

// The head that goes on, its lines separated by '|'.
std::string sent(std::string_view input, const RequestPlan& plan) {
  const auto parsed = request(input);
  Arena arena;
  std::string out(http::write_request(parsed.head, plan, arena));
  EXPECT_TRUE(out.ends_with("\r\n\r\n"));
  out.resize(out.size() - 4);
  for (std::size_t at = 0; (at = out.find("\r\n", at)) != std::string::npos;) {
    out.replace(at, 2, "|");
  }
  return out;
}

TEST(ForwardedRequest, IsWrittenFromTheModel) {
  const Row rows[] = {
      {"GET http://a.test/ HTTP/1.1|Host: a.test", "GET / HTTP/1.1|Host: a.test|Via: 1.1 weir"},
      // The Host that came is replaced, the version becomes ours, Via tells the received one.
      {"GET http://a.test/ HTTP/1.1|Host: other", "GET / HTTP/1.1|Host: a.test|Via: 1.1 weir"},
      {"GET http://a.test/ HTTP/1.0", "GET / HTTP/1.1|Host: a.test|Via: 1.0 weir"},
      {"BREW http://a.test/ HTTP/1.3|host: x", "BREW / HTTP/1.1|Host: a.test|Via: 1.1 weir"},
      // Repeated lines keep order and number; values are trimmed and otherwise untouched.
      {"GET / HTTP/1.1|A:1|Host: x|B:\t\"x, y\" |a: 1|A:",
       "GET / HTTP/1.1|Host: a.test|A: 1|B: \"x, y\"|a: 1|A: |Via: 1.1 weir"},
      {"GET / HTTP/1.1|Via: 1.0 x, 1.1 y|Via: 1.1 z",
       "GET / HTTP/1.1|Host: a.test|Via: 1.0 x, 1.1 y|Via: 1.1 z|Via: 1.1 weir"},
      {"GET / HTTP/1.1|Cookie: a=\xff", "GET / HTTP/1.1|Host: a.test|Cookie: a=\xff|Via: 1.1 weir"},
      // Hop-by-hop fields end here.
      {"GET / HTTP/1.1|Keep-Alive: 5|Proxy-Connection: keep-alive|Proxy-Authorization: Basic "
       "x|Proxy-Authenticate: y|Upgrade: h2c|TE: gzip|Trailer: x|Connection: keep-alive",
       "GET / HTTP/1.1|Host: a.test|Via: 1.1 weir"},
      // Who the client is stays here unless asked for.
      {"GET / HTTP/1.1|X-Forwarded-For: 1.2.3.4|Forwarded: for=x|Authorization: Basic y",
       "GET / HTTP/1.1|Host: a.test|Authorization: Basic y|Via: 1.1 weir"},
      // Expect is for the origin, but HTTP/1.0 does not know it.
      {"GET / HTTP/1.1|Expect: 100-continue",
       "GET / HTTP/1.1|Host: a.test|Expect: 100-continue|Via: 1.1 weir"},
      {"GET / HTTP/1.0|Expect: 100-continue", "GET / HTTP/1.1|Host: a.test|Via: 1.0 weir"},
      // TE: trailers is announced anew.
      {"GET / HTTP/1.1|TE: gzip;q=0.5, trailers|Connection: TE",
       "GET / HTTP/1.1|Host: a.test|Via: 1.1 weir|TE: trailers|Connection: TE"},
      {"GET / HTTP/1.0|TE: trailers|Connection: TE", "GET / HTTP/1.1|Host: a.test|Via: 1.0 weir"},
      // Max-Forwards counts down for OPTIONS and TRACE and means nothing elsewhere.
      {"OPTIONS / HTTP/1.1|Max-Forwards: 10",
       "OPTIONS / HTTP/1.1|Host: a.test|Max-Forwards: 9|Via: 1.1 weir"},
      {"TRACE / HTTP/1.1|Max-Forwards: 001",
       "TRACE / HTTP/1.1|Host: a.test|Max-Forwards: 0|Via: 1.1 weir"},
      {"GET / HTTP/1.1|Max-Forwards: 0",
       "GET / HTTP/1.1|Host: a.test|Max-Forwards: 0|Via: 1.1 weir"},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(sent(row.input, usual_plan()), row.want) << row.input;
  }
}

TEST(ForwardedRequest, LosesWhatConnectionNominates) {
  constexpr std::string_view kPlain = "GET / HTTP/1.1|Host: a.test|Via: 1.1 weir";
  const Row rows[] = {
      {"GET / HTTP/1.1|X-Hop: 1|Connection: x-hop", kPlain},
      {"GET / HTTP/1.1|Connection: X-HOP|x-hop: 1|X-Hop: 2", kPlain},
      {"GET / HTTP/1.1|Connection: close|A: 1|Connection:|B: 2|connection: a,, b", kPlain},
      {"GET / HTTP/1.1|Proxy-Connection: x-hop|X-Hop: 1", kPlain},
      {"GET / HTTP/1.1|Connection: cookie, authorization|Cookie: 1|Authorization: 2", kPlain},
      // What the message needs in order to mean the same cannot be taken out of it.
      {"GET / HTTP/1.1|Connection: host, via, cache-control, content-type, max-forwards|Host: "
       "x|Via: 1.1 x|Cache-Control: y|Content-Type: z|Max-Forwards: 1",
       "GET / HTTP/1.1|Host: a.test|Via: 1.1 x|Cache-Control: y|Content-Type: z|Max-Forwards: "
       "1|Via: "
       "1.1 weir"},
      {"GET / HTTP/1.1|Connection: x|X-Y: 1|Y: 2",
       "GET / HTTP/1.1|Host: a.test|X-Y: 1|Y: 2|Via: 1.1 weir"},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(sent(row.input, usual_plan()), row.want) << row.input;
  }
}

TEST(ForwardedRequest, HasTheFramingOfThePlanWhateverItsFieldsSay) {
  constexpr std::string_view kInput =
      "POST / HTTP/1.1|Content-Length: 5|Content-Length: 5|Connection: content-length, "
      "transfer-encoding";
  RequestPlan plan = usual_plan();
  EXPECT_EQ(sent(kInput, plan), "POST / HTTP/1.1|Host: a.test|Via: 1.1 weir");
  plan.framing = {BodyKind::Length, UINT64_MAX};
  EXPECT_EQ(sent(kInput, plan),
            "POST / HTTP/1.1|Host: a.test|Content-Length: 18446744073709551615|Via: 1.1 weir");
  plan.framing = {BodyKind::Length, 0};
  EXPECT_EQ(sent(kInput, plan), "POST / HTTP/1.1|Host: a.test|Content-Length: 0|Via: 1.1 weir");
  plan.framing = {BodyKind::Chunked, 0};
  EXPECT_EQ(sent(kInput, plan),
            "POST / HTTP/1.1|Host: a.test|Transfer-Encoding: chunked|Via: 1.1 weir");
}

TEST(ForwardedRequest, AnnouncesTrailersOnlyWhenTheyCanCome) {
  constexpr std::string_view kInput = "POST / HTTP/1.1|Trailer: X-Sum|TE: trailers|Connection: TE";
  RequestPlan plan = usual_plan();
  EXPECT_EQ(sent(kInput, plan),
            "POST / HTTP/1.1|Host: a.test|Via: 1.1 weir|TE: trailers|Connection: TE");
  plan.framing = {BodyKind::Chunked, 0};
  EXPECT_EQ(sent(kInput, plan),
            "POST / HTTP/1.1|Host: a.test|Trailer: X-Sum|Transfer-Encoding: chunked|Via: 1.1 weir|"
            "TE: trailers|Connection: TE");
  plan.keep_trailers = false;
  EXPECT_EQ(sent(kInput, plan),
            "POST / HTTP/1.1|Host: a.test|Transfer-Encoding: chunked|Via: 1.1 weir");
}

TEST(ForwardedRequest, TellsAboutTheClientAsThePlanSays) {
  constexpr std::string_view kInput = "GET / HTTP/1.1|X-Forwarded-For: 1.2.3.4|Forwarded: for=x";
  RequestPlan plan = usual_plan();
  plan.forwarded_for = plan.forwarded = {true, true};
  EXPECT_EQ(sent(kInput, plan),
            "GET / HTTP/1.1|Host: a.test|X-Forwarded-For: 192.0.2.1|Forwarded: for=192.0.2.1|Via: "
            "1.1 weir");
  plan.forwarded_for = plan.forwarded = {false, true};
  plan.client = "2001:db8::1";
  EXPECT_EQ(sent(kInput, plan),
            "GET / HTTP/1.1|Host: a.test|X-Forwarded-For: 1.2.3.4|Forwarded: for=x|"
            "X-Forwarded-For: 2001:db8::1|Forwarded: for=\"[2001:db8::1]\"|Via: 1.1 weir");
  plan.forwarded_for = plan.forwarded = {false, false};
  EXPECT_EQ(sent(kInput, plan),
            "GET / HTTP/1.1|Host: a.test|X-Forwarded-For: 1.2.3.4|Forwarded: for=x|Via: 1.1 weir");
}

TEST(ForwardedRequest, AsksForAnUpgradeAndAuthorisesItselfWhenThePlanSaysSo) {
  RequestPlan plan = usual_plan();
  plan.upgrade = "websocket";
  plan.parent_authorization = "Basic cDpx";
  EXPECT_EQ(sent("GET / HTTP/1.1|Upgrade: h2c, websocket|Connection: upgrade, x|X: y|"
                 "Proxy-Authorization: Basic eA==",
                 plan),
            "GET / HTTP/1.1|Host: a.test|Via: 1.1 weir|Proxy-Authorization: Basic cDpx|"
            "Upgrade: websocket|Connection: Upgrade");
  EXPECT_EQ(sent("GET / HTTP/1.1|TE: trailers", plan),
            "GET / HTTP/1.1|Host: a.test|Via: 1.1 weir|Proxy-Authorization: Basic cDpx|"
            "TE: trailers|Upgrade: websocket|Connection: TE, Upgrade");
}

TEST(Via, IsSearchedForOurName) {
  struct {
    std::string_view via;
    bool want;
  } const rows[] = {
      {"1.1 weir", true},
      {"1.0 weir", true},
      {"HTTP/1.1 WEIR", true},
      {"1.1\tweir", true},
      {"1.1   weir  (by day)", true},
      {"1.0 a, 1.1 weir, 1.1 b", true},
      {"1.0 a|Via: 1.1 weir", true},
      {"", false},
      {"weir", false},
      {"1.1 weird", false},
      {"1.1 weir:3128", false},
      {"1.1 a (weir)", false},
      {"1.1 a weir", false},
      {"weir 1.1", false},
  };
  for (const auto& row : rows) {
    const auto parsed = request("GET / HTTP/1.1|Via: " + std::string(row.via));
    EXPECT_EQ(http::via_names(parsed.head.fields, "weir"), row.want) << row.via;
  }
  EXPECT_FALSE(http::via_names(request("GET / HTTP/1.1|X-Via: 1.1 weir").head.fields, "weir"));
}

TEST(MaxForwards, IsOnePlainNumberOfOptionsAndTrace) {
  const Row rows[] = {
      {"OPTIONS * HTTP/1.1|Max-Forwards: 0", "0"},
      {"TRACE / HTTP/1.1|Max-Forwards: 7", "7"},
      {"TRACE / HTTP/1.1|Max-Forwards: 18446744073709551615", "18446744073709551615"},
      {"TRACE / HTTP/1.1|Max-Forwards: 18446744073709551616", "invalid"},
      {"TRACE / HTTP/1.1|Max-Forwards: -1", "invalid"},
      {"TRACE / HTTP/1.1|Max-Forwards:", "invalid"},
      {"TRACE / HTTP/1.1|Max-Forwards: 1|Max-Forwards: 1", "invalid"},
      {"TRACE / HTTP/1.1", "absent"},
      {"GET / HTTP/1.1|Max-Forwards: x", "absent"},
      {"options * HTTP/1.1|Max-Forwards: x", "absent"},
  };
  for (const Row& row : rows) {
    const http::MaxForwards hops = http::max_forwards(request(row.input).head);
    EXPECT_EQ(!hops.present ? "absent"
              : !hops.valid ? "invalid"
                            : std::to_string(hops.value),
              row.want)
        << row.input;
  }
}

TEST(Expectation, IsContinueOrUnknown) {
  struct {
    std::string_view input;
    http::Expectation want;
  } const rows[] = {
      {"GET / HTTP/1.1", http::Expectation::None},
      {"GET / HTTP/1.1|Expect:", http::Expectation::None},
      {"GET / HTTP/1.1|Expect: 100-Continue", http::Expectation::Continue},
      {"GET / HTTP/1.1|Expect: 100-continue|expect: ,100-continue", http::Expectation::Continue},
      {"GET / HTTP/1.1|Expect: 100-continue, x", http::Expectation::Unknown},
      {"GET / HTTP/1.1|Expect: x|Expect: 100-continue", http::Expectation::Unknown},
      {"GET / HTTP/1.1|Expect: 100-continue;a", http::Expectation::Unknown},
      {"GET / HTTP/1.1|Expect: 100", http::Expectation::Unknown},
      {"GET / HTTP/1.0|Expect: x", http::Expectation::None},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(http::expectation(request(row.input).head), row.want) << row.input;
  }
}

TEST(Upgrade, IsWantedWhenListedAndNominated) {
  const std::vector<std::string> allowed = {"websocket", "irc/6.9"};
  const Row rows[] = {
      {"GET / HTTP/1.1|Upgrade: websocket|Connection: Upgrade", "websocket"},
      {"GET / HTTP/1.1|Upgrade: WebSocket|Connection: x, UPGRADE", "WebSocket"},
      {"GET / HTTP/1.1|Upgrade: IRC/6.9, h2c|Upgrade: websocket|Connection: upgrade",
       "IRC/6.9, websocket"},
      {"GET / HTTP/1.1|Upgrade: h2c|Connection: Upgrade, HTTP2-Settings", ""},
      {"GET / HTTP/1.1|Upgrade: websocket/13|Connection: upgrade", ""},
      {"GET / HTTP/1.1|Upgrade: websocket", ""},
      {"GET / HTTP/1.1|Upgrade: websocket|Connection: close", ""},
      {"GET / HTTP/1.1|Connection: upgrade", ""},
      {"GET / HTTP/1.0|Upgrade: websocket|Connection: upgrade", ""},
  };
  for (const Row& row : rows) {
    Arena arena;
    EXPECT_EQ(http::wanted_upgrade(request(row.input).head, allowed, arena), row.want) << row.input;
  }
}

// Former bugs

TEST(ForwardedRequest, LosesNominatedFieldsHoweverManyThereAre) {
  std::string names = "a0";
  for (int i = 1; i < 5000; ++i) {
    names += ",a" + std::to_string(i);
  }
  EXPECT_EQ(
      sent("GET / HTTP/1.1|Connection: " + names + ", x-hop|X-Hop: 1|A77: 2|Y: 3", usual_plan()),
      "GET / HTTP/1.1|Host: a.test|Y: 3|Via: 1.1 weir");
}

TEST(Via, CannotHideOurNameInACommentOrQuotes) {
  for (const std::string_view via : {"1.0 a (5\" disk), 1.1 weir", "1.0 \"a, 1.1 weir",
                                     "1.0 a (, 1.1 weir", "1.0 a (\\\"), 1.1 weir"}) {
    const auto parsed = request("GET / HTTP/1.1|Via: " + std::string(via));
    EXPECT_TRUE(http::via_names(parsed.head.fields, "weir")) << via;
  }
}

TEST(Upgrade, IsAskedForOnceHoweverOftenItIsRepeated) {
  std::string input = "GET / HTTP/1.1|Connection: upgrade|Upgrade: websocket";
  for (int i = 0; i < 5000; ++i) {
    input += ", WEBSOCKET";
  }
  Arena arena;
  EXPECT_EQ(http::wanted_upgrade(request(input).head, std::vector<std::string>{"websocket"}, arena),
            "websocket");
}

}  // namespace
}  // namespace weir::test
