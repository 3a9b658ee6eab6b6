// SPDX-License-Identifier: Apache-2.0
//
// The table of reasons keeps what it promises to logs and to Cache-Status.
#include "proxy/cache/reason.h"

#include <set>

#include <gtest/gtest.h>

#include "proxy/base/ascii.h"

namespace weir::test {
namespace {

TEST(CacheReason, HasAWordOfItsOwnThatIsAToken) {
  std::set<std::string_view> words;
  for (const cache::ReasonRow& row : cache::reason_rows()) {
    EXPECT_TRUE(words.insert(row.word).second) << row.word;
    EXPECT_TRUE(all(row.word, kTchar) && is(row.word[0], kAlpha)) << row.word;
    EXPECT_EQ(cache::word(row.id), row.word);
    EXPECT_EQ(cache::row(row.id).name, row.name);
  }
}

TEST(CacheReason, IsASentence) {
  for (const cache::ReasonRow& row : cache::reason_rows()) {
    EXPECT_TRUE(row.sentence.ends_with('.')) << row.name;
    EXPECT_NE(row.sentence.find(' '), std::string_view::npos) << row.name;
  }
}

TEST(CacheReason, IsADashWhenThereIsNone) {
  EXPECT_EQ(cache::word(cache::Reason::None), "-");
}

}  // namespace
}  // namespace weir::test
