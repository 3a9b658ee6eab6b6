// SPDX-License-Identifier: Apache-2.0
//
// What a pattern that no index finds is searched for first.
#include "filters/adblock/tokens.h"

#include <gtest/gtest.h>

#include <string>

namespace weir::adblock {
namespace {

std::string pair_of(std::string_view pattern) {
  const RarePair pair = rare_pair(pattern);
  return pair[0] == '\0' ? "" : std::string(pair.data(), pair.size());
}

TEST(RarePair, StandsTogetherInThePatternAndIsTheRarest) {
  EXPECT_EQ(pair_of("adserv"), "rv");
  EXPECT_EQ(pair_of("/ads/jq"), "jq");
  EXPECT_EQ(pair_of("~track"), "~t") << "what is searched for counts most";
  EXPECT_EQ(pair_of("BANNER"), "ba") << "in lower case, as the URL is";
}

TEST(RarePair, HasNothingThatAnythingMayStandFor) {
  EXPECT_EQ(pair_of("a*q^zb"), "zb");
  EXPECT_EQ(pair_of("a*b^c"), "");
  EXPECT_EQ(pair_of("x"), "");
  EXPECT_EQ(pair_of(""), "");
}

}  // namespace
}  // namespace weir::adblock
