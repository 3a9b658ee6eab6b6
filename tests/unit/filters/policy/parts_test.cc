// SPDX-License-Identifier: Apache-2.0
//
// The parts that conditions are made of, by themselves.
#include <random>

#include "filters/policy/address_map.h"
#include "filters/policy/outcomes.h"
#include "filters/policy/query.h"
#include "filters/policy/wildcard.h"
#include "tests/unit/filters/policy/build.h"

namespace weir::filters::test {
namespace {

TEST(Outcomes, OneThatIsKnownAnswersForOneThatIsNot) {
  const auto yes = Outcomes::yes();
  const auto no = Outcomes::no();
  const auto never = Outcomes::never();
  const auto open = Outcomes::open();
  EXPECT_EQ(no & open, no);
  EXPECT_EQ(yes | open, yes);
  EXPECT_EQ(!never, never);
  EXPECT_EQ(!yes, no);
  EXPECT_EQ(!open, open);
  EXPECT_EQ(yes & open, open);
  EXPECT_EQ(no & never, no);
  EXPECT_EQ(yes & never, never);
  EXPECT_FALSE((never & open).may_hold());
  EXPECT_TRUE((!(never & open)).may_hold());
  EXPECT_TRUE((never | open).may_hold());
}

TEST(Wildcard, AStarStandsForAnyRun) {
  struct Row {
    std::string pattern;
    std::string text;
    bool expected;
  };
  const std::vector<Row> rows = {
      {"", "", true},           {"", "a", false},        {"*", "", true},
      {"*", "abc", true},       {"a*", "abc", true},     {"a*", "bac", false},
      {"*c", "abc", true},      {"*c", "abcd", false},   {"a*c", "ac", true},
      {"a*b*c", "aXbYc", true}, {"a*b*c", "acb", false}, {"**a**", "xay", true},
      {"*ab", "aab", true},     {"*aab", "aaaab", true}, {"a", "A", false},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(wildcard_match(row.pattern, row.text), row.expected)
        << row.pattern << " " << row.text;
  }
  EXPECT_TRUE(wildcard_match("A*c", "abC", true));
  EXPECT_TRUE(wildcard_match("a*.b", "axx.b", false, '.'));
  EXPECT_FALSE(wildcard_match("a*.b", "ax.x.b", false, '.'));
}

TEST(AddressMap, AnswersAsAskingEveryPrefixDoes) {
  std::mt19937 random(1);
  for (int round = 0; round < 200; ++round) {
    std::vector<AddressMap::Entry> entries;
    const auto address = [&](bool v4) {
      if (v4) {
        return IpAddress::v4(static_cast<std::uint32_t>((random() & 7) << 29 | (random() & 3)));
      }
      std::array<std::uint8_t, 16> bytes{};
      bytes[0] = static_cast<std::uint8_t>(random() & 0xc0);
      bytes[8] = static_cast<std::uint8_t>(random() & 0x81);
      bytes[15] = static_cast<std::uint8_t>(random() & 3);
      return IpAddress::v6(bytes);
    };
    for (int i = 0; i < 12; ++i) {
      const bool v4 = random() % 2 == 0;
      const auto length = random() % (v4 ? 33U : 129U);
      const auto prefix = Prefix::parse(address(v4).text() + "/" + std::to_string(length));
      if (prefix) {
        entries.push_back({*prefix, std::uint64_t{1} << i});
      }
    }
    const AddressMap map(entries);
    for (int i = 0; i < 50; ++i) {
      const IpAddress asked = address(random() % 2 == 0);
      std::uint64_t expected = 0;
      for (const auto& entry : entries) {
        expected |= entry.prefix.contains(asked) ? entry.bits : 0;
      }
      ASSERT_EQ(map.bits(asked), expected) << asked.text();
    }
  }
}

TEST(AddressMap, TheWholeOfOneFamilyHoldsNothingOfTheOther) {
  const AddressMap map(
      {{Prefix::parse("::/0").value(), 1}, {Prefix::parse("0.0.0.0/0").value(), 2}});
  EXPECT_EQ(map.bits(IpAddress::parse("255.255.255.255").value()), 2U);
  EXPECT_EQ(map.bits(IpAddress::parse("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff").value()), 1U);
  EXPECT_EQ(map.bits(IpAddress::parse("::ffff:1.2.3.4").value()), 2U);
  EXPECT_EQ(AddressMap().bits(IpAddress::parse("1.2.3.4").value()), 0U);
}

TEST(Query, DotSegmentsAreResolved) {
  Arena arena;
  for (const auto& [path, expected] :
       std::vector<std::pair<std::string, std::string>>{{"/a/b", "/a/b"},
                                                        {"/a/./b", "/a/b"},
                                                        {"/a/../b", "/b"},
                                                        {"/../../b", "/b"},
                                                        {"/a/b/..", "/a/"},
                                                        {"/a/.", "/a/"},
                                                        {"/..", "/"},
                                                        {"/.", "/"},
                                                        {"/a/...", "/a/..."},
                                                        {"/a//../b", "/a/b"},
                                                        {"/a/../b?x=/../y", "/b"},
                                                        {"/a/b/../../..", "/"}}) {
    EXPECT_EQ(resolved_path(path, arena), expected) << path;
  }
}

TEST(Query, EscapesAreUndoneWhereTheyAreOnes) {
  Arena arena;
  for (const auto& [text, expected] :
       std::vector<std::pair<std::string, std::string>>{{"abc", "abc"},
                                                        {"a+b", "a b"},
                                                        {"%41%2b", "A+"},
                                                        {"%4", "%4"},
                                                        {"%", "%"},
                                                        {"%zz", "%zz"},
                                                        {"%%41", "%A"},
                                                        {"%00", std::string(1, '\0')}}) {
    EXPECT_EQ(decode_query(text, arena), expected) << text;
  }
}

}  // namespace
}  // namespace weir::filters::test
