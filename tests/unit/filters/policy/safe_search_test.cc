// SPDX-License-Identifier: Apache-2.0
//
// Which hosts are search engines, and what is forced there.
#include "filters/policy/safe_search.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace weir::filters::test {
namespace {

TEST(SafeSearch, EnginesAreKnownByTheirHosts) {
  struct Row {
    std::string host;
    std::string service;
    std::string connect_to;
  };
  const std::vector<Row> rows = {
      {"www.google.com", "google", "forcesafesearch.google.com"},
      {"google.com", "google", "forcesafesearch.google.com"},
      {"www.google.de", "google", "forcesafesearch.google.com"},
      {"www.google.co.uk", "google", "forcesafesearch.google.com"},
      {"www.google.com.hk", "google", "forcesafesearch.google.com"},
      {"mail.google.com", "", ""},
      {"www.google.evil.test", "", ""},
      {"www.google.co", "", ""},
      {"www.google.co.de", "", ""},
      {"www.google.com.de", "", ""},
      {"google.", "", ""},
      {"www.googlee.com", "", ""},
      {"www.google.com.evil.test", "", ""},
      {"www.bing.com", "bing", "strict.bing.com"},
      {"strict.bing.com", "", ""},
      {"duckduckgo.com", "duckduckgo", "safe.duckduckgo.com"},
      {"yandex.ru", "yandex", "familysearch.yandex.ru"},
      {"www.yandex.com.tr", "yandex", "familysearch.yandex.ru"},
      {"ya.ru", "yandex", "familysearch.yandex.ru"},
      {"mail.yandex.ru", "", ""},
      {"search.brave.com", "brave", "forcesafe.search.brave.com"},
      {"www.ecosia.org", "ecosia", "strict-safe-search.ecosia.org"},
      {"api.qwant.com", "qwant", "safeapi.qwant.com"},
      {"pixabay.com", "pixabay", "safesearch.pixabay.com"},
      {"example.com", "", ""},
      {"", "", ""},
  };
  for (const auto& row : rows) {
    const SafeSearch found = safe_search_for(row.host, kAllEngines, std::nullopt);
    EXPECT_EQ(found.service, row.service) << row.host;
    EXPECT_EQ(found.connect_to, row.connect_to) << row.host;
    EXPECT_EQ(found.parameter.empty(), row.service.empty()) << row.host;
  }
}

TEST(SafeSearch, OnlyTheEnginesAskedForAreForced) {
  const auto bing = 1U << static_cast<unsigned>(SearchEngine::Bing);
  EXPECT_TRUE(safe_search_for("www.bing.com", bing, std::nullopt));
  EXPECT_FALSE(safe_search_for("www.google.com", bing, std::nullopt));
  EXPECT_FALSE(safe_search_for("www.google.com", 0, Youtube::Strict));
}

TEST(SafeSearch, YoutubeIsRestrictedByAFieldOrByAnotherHost) {
  for (const auto* host : {"www.youtube.com", "m.youtube.com", "youtubei.googleapis.com",
                           "youtube.googleapis.com", "www.youtube-nocookie.com"}) {
    const SafeSearch strict = safe_search_for(host, 0, Youtube::Strict);
    EXPECT_EQ(strict.field, "YouTube-Restrict");
    EXPECT_EQ(strict.field_value, "Strict");
    EXPECT_EQ(strict.connect_to, "restrict.youtube.com");
    const SafeSearch moderate = safe_search_for(host, kAllEngines, Youtube::Moderate);
    EXPECT_EQ(moderate.field_value, "Moderate");
    EXPECT_EQ(moderate.connect_to, "restrictmoderate.youtube.com");
    EXPECT_FALSE(safe_search_for(host, kAllEngines, std::nullopt));
  }
}

TEST(SafeSearch, EveryEngineHasAName) {
  for (unsigned i = 0; (kAllEngines >> i & 1) != 0; ++i) {
    const auto engine = static_cast<SearchEngine>(i);
    EXPECT_EQ(search_engine(search_engine_name(engine)), engine);
  }
  EXPECT_EQ(search_engine("altavista"), std::nullopt);
}

}  // namespace
}  // namespace weir::filters::test
