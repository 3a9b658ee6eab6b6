// SPDX-License-Identifier: Apache-2.0
//
// How long a body is, in both directions, and each combination of Content-Length and
// Transfer-Encoding that two parsers might read differently.
#include "proxy/http/framing.h"

#include "tests/unit/http/heads.h"

namespace weir::test {
namespace {

using http::BodyKind;

struct Row {
  std::string_view input;
  std::string_view want;
};

std::string picture(const Result<http::Framing>& framing) {
  if (!framing) {
    return std::string(word(framing.error()));
  }
  switch (framing->kind) {
    case BodyKind::None:
      return "none";
    case BodyKind::Length:
      return std::to_string(framing->length);
    case BodyKind::Chunked:
      return "chunked";
    case BodyKind::UntilClose:
      return "until close";
  }
  return "?";
}

std::string of_request(std::string_view text) {
  return picture(http::request_framing(request(text).head));
}

std::string of_response(std::string_view text, bool to_head = false) {
  return picture(http::response_framing(response(text).head, to_head));
}

TEST(RequestFraming, FollowsTheFields) {
  const Row rows[] = {
      {"GET / HTTP/1.1", "none"},
      {"POST / HTTP/1.1", "none"},
      {"GET / HTTP/1.0", "none"},
      {"BREW / HTTP/1.0", "none"},
      {"POST / HTTP/1.0", "length_required"},
      {"PUT / HTTP/1.0", "length_required"},
      {"POST / HTTP/1.0|Content-Length: 0", "0"},
      {"GET / HTTP/1.1|Content-Length: 7", "7"},
      {"POST / HTTP/1.1|content-LENGTH: 7", "7"},
      {"POST / HTTP/1.1|Content-Length:\t 7 \t", "7"},
      {"POST / HTTP/1.1|Content-Length: 5368709120", "5368709120"},
      {"POST / HTTP/1.1|Content-Length: 0000000000000000000000000000000000000010", "10"},
      {"POST / HTTP/1.1|Content-Length: 010", "10"},
      {"POST / HTTP/1.1|Content-Length: 7|Content-Length: 7", "7"},
      {"POST / HTTP/1.1|Content-Length: 7|A: b|Content-Length: 07", "7"},
      {"POST / HTTP/1.1|Content-Length: 9223372036854775807", "9223372036854775807"},
      {"POST / HTTP/1.1|Transfer-Encoding: chunked", "chunked"},
      {"POST / HTTP/1.1|TRANSFER-encoding:\t CHUNKed ", "chunked"},
      {"GET / HTTP/1.1|Transfer-Encoding: chunked", "chunked"},
      {"POST / HTTP/1.1|Transfer_Encoding: chunked", "none"},  // another field altogether
      {"POST / HTTP/1.1|X-Transfer-Encoding: chunked|Content-Length: 3", "3"},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(of_request(row.input), row.want) << row.input;
  }
}

TEST(RequestFraming, RefusesALengthThatIsNotOnePlainNumber) {
  for (const std::string_view value : {"",
                                       "-1",
                                       "+1",
                                       "0x1",
                                       "1.0",
                                       "1e1",
                                       "1,1",
                                       "1, 1",
                                       "7, 7",
                                       "1;",
                                       "\"1\"",
                                       "a",
                                       "1a",
                                       "1 1",
                                       "1\t1",
                                       "\xc2\xb9",
                                       "1\x85",
                                       "\x85",
                                       "\x85 1",
                                       "9223372036854775808",
                                       "18446744073709551615",
                                       "18446744073709551616",
                                       "18446744073709551617",
                                       "36893488147419103232",
                                       "99999999999999999999999999999999999999999"}) {
    const std::string text = "POST / HTTP/1.1|Content-Length: " + std::string(value);
    EXPECT_EQ(of_request(text), "bad_content_length") << shown(value);
  }
  for (const std::string_view two :
       {"7|Content-Length: 8", "7|Content-Length:", "|Content-Length: 7",
        "7|Content-Length: 7|Content-Length: 70"}) {
    EXPECT_EQ(of_request("POST / HTTP/1.1|Content-Length: " + std::string(two)),
              "bad_content_length")
        << two;
  }
}

TEST(RequestFraming, RefusesATransferCodingThatIsNotJustChunked) {
  const Row rows[] = {
      {"gzip", "unknown_transfer_coding"},
      {"identity", "unknown_transfer_coding"},
      {"gzip, chunked", "unknown_transfer_coding"},
      {"identity, chunked", "unknown_transfer_coding"},
      {"xchunked", "unknown_transfer_coding"},
      {"chunked2", "unknown_transfer_coding"},
      {"chun ked", "unknown_transfer_coding"},
      {"\"chunked\"", "unknown_transfer_coding"},
      {"chunked;q=1", "unknown_transfer_coding"},
      {"chunked\x85", "unknown_transfer_coding"},
      {"gzip|Transfer-Encoding: chunked", "unknown_transfer_coding"},
      {"", "bad_transfer_encoding"},
      {",", "bad_transfer_encoding"},
      {"chunked,", "bad_transfer_encoding"},
      {",chunked", "bad_transfer_encoding"},
      {"chunked, chunked", "bad_transfer_encoding"},
      {"chunked, gzip", "bad_transfer_encoding"},
      {"chunked, identity", "bad_transfer_encoding"},
      {"chunked|Transfer-Encoding: chunked", "bad_transfer_encoding"},
      {"chunked|Transfer-Encoding: gzip", "bad_transfer_encoding"},
      {"chunked|Transfer-Encoding:", "bad_transfer_encoding"},
      {"|Transfer-Encoding: chunked", "bad_transfer_encoding"},
  };
  for (const Row& row : rows) {
    const std::string field = "|Transfer-Encoding: " + std::string(row.input);
    EXPECT_EQ(of_request("POST / HTTP/1.1" + field), row.want) << row.input;
    EXPECT_EQ(of_request("POST / HTTP/1.0" + field), "bad_transfer_encoding") << row.input;
  }
  EXPECT_EQ(of_request("POST / HTTP/1.0|Transfer-Encoding: chunked"), "bad_transfer_encoding");
}

TEST(RequestFraming, RefusesALengthBesideACodingWhateverTheySay) {
  for (const std::string_view coding : {"chunked", "gzip", "identity", "", "chunked, chunked"}) {
    for (const std::string_view length : {"0", "5", "x", ""}) {
      const std::string te = "|Transfer-Encoding: " + std::string(coding);
      const std::string cl = "|Content-Length: " + std::string(length);
      EXPECT_EQ(of_request("POST / HTTP/1.1" + te + cl), "length_and_coding");
      EXPECT_EQ(of_request("POST / HTTP/1.1" + cl + te), "length_and_coding");
      EXPECT_EQ(of_request("GET / HTTP/1.0" + cl + te), "length_and_coding");
    }
  }
}

TEST(ResponseFraming, FollowsTheFieldsAndTheStatus) {
  const Row rows[] = {
      {"HTTP/1.1 200 OK", "until close"},
      {"HTTP/1.0 200 OK", "until close"},
      {"HTTP/1.1 200 OK|Content-Length: 0", "0"},
      {"HTTP/1.1 200 OK|Content-Length: 9", "9"},
      {"HTTP/1.1 200 OK|Content-Length: 9|Content-Length: 9", "9"},
      {"HTTP/1.1 200 OK|Transfer-Encoding: chunked", "chunked"},
      {"HTTP/1.1 205 Reset|Content-Length: 0", "0"},
      {"HTTP/1.1 206 Part|Content-Length: 9", "9"},
      {"HTTP/1.1 100 Continue", "none"},
      {"HTTP/1.1 103 Hints|Content-Length: 9", "none"},
      {"HTTP/1.1 204 Empty", "none"},
      {"HTTP/1.1 204 Empty|Content-Length: 9", "none"},
      {"HTTP/1.1 204 Empty|Transfer-Encoding: chunked", "none"},
      {"HTTP/1.1 304 Same", "none"},
      {"HTTP/1.1 304 Same|Content-Length: 9", "none"},
      {"HTTP/1.1 304 Same|Transfer-Encoding: chunked", "none"},
      // Refused.
      {"HTTP/1.1 200 OK|Content-Length: x", "origin_bad_framing"},
      {"HTTP/1.1 200 OK|Content-Length:", "origin_bad_framing"},
      {"HTTP/1.1 200 OK|Content-Length: 9, 9", "origin_bad_framing"},
      {"HTTP/1.1 200 OK|Content-Length: 9|Content-Length: 8", "origin_bad_framing"},
      {"HTTP/1.1 200 OK|Content-Length: 9223372036854775808", "origin_bad_framing"},
      {"HTTP/1.1 304 Same|Content-Length: x", "origin_bad_framing"},
      {"HTTP/1.1 200 OK|Content-Length: 9|Transfer-Encoding: chunked", "origin_bad_framing"},
      {"HTTP/1.1 200 OK|Transfer-Encoding: gzip|Content-Length: 9", "origin_bad_framing"},
      {"HTTP/1.0 200 OK|Transfer-Encoding: chunked", "origin_bad_framing"},
      {"HTTP/1.1 200 OK|Transfer-Encoding: chunked, chunked", "origin_bad_framing"},
      {"HTTP/1.1 200 OK|Transfer-Encoding: chunked, gzip", "origin_bad_framing"},
      {"HTTP/1.1 200 OK|Transfer-Encoding:", "origin_bad_framing"},
      {"HTTP/1.1 200 OK|Transfer-Encoding: gzip", "origin_bad_coding"},
      {"HTTP/1.1 200 OK|Transfer-Encoding: gzip, chunked", "origin_bad_coding"},
      {"HTTP/1.1 200 OK|Transfer-Encoding: identity", "origin_bad_coding"},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(of_response(row.input), row.want) << row.input;
  }
}

TEST(ResponseFraming, OfAnAnswerToHeadHasNoBodyButIsStillJudged) {
  const Row rows[] = {
      {"HTTP/1.1 200 OK", "none"},
      {"HTTP/1.1 200 OK|Content-Length: 9", "none"},
      {"HTTP/1.1 200 OK|Transfer-Encoding: chunked", "none"},
      {"HTTP/1.1 200 OK|Content-Length: x", "origin_bad_framing"},
      {"HTTP/1.1 200 OK|Content-Length: 9|Transfer-Encoding: chunked", "origin_bad_framing"},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(of_response(row.input, true), row.want) << row.input;
  }
}

}  // namespace
}  // namespace weir::test
