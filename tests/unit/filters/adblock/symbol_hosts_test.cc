// SPDX-License-Identifier: Apache-2.0
//
// Filters that name hosts with emoji in them: wherever a host may stand, they mean its A-label.
#include <gtest/gtest.h>

#include <string>

#include "tests/unit/filters/adblock/judging.h"

namespace weir::filters {
namespace {

TEST(SymbolHosts, MeanTheirALabels) {
  const Request heart{"https://www.xn--i-7iq.example/x"};
  EXPECT_TRUE(Judging("||i❤.example^").blocks(heart));
  EXPECT_TRUE(Judging("||i❤️.example^").blocks(heart)) << "with a variation selector";
  EXPECT_TRUE(Judging("i❤.example").blocks(heart));
  EXPECT_TRUE(Judging("0.0.0.0 www.i❤.example").blocks(heart));
  EXPECT_TRUE(Judging("|https://www.i❤.example/x").blocks(heart));
  EXPECT_TRUE(Judging("/x$to=i❤.example").blocks(heart));
  EXPECT_FALSE(Judging("||example^\n@@||i❤.example^").blocks(heart));
  EXPECT_FALSE(Judging("||i💩.example^").blocks(heart));
  EXPECT_EQ(Judging("||i❤.example^\n||xn--i-7iq.example^").reports[0].duplicates, 1U);
}

TEST(SymbolHosts, MayBeMixedWithOtherScripts) {
  EXPECT_TRUE(Judging("||💩.öl.example^").blocks({"https://xn--ls8h.xn--l-0ga.example/"}));
  EXPECT_TRUE(Judging("||☃-X.example^").blocks({"https://xn---x-esx.example/"}));
  EXPECT_TRUE(Judging("/ad.$domain=👍🏽.example")
                  .blocks({"https://a.test/ad.js", ResourceKind::Script, "xn--on8h5e.example"}));
  EXPECT_EQ(Judging("||💩é.example^").reports[0].faulty, 1U) << "not in one label";
}

}  // namespace
}  // namespace weir::filters
