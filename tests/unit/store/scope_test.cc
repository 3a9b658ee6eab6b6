// SPDX-License-Identifier: Apache-2.0
//
// What an operator's words cover.
#include "proxy/store/scope.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weir::store {
namespace {

using Kind = Scope::Kind;

std::string made(Kind kind, std::string_view written) {
  const auto scope = make_scope(kind, written);
  return scope ? scope->text : "no";
}

bool covered(Kind kind, std::string_view written, std::string_view key) {
  const auto scope = make_scope(kind, written);
  return scope && covers(*scope, key, {});
}

TEST(Scope, UrlsAreSpelledAsKeysAre) {
  EXPECT_EQ(made(Kind::Url, "http://Example.COM/a%7eb"), "http://example.com:80/a~b");
  EXPECT_EQ(made(Kind::Prefix, "http://example.com"), "http://example.com:80/");
  EXPECT_EQ(made(Kind::Url, "/path"), "no");
  EXPECT_EQ(made(Kind::Url, ""), "no");
  EXPECT_EQ(made(Kind::Url, "ftp://example.com/"), "no");
  EXPECT_EQ(made(Kind::Url, "http://ex ample/"), "no");
}

TEST(Scope, HostsAreNormalisedAndMayHaveADotInFrontAndAPortBehind) {
  EXPECT_EQ(made(Kind::Host, "Example.com."), "example.com");
  EXPECT_EQ(made(Kind::Host, ".example.com"), ".example.com");
  EXPECT_EQ(made(Kind::Host, "example.com:8080"), "example.com:8080");
  EXPECT_EQ(made(Kind::Host, "[::1]"), "[::1]");
  for (const auto* bad : {"", ".", "a b", "http://a/", "a/b", "a:99999", "a@b"}) {
    EXPECT_EQ(made(Kind::Host, bad), "no") << bad;
  }
}

TEST(Scope, AHostCoversItselfAloneUnlessADotIsInFront) {
  const std::string_view key = "http://www.example.com:8080/a";
  EXPECT_TRUE(covered(Kind::Host, "www.example.com", key));
  EXPECT_TRUE(covered(Kind::Host, "www.example.com:8080", key));
  EXPECT_FALSE(covered(Kind::Host, "www.example.com:80", key));
  EXPECT_FALSE(covered(Kind::Host, "example.com", key));
  EXPECT_TRUE(covered(Kind::Host, ".example.com", key));
  EXPECT_TRUE(covered(Kind::Host, ".www.example.com", key));
  EXPECT_FALSE(covered(Kind::Host, ".ample.com", key));
  EXPECT_TRUE(covered(Kind::Host, "[::1]", "http://[::1]:80/"));
  EXPECT_TRUE(covered(Kind::Host, "[::1]:80", "http://[::1]:80/"));
  EXPECT_FALSE(covered(Kind::Host, "[::1]:81", "http://[::1]:80/"));
  EXPECT_FALSE(covered(Kind::Host, "b", "http://a:80/http://b:80/"));
}

TEST(Scope, UrlsPrefixesAndAll) {
  EXPECT_TRUE(covered(Kind::Url, "http://a/x", "http://a:80/x"));
  EXPECT_FALSE(covered(Kind::Url, "http://a/x", "http://a:80/xy"));
  EXPECT_TRUE(covered(Kind::Prefix, "http://a/x", "http://a:80/xy"));
  EXPECT_FALSE(covered(Kind::Prefix, "http://a/x", "https://a:443/x"));
  EXPECT_TRUE(covered(Kind::All, "", "http://a:80/x"));
}

TEST(Scope, TagsAreWordsOfBothFields) {
  http::Fields stored;
  stored.lines.push_back({"Surrogate-Key", "one two,,three", http::FieldId::SurrogateKey});
  stored.lines.push_back({"Cache-Tag", " four, one\t", http::FieldId::CacheTag});
  stored.lines.push_back({"X-Tag", "five", http::FieldId::Other});
  EXPECT_THAT(tags_of(stored), testing::ElementsAre("one", "two", "three", "four"));
  for (const auto* tag : {"one", "two", "three", "four"}) {
    EXPECT_TRUE(covers({Kind::Tag, tag}, "", stored)) << tag;
  }
  for (const auto* tag : {"five", "on", "One", "onetwo"}) {
    EXPECT_FALSE(covers({Kind::Tag, tag}, "", stored)) << tag;
  }
  EXPECT_FALSE(make_scope(Kind::Tag, "a b"));
  EXPECT_FALSE(make_scope(Kind::Tag, ""));
}

}  // namespace
}  // namespace weir::store
