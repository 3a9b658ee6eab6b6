// SPDX-License-Identifier: Apache-2.0
//
// What the first bytes of a connection say, for whole openings and for every beginning of them.
#include "proxy/http/opening.h"

#include <gtest/gtest.h>

#include <string>

namespace weir::http {
namespace {

constexpr std::size_t kLongest = 1000;

struct Row {
  std::string_view in;
  Opening wanted;
};

constexpr Row kRows[] = {
    {"GET / HTTP/1.1\r\n", Opening::Http},
    {"GET / HTTP/1.0\n", Opening::Http},
    {"\r\n\nGET / HTTP/1.1\r\n", Opening::Http},
    {"get / HTTP/1.1\r\n", Opening::Http},
    {"CONNECT a.test:443 HTTP/1.1\r\n", Opening::Http},
    {"GET http://a.test/ HTTP/1.1\r\nHost", Opening::Http},
    {"BREW /pot HTTP/1.1\r\n", Opening::Http},
    {"GET /a b HTTP/1.1\r\n", Opening::Http},  // for the parser to refuse
    {"GET / HTTP/2.0\r\n", Opening::Http},
    {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", Opening::Http},
    {"GET /\r\n", Opening::Http},  // HTTP/0.9
    {"get http://a.test/\n", Opening::Http},
    {"GET\t/\tHTTP/1.1\r\n", Opening::Http},
    // What some servers take for a blank.
    {"\x0bGET /x HTTP/1.1\r\n", Opening::Http},
    {"\x0cGET /x HTTP/1.1\r\n", Opening::Http},
    {"\xa0GET /x HTTP/1.1\r\n", Opening::Http},
    {"\x1f\x85 Foo /x HTTP/1.1\r\n", Opening::Http},
    {"GET\x0b/x HTTP/1.1\r\n", Opening::Http},
    {"GET\x0c/x\x0cHTTP/1.1\r\n", Opening::Http},
    {"PROPFIND /x\x0bHTTP/1.1\r\n", Opening::Http},
    {"PROPFIND /x\rHTTP/1.1\r\n", Opening::Http},
    {"foo\x1c/x\x1dHTTP/1.1\r\n", Opening::Http},
    {"\x0b", Opening::Unclear},
    {"\x0bGET", Opening::Begun},
    {"\x1d\x01", Opening::Other},
    {"GET / HTTP/01.1\r\n", Opening::Http},
    {"GET / http/1.1\r\n", Opening::Http},
    {"BREW /pot\tHTTP/1.1\r\n", Opening::Http},
    // Without a version, as Node takes them; the second is all there is of HTTP/0.9.
    {"BREW /pot\r\n", Opening::Http},
    {"FOO /\r\n", Opening::Http},
    {"SEARCH /x\r\nHost: a.test\r\n\r\n", Opening::Http},
    {"M-SEARCH *\r\nHost: a.test\r\n\r\n", Opening::Http},
    {"search foo://a.test/x\r\n", Opening::Http},
    {"PURGE https://a.test\n", Opening::Http},
    {"FOO / x\r\n", Opening::Http},
    {"FOO a.test/x\r\n", Opening::Other},
    {"PASS *x\r\n", Opening::Other},  // IRC
    {{"0032git-upload-pack /a.git\0host=a.test\0", 39}, Opening::Other},
    {"SOURCE /x ICE/1.0\r\n", Opening::Http},
    {"DESCRIBE rtsp://a.test/x RTSP/1.0\r\n", Opening::Other},
    // The PROXY protocol, behind which a request or a greeting would pass unread.
    {"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\nGET / HTTP/1.1\r\n", Opening::Http},
    {"PROXY UNKNOWN\r\n", Opening::Http},
    {"PROXY TCP", Opening::Begun},
    {{"\r\n\r\n\0\r\nQUIT\n!\x11\0\x0c", 16}, Opening::Http},
    {{"\r\n\r\n\0\r\nQ", 8}, Opening::Begun},
    {{"\r\n\r\n\0", 5}, Opening::Begun},
    {{"\r\n\r\n\0\r\nquit\n", 12}, Opening::Other},
    {"OPTIONS sip:a.test SIP/2.0\r\n", Opening::Other},
    {"OPTIONS * RTSP/1.0\r\n", Opening::Other},
    {"GET / RTSP/1.0\r\n", Opening::Http},  // a version of what, not every server asks
    {"Foo / HTTP/1.1\r\n", Opening::Http},
    {"foo http://a.test/ HTTP/1.1\n", Opening::Http},
    {"", Opening::Begun},
    {"\r\n", Opening::Begun},
    {"G", Opening::Begun},
    {"pos", Opening::Begun},
    {"GET", Opening::Begun},
    {"GET ", Opening::Begun},
    {"GET a.test", Opening::Begun},
    {"BREW /", Opening::Begun},
    {"OPTIONS *", Opening::Begun},
    {"GETS", Opening::Begun},
    {"PRO", Opening::Begun},
    {"PROPFIND http:", Opening::Begun},
    {"Pro", Opening::Unclear},
    {"Foo ", Opening::Begun},
    {"Foo /", Opening::Begun},
    {"foo h", Opening::Unclear},
    {"foo http://", Opening::Begun},
    {"foo bar HTTP/1.1", Opening::Begun},
    {"JDWP-Handshake", Opening::Unclear},
    {"hello", Opening::Unclear},
    {"hello world", Opening::Unclear},
    {"hello world\n", Opening::Other},
    {"HELO mail.a.test\r\n", Opening::Other},
    {"SSH-2.0-x\r\n", Opening::Other},
    {" GET / HTTP/1.1\r\n", Opening::Http},
    {"\tGET", Opening::Begun},
    {"G\x01", Opening::Other},
    {"GET\r\n", Opening::Http},
    {"\x16\x03\x01", Opening::Other},
    {"{\"id\":1}", Opening::Other},
    {"<?xml", Opening::Other},
    {"aMethodThatIsLongerThanAnyMethodThereIs", Opening::Unclear},
    {"AMETHODTHATISLONGERTHANANYMETHODTHEREIS / HTTP/1.1\r\n", Opening::Http},
};

TEST(Opening, SaysWhatTheFirstBytesAre) {
  for (const Row& row : kRows) {
    EXPECT_EQ(opening_of(row.in, kLongest), row.wanted) << row.in;
  }
  EXPECT_EQ(opening_of(std::string_view("\0\0", 2), kLongest), Opening::Other);
}

// However a request is cut, nothing shorter than its line is taken for something else.
TEST(Opening, NeverTakesTheBeginningOfARequestForAnything) {
  for (const std::string_view request :
       {"GET /a HTTP/1.1\r\n", "\r\nPOST / HTTP/1.1\r\n", "CONNECT a.test:443 HTTP/1.1\n",
        "PROPFIND /a HTTP/1.1\r\n", "Foo / HTTP/1.1\r\n", "foo  http://a.test/ HTTP/1.1\r\n",
        "GET / RTSP/1.0\r\n", "FOO /\r\n", "Foo *\n", "foo a://b\r\n", "PROXY TCP4 a b 1 2\r\n"}) {
    for (std::size_t cut = 0; cut < request.size(); ++cut) {
      const Opening seen = opening_of(request.substr(0, cut), kLongest);
      EXPECT_TRUE(seen == Opening::Begun || seen == Opening::Unclear) << request.substr(0, cut);
    }
    EXPECT_EQ(opening_of(request, kLongest), Opening::Http);
  }
}

TEST(Opening, LeavesALineWithoutEndToTheParser) {
  EXPECT_EQ(opening_of("GET /" + std::string(kLongest, 'a'), kLongest), Opening::Http);
  EXPECT_EQ(opening_of("foo /" + std::string(kLongest, 'a'), kLongest), Opening::Http);
  EXPECT_EQ(opening_of("foo http://a.test/" + std::string(kLongest, 'a'), kLongest), Opening::Http);
  EXPECT_EQ(opening_of("foo bar://a.test/" + std::string(kLongest, 'a'), kLongest), Opening::Http);
  EXPECT_EQ(opening_of("hello world" + std::string(kLongest, 'a'), kLongest), Opening::Other);
  EXPECT_EQ(opening_of(std::string(kLongest, 'a'), kLongest), Opening::Other);
}

// Where the client has ended its half, a server may take what is there for a line.
TEST(Opening, IsDecidedAtTheEnd) {
  for (const std::string_view request :
       {"GET /", "get /\r", "\r\nFoo / HTTP/1.0", "GET / HTTP/1.1", "FOO /", "PROXY TCP4"}) {
    EXPECT_EQ(last_opening_of(request), Opening::Http) << request;
  }
  for (const std::string_view other : {"", "\r\n", "GET", "hello", "hello world", "foo bar HTTP"}) {
    EXPECT_EQ(last_opening_of(other), Opening::Other) << other;
  }
}

}  // namespace
}  // namespace weir::http
