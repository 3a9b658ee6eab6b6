// SPDX-License-Identifier: Apache-2.0
//
// Request targets in their four forms, authorities, ports and the Host field: what is cut out of
// them and what is refused with which failure.
#include "proxy/http/target.h"

#include "tests/unit/http/heads.h"

namespace weir::test {
namespace {

using http::TargetForm;

struct Row {
  std::string_view input;
  std::string_view want;
};

std::string picture(const http::Authority& a) {
  return (a.bracketed ? "[" : "") + std::string(a.host) + (a.bracketed ? "]" : "") + " " +
         std::to_string(a.port) + " as " + std::string(a.text);
}

std::string authority(std::string_view text) {
  const auto out = http::parse_authority(text);
  return out ? picture(*out) : std::string(word(out.error()));
}

std::string authority_form(std::string_view text) {
  const auto out = http::parse_authority_form(text);
  return out ? picture(*out) : std::string(word(out.error()));
}

// "form authority path" of a request line's method and target.
std::string target(std::string_view method, std::string_view text) {
  http::RequestHead head;
  head.method = method;
  head.method_id = http::method_of(method);
  head.target = text;
  Arena arena;
  const auto out = http::parse_target(head, arena);
  if (!out) {
    return std::string(word(out.error()));
  }
  switch (out->form) {
    case TargetForm::Origin:
      return "origin " + std::string(out->path);
    case TargetForm::Absolute:
      return "absolute " + picture(out->authority) + " " + std::string(out->path);
    case TargetForm::Authority:
      return "authority " + picture(out->authority);
    case TargetForm::Asterisk:
      return "asterisk " + std::string(out->path);
  }
  return "?";
}

TEST(Authority, IsCutIntoHostAndPort) {
  const Row rows[] = {
      {"a", "a 0 as a"},
      {"a.test", "a.test 0 as a.test"},
      {"A.Test.", "A.Test. 0 as A.Test."},
      {"a_b-c.test:80", "a_b-c.test 80 as a_b-c.test:80"},
      {"127.0.0.1:1", "127.0.0.1 1 as 127.0.0.1:1"},
      {"a:65535", "a 65535 as a:65535"},
      {"a:080", "a 80 as a:080"},
      {"a:00080", "a 80 as a:00080"},
      {"a:", "a 0 as a"},
      {"[::1]", "[::1] 0 as [::1]"},
      {"[::1]:", "[::1] 0 as [::1]"},
      {"[2001:db8::1]:8080", "[2001:db8::1] 8080 as [2001:db8::1]:8080"},
      {"[::ffff:127.0.0.1]:80", "[::ffff:127.0.0.1] 80 as [::ffff:127.0.0.1]:80"},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(authority(row.input), row.want) << row.input;
  }
}

TEST(Authority, ThatIsNotStrictIsRefused) {
  const Row rows[] = {
      {"", "bad_target"},
      {":", "bad_target"},
      {":80", "bad_target"},
      {" a", "bad_target"},
      {"a ", "bad_target"},
      {"a,b", "bad_target"},
      {"a;b", "bad_target"},
      {"a%2e", "bad_target"},
      {"a/b", "bad_target"},
      {"a\\b", "bad_target"},
      {"a?b", "bad_target"},
      {"a\xc3\xa4", "bad_target"},
      {"a~b", "bad_target"},
      {"a*", "bad_target"},
      {"*", "bad_target"},
      {"u@a", "userinfo_in_target"},
      {"u:p@a:80", "userinfo_in_target"},
      {"@a", "userinfo_in_target"},
      {"a@", "userinfo_in_target"},
      {"[::1]@a", "userinfo_in_target"},
      // Ports.
      {"a:0", "bad_port"},
      {"a:00000", "bad_port"},
      {"a:65536", "bad_port"},
      {"a:99999", "bad_port"},
      {"a:000080", "bad_port"},
      {"a:131152", "bad_port"},
      {"a:4294967376", "bad_port"},
      {"a:18446744073709551696", "bad_port"},
      {"a:+80", "bad_port"},
      {"a:-80", "bad_port"},
      {"a: 80", "bad_port"},
      {"a:80 ", "bad_port"},
      {"a:0x50", "bad_port"},
      {"a:8e1", "bad_port"},
      {"a:80:80", "bad_port"},
      {"a::80", "bad_port"},
      {"a::", "bad_port"},
      {"a:http", "bad_port"},
      {"::1", "bad_target"},
      {"[::1]:0", "bad_port"},
      {"[::1]:65536", "bad_port"},
      // Brackets.
      {"[", "bad_target"},
      {"[]", "bad_target"},
      {"[::1", "bad_target"},
      {"[::1]a", "bad_target"},
      {"[::1]80", "bad_target"},
      {"[::1]]", "bad_target"},
      {"[[::1]]", "bad_target"},
      {"[127.0.0.1]", "bad_target"},
      {"[a.test]", "bad_target"},
      {"[fe80::1%eth0]", "bad_target"},
      {"[fe80::1%25eth0]", "bad_target"},
      {"[v1.x]", "bad_target"},
      {"[12345::]", "bad_target"},
      {"a[::1]", "bad_target"},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(authority(row.input), row.want) << row.input;
  }
}

TEST(Authority, AcceptsEachPortAndNoOtherNumber) {
  for (unsigned port = 0; port <= 70'000; ++port) {
    const std::string text = "a:" + std::to_string(port);
    const auto out = http::parse_authority(text);
    ASSERT_EQ(out.has_value(), port >= 1 && port <= 65535) << port;
    ASSERT_TRUE(!out || out->port == port) << port;
  }
}

TEST(AuthorityForm, NeedsAPort) {
  const Row rows[] = {
      {"a:443", "a 443 as a:443"},
      {"[::1]:443", "[::1] 443 as [::1]:443"},
      {"a", "bad_port"},
      {"a:", "bad_port"},
      {"[::1]", "bad_port"},
      {"[::1]:", "bad_port"},
      {"a:0", "bad_port"},
      {"a:443/", "bad_port"},
      {"a/:443", "bad_target"},
      {"http://a:443", "bad_port"},
      {"/", "bad_target"},
      {"*", "bad_target"},
      {"u@a:443", "userinfo_in_target"},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(authority_form(row.input), row.want) << row.input;
    EXPECT_EQ(target("CONNECT", row.input).substr(0, 9),
              http::parse_authority_form(row.input) ? "authority" : row.want.substr(0, 9));
  }
}

TEST(Target, IsUnderstoodInItsFourForms) {
  struct {
    std::string_view method;
    std::string_view input;
    std::string_view want;
  } const rows[] = {
      {"GET", "/", "origin /"},
      {"GET", "//a/b", "origin //a/b"},
      {"GET", "/http://x/", "origin /http://x/"},
      {"OPTIONS", "*", "asterisk *"},
      {"CONNECT", "a:1", "authority a 1 as a:1"},
      {"GET", "http://a", "absolute a 0 as a /"},
      {"GET", "http://a/", "absolute a 0 as a /"},
      {"GET", "HTTP://a/", "absolute a 0 as a /"},
      {"GET", "http://a:/", "absolute a 0 as a /"},
      {"GET", "http://a:80/x", "absolute a 80 as a:80 /x"},
      {"GET", "http://[::1]:8/x", "absolute [::1] 8 as [::1]:8 /x"},
      {"GET", "http://a?", "absolute a 0 as a /?"},
      {"GET", "http://a?q@/x", "absolute a 0 as a /?q@/x"},
      {"GET", "http://a/?", "absolute a 0 as a /?"},
      {"GET", "http://a/u@b:c", "absolute a 0 as a /u@b:c"},
      {"GET", "http://a/b/../c//%2F%zz?{}|\\", "absolute a 0 as a /b/../c//%2F%zz?{}|\\"},
      {"GET", "http://a/http://b/", "absolute a 0 as a /http://b/"},
      {"OPTIONS", "http://a", "absolute a 0 as a *"},
      {"OPTIONS", "http://a:8080", "absolute a 8080 as a:8080 *"},
      {"OPTIONS", "http://a/", "absolute a 0 as a /"},
      {"OPTIONS", "http://a?q", "absolute a 0 as a /?q"},
      {"BREW", "http://a", "absolute a 0 as a /"},
      {"options", "http://a", "absolute a 0 as a /"},
      // Refused.
      {"GET", "*", "bad_target"},
      {"options", "*", "bad_target"},
      {"OPTIONS", "**", "bad_target"},
      {"GET", "x", "bad_target"},
      {"GET", "?x", "bad_target"},
      {"GET", "a:80", "bad_target"},
      {"GET", "a.test/x", "bad_target"},
      {"GET", "://a/", "bad_target"},
      {"GET", "1http://a/", "bad_target"},
      {"GET", "http:", "bad_target"},
      {"GET", "http:/a", "bad_target"},
      {"GET", "http:a", "bad_target"},
      {"GET", "http:\\\\a/", "bad_target"},
      {"GET", "http//a/", "bad_target"},
      {"GET", "http://", "bad_target"},
      {"GET", "http:///x", "bad_target"},
      {"GET", "http://?x", "bad_target"},
      {"GET", "http://:80/", "bad_target"},
      {"GET", "http://a\\b/", "bad_target"},
      {"GET", "http://u@a/", "userinfo_in_target"},
      {"GET", "http://a:0/", "bad_port"},
      {"GET", "http://a:65536/", "bad_port"},
      {"GET", "https://a/", "unsupported_scheme"},
      {"GET", "ftp://a/", "unsupported_scheme"},
      {"GET", "httpx://a/", "unsupported_scheme"},
      {"GET", "ws://a/", "unsupported_scheme"},
      {"CONNECT", "/", "bad_target"},
      {"CONNECT", "http://a/", "bad_port"},
      {"connect", "a:443", "bad_target"},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(target(row.method, row.input), row.want) << row.method << " " << row.input;
  }
}

TEST(HostField, IsOneValidAuthorityInHttp11) {
  const Row rows[] = {
      {"GET http://a/ HTTP/1.1|Host: a", "-"},
      {"GET http://a/ HTTP/1.1|HOST: other:81", "-"},  // the target wins; Host only has to be valid
      {"GET http://a/ HTTP/1.1|Host: [::1]:80", "-"},
      {"GET http://a/ HTTP/1.1|Host: a:", "-"},
      {"GET http://a/ HTTP/1.1", "bad_host"},
      {"GET http://a/ HTTP/1.0", "-"},
      {"GET http://a/ HTTP/1.1|Host: a|Host: a", "bad_host"},
      {"GET http://a/ HTTP/1.0|Host: a|host: a", "bad_host"},
      {"GET http://a/ HTTP/1.0|Host: a, b", "bad_host"},
      {"GET http://a/ HTTP/1.1|Host: a, b", "bad_host"},
      {"GET http://a/ HTTP/1.1|Host: a b", "bad_host"},
      {"GET http://a/ HTTP/1.1|Host: http://a/", "bad_host"},
      {"GET http://a/ HTTP/1.1|Host: a/x", "bad_host"},
      {"GET http://a/ HTTP/1.1|Host: u@a", "bad_host"},
      {"GET http://a/ HTTP/1.1|Host: a:0", "bad_host"},
      {"GET http://a/ HTTP/1.1|Host: a:65536", "bad_host"},
      {"GET http://a/ HTTP/1.1|Host: a:80:80", "bad_host"},
      {"GET http://a/ HTTP/1.1|Host: ::1", "bad_host"},
      {"GET http://a/ HTTP/1.1|Host: [::1", "bad_host"},
      {"GET http://a/ HTTP/1.1|Host: a%2e", "bad_host"},
      {"GET http://a/ HTTP/1.1|Host: a\x85", "bad_host"},
      {"GET http://a/ HTTP/1.1|Host: *", "bad_host"},
      {"GET http://a/ HTTP/1.1|Host:", "bad_host"},
      {"GET / HTTP/1.1|Host:", "-"},
      {"OPTIONS * HTTP/1.1|Host:", "-"},
      {"CONNECT a:443 HTTP/1.1|Host: a:443", "-"},
      {"CONNECT a:443 HTTP/1.1", "bad_host"},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(word(http::check_host(request(row.input).head)), row.want) << row.input;
  }
}

// Former bugs

TEST(Authority, InATextForHostHasNoEmptyPort) {
  EXPECT_EQ(authority("a.test:"), "a.test 0 as a.test");
  EXPECT_EQ(target("GET", "http://[::1]:/x"), "absolute [::1] 0 as [::1] /x");
}

}  // namespace
}  // namespace weir::test
