// SPDX-License-Identifier: Apache-2.0
//
// Neutral resources: every name that lists use has one, of the right type, and what is unknown
// falls back. That the binary files are what they say is seen by their marks here and by a browser
// in tests/real.
#include "proxy/http/neutral.h"

#include "tests/unit/http/reply_reader.h"

namespace weir::test {
namespace {

TEST(Neutral, IsFoundUnderEachNameThatListsUse) {
  struct {
    std::string_view names;  // separated by spaces
    std::string_view media_type;
    std::string_view begins;
  } const rows[] = {
      {"1x1.gif 1x1-transparent.gif 1x1-transparent-gif 1x1.gif:10", "image/gif", "GIF89a"},
      {"2x2.png 2x2-transparent.png 2x2-transparent-png",
       "image/png",
       {"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\2\0\0\0\2", 24}},
      {"3x2.png 3x2-transparent.png 3x2-transparent-png",
       "image/png",
       {"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\3\0\0\0\2", 24}},
      {"32x32.png 32x32-transparent.png 32x32-transparent-png",
       "image/png",
       {"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\40\0\0\0\40", 24}},
      {"noop.js noopjs blank-js noop.js:100 noopjs:-1", "text/javascript; charset=utf-8",
       "(function"},
      {"noop.txt nooptext blank-text", "text/plain; charset=utf-8", ""},
      {"noop.html noopframe blank-html click2load.html", "text/html; charset=utf-8",
       "<!DOCTYPE html>"},
      {"noop.css noopcss blank-css", "text/css; charset=utf-8", ""},
      {"noop.json noopjson", "application/json", "{}"},
      {"noop-0.1s.mp3 noopmp3-0.1s blank-mp3", "audio/mpeg", "\xff\xf3"},
      {"noop-1s.mp4 noopmp4-1s blank-mp4 noop-1s.mp4:10", "video/mp4", {"\0\0\0 ftypisom", 12}},
      {"noop-vast3.xml noopvast-3.0", "text/xml; charset=utf-8", "<VAST version=\"3.0\""},
      {"noop-vmap1.0.xml:5 noopvmap-1.0", "text/xml; charset=utf-8", "<vmap:VMAP"},
      {"empty", "", ""},
  };
  for (const auto& row : rows) {
    std::istringstream names{std::string(row.names)};
    for (std::string name; names >> name;) {
      const http::Neutral found = http::find_neutral(name);
      EXPECT_TRUE(found.exact) << name;
      EXPECT_FALSE(found.none) << name;
      EXPECT_EQ(found.media_type, row.media_type) << name;
      EXPECT_TRUE(found.body.starts_with(row.begins)) << name;
      EXPECT_LT(found.body.size(), 1024U) << name;
    }
  }
}

TEST(Neutral, IsAScriptThatDoesNothingForAnUnknownScript) {
  for (const std::string_view name :
       {"google-analytics.com/analytics.js", "googletagmanager_gtm.js:5", "x.js", ".js"}) {
    const http::Neutral found = http::find_neutral(name);
    EXPECT_EQ(found.media_type, "text/javascript; charset=utf-8") << name;
    EXPECT_FALSE(found.exact) << name;
  }
}

TEST(Neutral, IsNothingAtAllForAnyOtherUnknownName) {
  for (const std::string_view name : {"", ":", ":5", "noop.js:", "noop.js:a", "noop.js:5:",
                                      "NOOPJS", "fuckadblock.js-3.2.0:5", "none-such", "a\nb"}) {
    const http::Neutral found = http::find_neutral(name);
    EXPECT_EQ(found.media_type, "") << name;
    EXPECT_EQ(found.body, "") << name;
    EXPECT_FALSE(found.exact || found.none) << name;
  }
}

TEST(Neutral, CanBeTheWishForNone) {
  EXPECT_TRUE(http::find_neutral("none").none);
  EXPECT_TRUE(http::find_neutral("none:5").none);
}

TEST(Neutral, IsAnAnswerThatEverySiteMayReadAndNobodyKeeps) {
  Arena arena;
  for (const std::string_view name : {"1x1.gif", "noop-1s.mp4", "noop.js", "empty"}) {
    const http::Neutral found = http::find_neutral(name);
    const Reply reply(http::write_neutral(found, usual_plan(), arena));
    EXPECT_EQ(reply.head.status, 200);
    EXPECT_EQ(reply.body, found.body);
    EXPECT_EQ(reply.value("Content-Length"), std::to_string(found.body.size()));
    EXPECT_EQ(reply.value("Content-Type"), found.media_type.empty() ? "(none)" : found.media_type);
    EXPECT_EQ(reply.value("Cache-Control"), "no-store");
    EXPECT_EQ(reply.value("Access-Control-Allow-Origin"), "*");
  }
}

}  // namespace
}  // namespace weir::test
