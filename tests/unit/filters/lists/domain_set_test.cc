// SPDX-License-Identifier: Apache-2.0
//
// The set of host names against a naive one: a std::map walked from the host to its parents.
#include "filters/domain_set.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace weir::filters {
namespace {

using Hits = std::vector<std::pair<std::uint32_t, std::string>>;

Hits hits(const DomainSet& set, std::string_view host, bool whole_only = false) {
  Hits out;
  set.each(host, whole_only, [&out](std::uint32_t value, std::string_view covered) {
    out.emplace_back(value, covered);
    return true;
  });
  return out;
}

DomainSet make(const std::vector<std::pair<std::string, std::uint32_t>>& names) {
  DomainSet::Builder builder;
  for (const auto& [name, value] : names) {
    builder.add(name, value);
    builder.end_list();
  }
  return std::move(builder).build();
}

TEST(DomainSet, CoversTheNameAndWhatIsBelowIt) {
  const DomainSet set = make({{"example.com", 7}});
  EXPECT_EQ(hits(set, "example.com"), (Hits{{7, "example.com"}}));
  EXPECT_EQ(hits(set, "a.b.example.com"), (Hits{{7, "example.com"}}));
  for (const auto* other : {"com", "ample.com", "myexample.com", "example.com.org", "example.co",
                            "", ".", "example.com.", ".example", "examplecom"}) {
    EXPECT_TRUE(hits(set, other).empty()) << other;
  }
}

TEST(DomainSet, GivesEveryValueTheLongestNameFirst) {
  const DomainSet set =
      make({{"b.test", 3}, {"a.b.test", 9}, {"b.test", 1}, {"test", 5}, {"c.test", 4}});
  EXPECT_EQ(hits(set, "x.a.b.test"),
            (Hits{{9, "a.b.test"}, {1, "b.test"}, {3, "b.test"}, {5, "test"}}));
}

TEST(DomainSet, StopsWhenToldTo) {
  const DomainSet set = make({{"b.test", 3}, {"test", 1}});
  int calls = 0;
  set.each("b.test", false, [&calls](std::uint32_t, std::string_view) { return ++calls < 1; });
  EXPECT_EQ(calls, 1);
}

TEST(DomainSet, TakesAnAddressOnlyAsAWhole) {
  const DomainSet set = make({{"10.0.0.1", 1}, {"0.1", 2}, {"1", 3}});
  EXPECT_EQ(hits(set, "10.0.0.1", true), (Hits{{1, "10.0.0.1"}}));
  EXPECT_TRUE(hits(set, "10.2.0.1", true).empty());
}

TEST(DomainSet, EmptyKnowsNothing) {
  const DomainSet set;
  EXPECT_FALSE(set.covers("example.com"));
  EXPECT_EQ(set.size(), 0U);
  const DomainSet built = make({});
  EXPECT_FALSE(built.covers("example.com"));
  EXPECT_FALSE(built.covers(""));
}

TEST(DomainSet, BearsTheLongestNamesAndTooLongOnes) {
  std::string longest;
  for (int n = 0; n < 126; ++n) {
    longest += "a.";
  }
  const DomainSet set = make({{longest + "a", 1}, {std::string(63, 'b') + ".test", 2}});
  EXPECT_TRUE(set.covers(longest + "a"));
  EXPECT_TRUE(set.covers(std::string(63, 'c') + "." + std::string(63, 'b') + ".test"));
  EXPECT_FALSE(set.covers(longest + "aa"));
  EXPECT_FALSE(set.covers(std::string(253, '.')));
}

// Pieces end and blocks of pieces end at every place of a name.
TEST(DomainSet, TellsNamesOfEveryLengthApart) {
  std::string longest;
  while (longest.size() < 253) {
    longest += static_cast<char>('a' + longest.size() % 23);
    longest += longest.size() % 5 == 0 ? "." : "";
  }
  longest.resize(253, 'x');
  longest.back() = 'x';
  for (std::size_t size = 1; size <= longest.size(); ++size) {
    const std::string name = longest.substr(longest.size() - size);
    const DomainSet set = make({{name, 1}});
    EXPECT_EQ(hits(set, name), (Hits{{1, name}}));
    EXPECT_FALSE(set.covers(name.substr(1))) << name;
    if (size <= 251) {
      EXPECT_EQ(hits(set, "y." + name), (Hits{{1, name}}));
      EXPECT_FALSE(set.covers("y" + name)) << name;
    }
    for (std::size_t at = 0; at < size; ++at) {
      std::string other = name;
      other[at] = other[at] == '.' ? '-' : '_';
      ASSERT_FALSE(set.covers(other)) << other;
    }
  }
}

TEST(DomainSet, AsksForNoMoreThanItsShortestNameAndNoLess) {
  const DomainSet set = make({{"b.example", 1}, {"io", 2}});
  EXPECT_EQ(hits(set, "a.io"), (Hits{{2, "io"}}));
  EXPECT_EQ(hits(set, "io"), (Hits{{2, "io"}}));
  EXPECT_FALSE(set.covers("o"));
  EXPECT_FALSE(set.covers("a.o"));
  const DomainSet zeros = make({{std::string(1, '\0'), 1}});
  EXPECT_TRUE(zeros.covers(std::string(1, '\0')));
  EXPECT_FALSE(zeros.covers(std::string(2, '\0')));
  EXPECT_FALSE(zeros.covers(""));
}

TEST(DomainSet, AnswersForAHostOfDots) {
  const DomainSet set = make({{"", 1}, {"..", 2}});
  const Hits all = hits(set, std::string(253, '.'));
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0], (Hits::value_type{2, ".."}));
  EXPECT_EQ(all[1], (Hits::value_type{1, ""}));
}

