// SPDX-License-Identifier: Apache-2.0
//
// Weights, and which language of ours Accept-Language asks for.
#include "proxy/http/language.h"

#include "tests/unit/http/heads.h"

namespace weir::test {
namespace {

using http::Language;

TEST(Weight, IsReadFromTheParameters) {
  struct {
    std::string_view element;
    std::string_view range;
    int want;
  } const rows[] = {
      {"en", "en", 1000},
      {"en;q=0", "en", 0},
      {"en;q=0.", "en", 0},
      {"en;q=1", "en", 1000},
      {"en;q=1.000", "en", 1000},
      {"en ; Q=0.5", "en", 500},
      {"en;q=0.25;x=1", "en", 250},
      {"text/html;level=1;q=0.001", "text/html", 1},
      {"text/html;freq=0.1", "text/html", 1000},
      {"en;q=1.001", "en", 1000},
      {"en;q=0.1234", "en", 1000},
      {"en;q=-1", "en", 1000},
      {"en;q=.5", "en", 1000},
      {"en;q=", "en", 1000},
      {"en;q=0x", "en", 1000},
      {";q=0.5", "", 500},
      {"", "", 1000},
      {";;;", "", 1000},
  };
  for (const auto& row : rows) {
    const http::Weighed weighed = http::weigh(row.element);
    EXPECT_EQ(weighed.range, row.range) << row.element;
    EXPECT_EQ(weighed.thousandths, row.want) << row.element;
  }
}

TEST(PreferredLanguage, IsWhatAcceptLanguageWeighsHighest) {
  struct {
    std::string_view accept;
    Language want;
  } const rows[] = {
      {"", Language::English},
      {"en-GB,en;q=0.9", Language::English},
      {"zh", Language::Chinese},
      {"ZH-Hans-CN", Language::Chinese},
      {"zh-CN,zh;q=0.9,en;q=0.8", Language::Chinese},
      {"zh-TW;q=0.4, de, en;q=0.3", Language::Chinese},
      {"en-US,en;q=0.9,zh-CN;q=0.8", Language::English},
      {"en;q=0.1, zh;q=0.2", Language::Chinese},
      {"zh;q=0.1, en-AU;q=0.2", Language::English},
      {"zh, en", Language::Chinese},
      {"en, zh", Language::English},
      {"de, fr;q=0.9", Language::English},
      {"*", Language::English},
      {"en;q=0.5, *", Language::Chinese},
      {"zh;q=0.5, *;q=0.8", Language::English},
      {"en;q=0, *", Language::Chinese},
      {"zh;q=0", Language::English},
      {"en;q=0, zh;q=0", Language::English},
      {"en;q=0, zh;q=0.001", Language::Chinese},
      {"zhx, zh_CN, zhong", Language::English},
      {"fr, zh;q=0.5, en;q=0.2, zh-HK;q=0.1", Language::Chinese},
      {",;q=1,,;", Language::English},
  };
  for (const auto& row : rows) {
    const auto parsed = request("GET / HTTP/1.1|Accept-Language: " + std::string(row.accept));
    EXPECT_EQ(http::preferred_language(parsed.head.fields), row.want) << row.accept;
  }
  const auto two = request("GET / HTTP/1.1|Accept-Language: en;q=0.5|accept-language: zh;q=0.6");
  EXPECT_EQ(http::preferred_language(two.head.fields), Language::Chinese);
}

}  // namespace
}  // namespace weir::test
