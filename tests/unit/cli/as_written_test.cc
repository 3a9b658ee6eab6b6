// SPDX-License-Identifier: Apache-2.0
//
// What lists alone are asked about a URL that no proxy would take as it is written.
#include "proxy/cli/as_written.h"

#include <gtest/gtest.h>

#include <string>

namespace weir::cli {
namespace {

struct Row {
  std::string url;
  std::string host;  // empty: not judged at all
  std::string judged;
};

void expect(const std::vector<Row>& rows, std::string_view method) {
  for (const Row& row : rows) {
    Arena arena;
    Asked asked;
    asked.url = row.url;
    asked.method = method;
    filters::Subject subject;
    EXPECT_EQ(describe_as_written(asked, arena, subject), !row.host.empty()) << row.url;
    if (!row.host.empty()) {
      EXPECT_EQ(subject.host, row.host) << row.url;
      EXPECT_EQ(subject.url, row.judged) << row.url;
      EXPECT_EQ(subject.host_only, method == "CONNECT") << row.url;
    }
  }
}

TEST(AsWritten, KeepsWhatOtherEnginesSee) {
  expect({{"http://a.example", "a.example", "http://a.example"},
          {"http://a.example#x", "a.example", "http://a.example"},
          {"http://a.example?x", "a.example", "http://a.example/?x"},
          {"http://ad1./", "ad1", "http://ad1./"},
          {"http://ad1.", "ad1", "http://ad1."},
          {"http://u.:p@ad1.:8080/x.js", "ad1", "http://ad1.:8080/x.js"},
          {"http://u.:p@ad1:80/x.js", "ad1", "http://ad1/x.js"},
          {"HTTP://A.Example/%61/../B", "a.example", "http://a.example/B"},
          {"wss://a.example:443/s", "a.example", "wss://a.example/s"},
          {"ftp://a.example/s", "a.example", "ftp://a.example/s"},
          {"http://[::ffff:1.2.3.4]/", "1.2.3.4", "http://1.2.3.4/"}},
         "GET");
}

TEST(AsWritten, TakesAHostThatIsNoneAsText) {
  const std::string label(64, 'a');
  expect({{"http://x.1.2.3.4/a", "x.1.2.3.4", "http://x.1.2.3.4/a"},
          {"http://1.2.3.4./a", "1.2.3.4", "http://1.2.3.4/a"},
          {"http://0x7f.1/", "0x7f.1", "http://0x7f.1/"},
          {"https://ADS..js/x", "ads..js", "https://ads..js/x"},
          {"https://.cloudfront.net/x", ".cloudfront.net", "https://.cloudfront.net/x"},
          {"https://a*b.example/", "a*b.example", "https://a*b.example/"},
          {"https://a%2Eexample/", "a%2eexample", "https://a%2eexample/"},
          {"https://tést.example/é", "xn--tst-bma.example", "https://xn--tst-bma.example/é"},
          {"https://😀.example/", "xn--e28h.example", "https://xn--e28h.example/"},
          {"https://ads。example/", "ads.example", "https://ads.example/"},
          {"https://" + label + ".example/", label + ".example", "https://" + label + ".example/"},
          {"http://a.example:99999/x", "a.example", "http://a.example/x"},
          {"http://a.example:0/x", "a.example", "http://a.example/x"},
          {"http://a.example:8x/x", "a.example", "http://a.example/x"},
          {"https://a..b:8443/x", "a..b", "https://a..b:8443/x"},
          {"http://[fe80::1%25eth0]/", "fe80::1%25eth0", "http://fe80::1%25eth0/"},
          {"http://[::1/", "[", "http://[/"}},
         "GET");
}

// As the parsers of browsers do (WHATWG URL): the user of one is not the host of another.
TEST(AsWritten, TakesABackslashForASlash) {
  expect({{R"(http://a.example\@b.example/x)", "a.example", R"(http://a.example/\@b.example/x)"},
          {R"(http:\\a.example\x)", "a.example", R"(http://a.example/\x)"},
          {"https:/a.example/x", "a.example", "https://a.example/x"},
          {"https:a.example/x", "a.example", "https://a.example/x"},
          {"http:///a.example/x", "a.example", "http://a.example/x"}},
         "GET");
}

TEST(AsWritten, RefusesWhatNamesNoHost) {
  expect({{"no url", "", ""},
          {"a.example/x", "", ""},
          {"a.example:80/x", "", ""},
          {"//a.example/x", "", ""},
          {"http://", "", ""},
          {"http://...", "", ""},
          {"data:text/plain,x", "", ""},
          {"about:blank", "", ""}},
         "GET");
}

TEST(AsWritten, TakesTunnels) {
  expect({{"a.example:443", "a.example", "https://a.example/"},
          {"a.example.:443", "a.example", "https://a.example/"},
          {"a.example", "a.example", "https://a.example/"},
          {"x.1.2.3.4:443", "x.1.2.3.4", "https://x.1.2.3.4/"},
          {"a..b:443", "a..b", "https://a..b/"},
          {"tést.example:443", "xn--tst-bma.example", "https://xn--tst-bma.example/"},
          {"a.example:70000", "a.example", "https://a.example/"},
          {":443", "", ""},
          {"http://a.example:443", "", ""}},
         "CONNECT");
}

}  // namespace
}  // namespace weir::cli
