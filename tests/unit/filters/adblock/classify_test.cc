// SPDX-License-Identifier: Apache-2.0
//
// What a request is for and whose page it belongs to, from its fields; and the URL put together.
#include <gtest/gtest.h>

#include "tests/unit/filters/adblock/judging.h"

namespace weir::filters {
namespace {

using enum ResourceKind;

struct Row {
  const char* method;
  const char* url;
  Fields fields;
  ResourceKind kind;
  const char* page;
  Party party;
};

TEST(Classify, ReadsTheFieldsOfBrowsers) {
  const std::vector<Row> rows = {
      {"GET",
       "https://a.test/",
       {{"sec-fetch-dest", "document"}, {"referer", "https://b.test/"}},
       Document,
       "a.test",
       Party::First},
      {"GET",
       "https://a.test/",
       {{"sec-fetch-dest", "iframe"}, {"referer", "https://b.test/x"}},
       Subdocument,
       "b.test",
       Party::Third},
      {"GET",
       "https://a.test/",
       {{"sec-fetch-dest", "paintworklet"}},
       Script,
       "a.test",
       Party::First},
      {"GET", "https://a.test/", {{"sec-fetch-dest", "embed"}}, Object, "a.test", Party::First},
      {"GET", "https://a.test/", {{"sec-fetch-dest", "track"}}, Other, "a.test", Party::First},
      {"GET", "https://a.test/", {{"sec-fetch-dest", "report"}}, CspReport, "a.test", Party::First},
      {"GET", "https://a.test/", {{"sec-fetch-dest", "empty"}}, Xhr, "a.test", Party::First},
      {"GET",
       "https://a.test/",
       {{"sec-fetch-dest", "empty"}, {"sec-purpose", "prefetch"}},
       Other,
       "a.test",
       Party::First},
      {"POST",
       "https://a.test/",
       {{"sec-fetch-dest", "empty"}, {"sec-fetch-mode", "no-cors"}},
       Ping,
       "a.test",
       Party::First},
      {"POST",
       "https://a.test/",
       {{"sec-fetch-dest", "empty"},
        {"sec-fetch-mode", "cors"},
        {"content-type", "text/plain;charset=UTF-8"}},
       Ping,
       "a.test",
       Party::First},
      {"POST",
       "https://a.test/",
       {{"sec-fetch-dest", "empty"}, {"sec-fetch-mode", "cors"}},
       Xhr,
       "a.test",
       Party::First},
      {"GET",
       "https://a.test/",
       {{"sec-fetch-dest", "empty"}, {"ping-to", "https://x.test"}},
       Ping,
       "a.test",
       Party::First},
      {"GET",
       "https://a.test/",
       {{"upgrade", "WebSocket"}, {"origin", "https://b.test"}},
       Websocket,
       "b.test",
       Party::Third},
      // Plain http.
      {"GET",
       "http://a.test/",
       {{"x-requested-with", "XMLHttpRequest"}},
       Xhr,
       "a.test",
       Party::First},
      {"GET", "http://a.test/", {{"accept", "text/html,*/*"}}, Document, "a.test", Party::First},
      {"GET",
       "http://a.test/",
       {{"accept", "text/html"}, {"referer", "http://www.a.test/"}},
       Document,
       "a.test",
       Party::First},
      {"GET",
       "http://a.test/",
       {{"accept", "text/html"}, {"referer", "http://b.test/"}},
       Subdocument,
       "b.test",
       Party::Third},
      {"GET",
       "http://a.test/",
       {{"accept", "text/css,*/*;q=0.1"}},
       Stylesheet,
       "a.test",
       Party::First},
      {"GET",
       "http://a.test/",
       {{"accept", "image/avif,image/webp"}},
       Image,
       "a.test",
       Party::First},
      {"GET",
       "http://a.test/",
       {{"accept", "*/*"}, {"range", "bytes=0-"}, {"accept-encoding", "identity;q=1, *;q=0"}},
       Media,
       "a.test",
       Party::First},
      {"GET",
       "http://a.test/x.min.JS?a=b.css",
       {{"accept", "*/*"}},
       Script,
       "a.test",
       Party::First},
      {"GET", "http://a.test/x.woff2", {{"accept", "*/*"}}, Font, "a.test", Party::First},
      {"GET",
       "http://a.test/x",
       {{"accept", "*/*"}, {"origin", "http://b.test"}},
       Xhr,
       "b.test",
       Party::Third},
      {"POST", "http://a.test/x", {}, Xhr, "a.test", Party::First},
      {"GET", "http://a.test/x", {}, Other, "a.test", Party::First},
      // The page.
      {"GET", "http://a.test/x", {{"sec-fetch-site", "cross-site"}}, Other, "", Party::Third},
      {"GET",
       "http://a.test/x",
       {{"referer", "https://B.test:8443/x"}},
       Other,
       "b.test",
       Party::Third},
      {"GET",
       "http://a.test/x",
       {{"referer", "about:blank"}, {"origin", "null"}},
       Xhr,
       "a.test",
       Party::First},
      {"GET",
       "http://a.b.co.uk/x",
       {{"referer", "http://c.co.uk/"}},
       Other,
       "c.co.uk",
       Party::Third},
      {"GET", "http://[::1]/x", {{"referer", "http://[0:0::1]/"}}, Other, "::1", Party::First},
  };
  for (const auto& row : rows) {
    Arena arena;
    Subject subject;
    subject.method = row.method;
    subject.request = {&row.fields, field_of};
    ASSERT_TRUE(parse_url(row.url, subject, arena)) << row.url;
    classify(subject, arena);
    const auto shown = testing::PrintToString(row.fields);
    EXPECT_EQ(subject.kind, row.kind) << row.url << shown << " got " << kind_name(subject.kind);
    EXPECT_EQ(subject.page_host, row.page) << row.url << shown;
    EXPECT_EQ(subject.party, row.party) << row.url << shown;
  }
}

TEST(Classify, RegistrableDomainsKnowPrivateSuffixes) {
  EXPECT_EQ(registrable_domain("a.b.co.uk"), "b.co.uk");
  EXPECT_EQ(registrable_domain("x.y.github.io"), "y.github.io");
  EXPECT_EQ(registrable_domain("github.io"), "github.io");
  EXPECT_EQ(registrable_domain("a.b.test"), "b.test");
  EXPECT_EQ(registrable_domain("1.2.3.4"), "1.2.3.4");
  EXPECT_EQ(registrable_domain("::1"), "::1");
  EXPECT_EQ(registrable_domain("com"), "com");
  EXPECT_EQ(registrable_domain(""), "");
}

TEST(Url, IsPutTogetherOnce) {
  struct {
    const char* method;
    const char* text;
    const char* url;  // empty: refused
    const char* path;
  } const rows[] = {
      {"GET", "HTTPS://A.Test.:443/x", "https://a.test/x", "/x"},
      {"GET", "http://a.test", "http://a.test/", "/"},
      {"GET", "http://a.test?x", "http://a.test/?x", "/?x"},
      {"GET", "http://a.test:8080/x?y#z", "http://a.test:8080/x?y", "/x?y"},
      {"GET", "http://u:p@a.test/", "http://a.test/", "/"},
      {"GET", "http://[::0:1]:80/", "http://[::1]/", "/"},
      {"GET", "http://a.test/%61%2f%2F%7e%zz%", "http://a.test/a%2F%2F~%zz%", "/a%2F%2F~%zz%"},
      {"CONNECT", "a.test:443", "https://a.test/", "/"},
      {"CONNECT", "a.test:8443", "https://a.test/", "/"},
      {"CONNECT", "a.test", "", ""},
      {"GET", "a.test/x", "", ""},
      {"GET", "http:///x", "", ""},
      {"GET", "http://a.test:0/x", "", ""},
      {"GET", "http://a..test/x", "", ""},
  };
  for (const auto& row : rows) {
    Arena arena;
    Subject subject;
    subject.method = row.method;
    const bool good = parse_url(row.text, subject, arena);
    EXPECT_EQ(good, *row.url != '\0') << row.text;
    if (good) {
      EXPECT_EQ(subject.url, row.url);
      EXPECT_EQ(subject.path, row.path);
    }
  }
}

}  // namespace
}  // namespace weir::filters
