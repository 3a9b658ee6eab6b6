// SPDX-License-Identifier: Apache-2.0
//
// One key for one URI, and references in responses resolved to keys.
#include "proxy/cache/key.h"

#include <gtest/gtest.h>

#include "proxy/cache/invalidation.h"
#include "tests/unit/cache/cases.h"

namespace weir::test {
namespace {

std::string key(std::string_view scheme, std::string_view host, std::uint16_t port,
                std::string_view path) {
  Arena arena;
  return std::string(cache::cache_key({scheme, host, port, path}, arena));
}

TEST(CacheKey, HasOneSpelling) {
  EXPECT_EQ(key("http", "a.example", 0, ""), "http://a.example:80/");
  EXPECT_EQ(key("http", "a.example", 80, "/"), "http://a.example:80/");
  EXPECT_EQ(key("https", "a.example", 0, "/x"), "https://a.example:443/x");
  EXPECT_EQ(key("http", "a.example", 8080, "/x?y=z"), "http://a.example:8080/x?y=z");
  EXPECT_EQ(key("http", "::1", 80, "/"), "http://[::1]:80/");
  EXPECT_EQ(key("http", "127.0.0.1", 65535, "?q"), "http://127.0.0.1:65535/?q");
  const struct {
    std::string_view path;
    std::string_view want;
  } rows[] = {
      {"/%61%7e%5f%2D", "/a~_-"},
      {"/%2f%3a%c3%bc", "/%2F%3A%C3%BC"},
      {"/a%2e%2e/b", "/a%2E%2E/b"},  // servers differ about dots
      {"/a/../b/./c", "/a/../b/./c"},
      {"/%zz%4", "/%zz%4"},
      {"/%61%4%31", "/a%4%31"},  // a former bug: it became "/a%41"
      {"/%", "/%"},
      {"/a%", "/a%"},
      {"/%2", "/%2"},
      {"/a?", "/a?"},
      {"/A", "/A"},
      {"/a?b=%41%20", "/a?b=A%20"},
      {"//a", "//a"},
      {"/%25%36%31", "/%2561"},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(key("http", "a", 80, row.path), "http://a:80" + std::string(row.want)) << row.path;
  }
}

TEST(CacheKey, IsBounded) {
  EXPECT_EQ(key("http", "a", 80, "/" + std::string(cache::kKeyLimit, 'x')), "");
  EXPECT_NE(key("http", "a", 80, "/" + std::string(cache::kKeyLimit - 64, 'x')), "");
}

TEST(ResolvedKey, FollowsTheReference) {
  const std::string_view base = "http://a.example:80/b/c/d?q";
  const struct {
    std::string_view reference;
    std::string_view want;
  } rows[] = {
      {"", "http://a.example:80/b/c/d?q"},
      {"#f", "http://a.example:80/b/c/d?q"},
      {"x", "http://a.example:80/b/c/x"},
      {"x?y#z", "http://a.example:80/b/c/x?y"},
      {"./x", "http://a.example:80/b/c/x"},
      {"../x", "http://a.example:80/b/x"},
      {"../../../x", "http://a.example:80/x"},
      {"..", "http://a.example:80/b/"},
      {".", "http://a.example:80/b/c/"},
      {"x/", "http://a.example:80/b/c/x/"},
      {"/x", "http://a.example:80/x"},
      {"/x/../y", "http://a.example:80/y"},
      {"?y", "http://a.example:80/b/c/d?y"},
      {"?/../y", "http://a.example:80/b/c/d?/../y"},
      {" /x ", "http://a.example:80/x"},
      {"/%61%2f", "http://a.example:80/a%2F"},
      {"//b.example/x", "http://b.example:80/x"},
      {"//b.example", "http://b.example:80/"},
      {"http://A.EXAMPLE/x", "http://a.example:80/x"},
      {"HTTP://a.example:80/x", "http://a.example:80/x"},
      {"http://a.example?q", "http://a.example:80/?q"},
      {"https://a.example/x", "https://a.example:443/x"},
      {"http://[::1]:8080/x", "http://[::1]:8080/x"},
      {"http://a.example:81/x", "http://a.example:81/x"},
      {"a:b", ""},
      {"ftp://a.example/x", ""},
      {"http:x", ""},
      {"http:///x", ""},
      {"http://u@a.example/x", ""},
      {"http://a.example:0/x", ""},
      {"http://a.example:99999/x", ""},
      {"http://a..example/x", ""},
      {"javascript:alert(1)", ""},
      {"/a b", ""},
      {"/a\tb", ""},
      {"x:y/z", ""},
      {"./x:y", "http://a.example:80/b/c/x:y"},
  };
  for (const auto& row : rows) {
    Arena arena;
    EXPECT_EQ(cache::resolve_key(base, row.reference, arena), row.want) << row.reference;
  }
  Arena arena;
  EXPECT_EQ(cache::resolve_key("https://a:443/x", "//b/y", arena), "https://b:443/y");
  EXPECT_EQ(cache::resolve_key("http://[::1]:80/x/y", "z", arena), "http://[::1]:80/x/z");
  EXPECT_EQ(cache::resolve_key("", "z", arena), "");
  EXPECT_EQ(cache::resolve_key("http://a:80/", std::string(cache::kKeyLimit + 1, 'x'), arena), "");
}

TEST(Origin, IsSchemeHostAndPort) {
  EXPECT_TRUE(cache::same_origin("http://a:80/x", "http://a:80/y?z"));
  EXPECT_FALSE(cache::same_origin("http://a:80/x", "http://a:81/x"));
  EXPECT_FALSE(cache::same_origin("http://a:80/x", "https://a:80/x"));
  EXPECT_FALSE(cache::same_origin("http://a:80/x", "http://a:800/x"));
  EXPECT_FALSE(cache::same_origin("http://a:80/x", "http://b:80/x"));
  EXPECT_FALSE(cache::same_origin("", ""));
}

// The paths that go after this method and answer.
std::string invalidated(std::string_view method, int status, std::string_view fields = "") {
  Arena arena;
  const auto response = answer(fields, status);
  const auto gone = cache::keys_to_invalidate(http::method_of(method), "http://a.example:80/x/y",
                                              response.head, arena);
  std::string out;
  for (const std::string_view each : gone.all()) {
    out += (out.empty() ? "" : " ") +
           std::string(each.substr(std::string_view("http://a.example:80").size()));
  }
  return out;
}

TEST(Invalidation, FollowsUnsafeMethodsThatSucceed) {
  for (const std::string_view method : {"POST", "PUT", "DELETE", "PATCH", "M-SEARCH", "get"}) {
    EXPECT_EQ(invalidated(method, 200), "/x/y") << method;
    EXPECT_EQ(invalidated(method, 204), "/x/y") << method;
    EXPECT_EQ(invalidated(method, 303), "/x/y") << method;
    EXPECT_EQ(invalidated(method, 500), "") << method;
    EXPECT_EQ(invalidated(method, 404), "") << method;
    EXPECT_EQ(invalidated(method, 103), "") << method;
  }
  for (const std::string_view method : {"GET", "HEAD", "OPTIONS", "TRACE"}) {
    EXPECT_EQ(invalidated(method, 200, "Location: /z"), "") << method;
  }
}

TEST(Invalidation, TakesLocationsOfTheSameOriginAlong) {
  const struct {
    std::string_view fields;
    std::string_view want;
  } rows[] = {
      {"Location: z", "/x/y /x/z"},
      {"Content-Location: /z", "/x/y /z"},
      {"Location: z|Content-Location: w", "/x/y /x/z /x/w"},
      {"Location: z|Content-Location: z", "/x/y /x/z"},
      {"Location: y|Content-Location: http://A.example/x/y", "/x/y"},
      {"Location: http://a.example:80/z", "/x/y /z"},
      {"Location: http://b.example/z", "/x/y"},
      {"Location: //b.example/z", "/x/y"},
      {"Location: https://a.example/z", "/x/y"},
      {"Location: http://a.example:81/z", "/x/y"},
      {"Content-Location: http://b.example/z", "/x/y"},
      {"Location: http://a.example@b.example/z", "/x/y"},
      {"Location: \\\\b.example\\z", "/x/y /x/\\\\b.example\\z"},
      {"Location: mailto:x", "/x/y"},
      {"Location: ", "/x/y"},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(invalidated("POST", 201, row.fields), row.want) << row.fields;
  }
}

}  // namespace
}  // namespace weir::test
