// SPDX-License-Identifier: Apache-2.0
//
// The reader of JSON lines: what it takes, what it refuses, and that no text makes it read beyond
// the end.
#include "proxy/cli/json_reader.h"

#include <gtest/gtest.h>

#include "proxy/cli/asked.h"

namespace weir::cli {
namespace {

std::optional<std::string> text_of(std::string_view json) {
  Arena arena;
  JsonReader reader(json, arena);
  const auto text = reader.text();
  return text && reader.finished() ? std::optional(std::string(*text)) : std::nullopt;
}

bool is_json(std::string_view text) {
  Arena arena;
  JsonReader reader(text, arena);
  return reader.raw().has_value() && reader.finished();
}

TEST(JsonReader, UndoesEscapes) {
  EXPECT_EQ(text_of(R"("plain")"), "plain");
  EXPECT_EQ(text_of(R"("")"), "");
  EXPECT_EQ(text_of(R"("a\"b\\c\/d\n\t\r\b\f")"), "a\"b\\c/d\n\t\r\b\f");
  EXPECT_EQ(text_of(R"("\u0041\u00e9\u20ac")"), "A\xc3\xa9\xe2\x82\xac");
  EXPECT_EQ(text_of(R"("\ud83d\ude00")"), "\xf0\x9f\x98\x80");
  EXPECT_EQ(text_of("\"\xc3\xa9\""), "\xc3\xa9");
}

TEST(JsonReader, PutsAMarkForHalfASurrogatePair) {
  EXPECT_EQ(text_of(R"("\ud83d")"), "\xef\xbf\xbd");
  EXPECT_EQ(text_of(R"("\ude00x")"), "\xef\xbf\xbdx");
  EXPECT_EQ(text_of(R"("\ud83d\u0041")"),
            "\xef\xbf\xbd"
            "A");
}

TEST(JsonReader, TakesEveryKindOfValue) {
  for (const char* good :
       {"null", "true", "false", "0", "-0", "12", "-1.5", "1e9", "2.5E-3", "\"x\"", "[]", "{}",
        "[1,[2,{\"a\":null}]]", " { \"a\" : 1 , \"b\" : [ ] } "}) {
    EXPECT_TRUE(is_json(good)) << good;
  }
}

TEST(JsonReader, RefusesWhatIsNoJson) {
  for (const char* bad : {"",        " ",        "nul",       "tru",         "01",
                          "-",       "1.",       ".5",        "1e",          "\"",
                          "\"a",     "\"\\x\"",  "\"\\u12\"", "\"\\u12g4\"", "\"\n\"",
                          "\"\\",    "[1,]",     "[1 2]",     "[",           "{",
                          "{\"a\"}", "{\"a\":}", "{a:1}",     "{\"a\":1,}",  "{\"a\":1 \"b\":2}",
                          "1 2",     "'a'",      "]"}) {
    EXPECT_FALSE(is_json(bad)) << bad;
  }
}

TEST(JsonReader, BoundsNesting) {
  EXPECT_TRUE(is_json(std::string(30, '[') + std::string(30, ']')));
  EXPECT_FALSE(is_json(std::string(100'000, '[')));
}

TEST(JsonReader, SurvivesACutAnywhere) {
  const std::string whole = R"({"i":0,"a\u00e9":"x\ud83d\ude00","h":{"n":["v",-1.5e3,null]}})";
  ASSERT_TRUE(is_json(whole));
  for (std::size_t length = 0; length < whole.size(); ++length) {
    const std::string cut(whole, 0, length);  // on the heap, so that a sanitizer sees its end
    EXPECT_FALSE(is_json(cut)) << cut;
  }
}

TEST(ReadAsked, TakesARequestWithItsFields) {
  Arena arena;
  Asked asked;
  ASSERT_TRUE(read_asked(R"({"i":7,"url":"http://a/","method":"POST","client":"::1","x":[{}],
    "headers":{"Referer":"http://b/","accept":["text/html","*/*"]}})",
                         arena, asked));
  EXPECT_EQ(asked.index, "7");
  EXPECT_EQ(asked.url, "http://a/");
  EXPECT_EQ(asked.method, "POST");
  EXPECT_EQ(asked.client, "::1");
  const auto fields = look_up(asked.fields);
  EXPECT_EQ(fields.value("referer"), "http://b/");
  EXPECT_EQ(fields.value("Accept", 1), "*/*");
  EXPECT_FALSE(fields.has("origin"));
}

TEST(ReadAsked, NeedsNothingButAUrl) {
  Arena arena;
  Asked asked;
  ASSERT_TRUE(read_asked(R"({"url":"http://a/","client":null})", arena, asked));
  EXPECT_EQ(asked.method, "GET");
  EXPECT_EQ(asked.client, "");
  EXPECT_FALSE(read_asked(R"({"i":1,"method":"GET"})", arena, asked));
  EXPECT_EQ(asked.index, "1");
  EXPECT_FALSE(read_asked(R"({"url":5})", arena, asked));
  EXPECT_FALSE(read_asked(R"(["url"])", arena, asked));
}

}  // namespace
}  // namespace weir::cli