TEST(DomainSet, NamesEachNameOnceWithAllItsValues) {
  const DomainSet set = make({{"b.test", 3}, {"a.b.test", 9}, {"b.test", 1}});
  std::set<std::vector<std::uint32_t>> groups;
  set.each_name([&groups](std::span<const DomainSet::Entry> entries) {
    std::vector<std::uint32_t> values;
    for (const auto& entry : entries) {
      values.push_back(entry.value);
    }
    groups.insert(values);
  });
  EXPECT_EQ(groups, (std::set<std::vector<std::uint32_t>>{{9}, {1, 3}}));
}

// Short labels from a small alphabet, so that names often lie below one another; long ones around
// the size of a piece of the hash.
std::string random_name(std::mt19937& random) {
  std::string out;
  const std::size_t labels = 1 + random() % 4;
  for (std::size_t n = 0; n < labels; ++n) {
    const std::size_t size = random() % 8 == 0 ? 6 + random() % 10 : 1;
    for (std::size_t i = 0; i < size; ++i) {
      out += static_cast<char>('a' + random() % 3);
    }
    out += n + 1 < labels ? "." : "";
  }
  return out;
}

TEST(DomainSet, KeepsANameOfOneListOnceHoweverOftenItIsSaid) {
  DomainSet::Builder builder;
  for (std::uint32_t n = 0; n < 3 * DomainSet::kSettleFirst; ++n) {
    builder.add(n % 2 == 0 ? "a.example" : "b.example", n + 1);
  }
  EXPECT_LE(builder.size(), DomainSet::kSettleFirst);
  EXPECT_EQ(builder.end_list(), 3 * DomainSet::kSettleFirst - 2);
  builder.add("a.example", UINT32_MAX - 1);
  EXPECT_EQ(builder.end_list(), 0U);
  const DomainSet set = std::move(builder).build();
  EXPECT_EQ(set.size(), 3U);
  EXPECT_EQ(hits(set, "x.a.example"), (Hits{{1, "a.example"}, {UINT32_MAX - 1, "a.example"}}));
  EXPECT_EQ(hits(set, "b.example"), (Hits{{2, "b.example"}}));
}

TEST(DomainSet, SaysWhatANaiveWalkSays) {
  std::mt19937 random(1);
  for (const std::size_t size : {1U, 2U, 3U, 9U, 100U, 3000U}) {
    DomainSet::Builder builder;
    std::map<std::string, std::set<std::uint32_t>, std::less<>> naive;
    for (std::uint32_t n = 0; n < size; ++n) {
      const std::string name = random_name(random);
      builder.add(name, n / 2);
      if (n % 2 == 1) {
        builder.end_list();
      }
      naive[name].insert(n / 2);
    }
    const DomainSet set = std::move(builder).build();
    for (int n = 0; n < 5000; ++n) {
      const std::string host = random_name(random);
      Hits expected;
      for (std::string_view rest = host;;) {
        if (const auto found = naive.find(rest); found != naive.end()) {
          for (const auto value : found->second) {
            expected.emplace_back(value, rest);
          }
        }
        const auto dot = rest.find('.');
        if (dot == std::string_view::npos) {
          break;
        }
        rest.remove_prefix(dot + 1);
      }
      ASSERT_EQ(hits(set, host), expected) << host;
    }
  }
}

}  // namespace
}  // namespace weir::filters
