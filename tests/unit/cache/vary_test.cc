// SPDX-License-Identifier: Apache-2.0
//
// Which fields choose a response, and whether a request says the same in them.
#include "proxy/cache/vary.h"

#include "tests/unit/cache/cases.h"

namespace weir::test {
namespace {

using cache::kNoVariant;
using cache::Variant;

TEST(VaryText, HasTheNamesOfAllLinesOnceInOrder) {
  const struct {
    std::string_view fields;
    std::string_view want;
  } rows[] = {
      {"", ""},
      {"Vary: ", ""},
      {"Vary: ,", ""},
      {"Vary: Foo", "foo"},
      {"Vary: Foo, Bar", "bar,foo"},
      {"Vary: Foo|Vary: Bar, FOO", "bar,foo"},
      {"Vary: a , b,, c ", "a,b,c"},
      {"Vary: *", "*"},
      {"Vary: *, *", "*"},
      {"Vary: *|Vary: *", "*"},
      {"Vary: , *", "*"},
      {"Vary: |Vary: *", "*"},
      {"Vary: *, Foo", "*"},
      {"Vary: Foo, *", "*"},
      {"Vary: Foo|Vary: *", "*"},
      {"Vary: two words", "*"},
      {"Vary: \"foo\"", "*"},
      {"Vary: a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p", "a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p"},
      {"Vary: a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q", "*"},
  };
  for (const auto& row : rows) {
    Arena arena;
    EXPECT_EQ(cache::vary_text(answer(row.fields).head.fields, arena), row.want) << row.fields;
    EXPECT_EQ(cache::varies_by_any(answer(row.fields).head.fields), row.want == "*") << row.fields;
  }
}

std::string variant(std::string_view vary, std::string_view fields) {
  Arena arena;
  const auto request = ask(fields);
  return std::string(cache::variant_text(vary, request.head.fields, arena));
}

TEST(VariantText, IsNormalisedAsFarAsTheSyntaxIsKnown) {
  const struct {
    std::string_view vary;
    std::string_view fields;
    std::string_view want;
  } rows[] = {
      {"", "Foo: 1", ""},
      {"foo", "", "-\n"},
      {"foo", "Foo: ", "+\n"},
      {"foo", "FOO: 1", "+1\n"},
      {"bar,foo", "Foo: 1|Bar: 2|Baz: 3", "+2\n+1\n"},
      {"bar,foo", "Foo: 1", "-\n+1\n"},
      {"foo", "Foo: 1, 2", "+1,2\n"},
      {"foo", "Foo: 1|Foo: 2", "+1,2\n"},
      {"foo", "Foo:  1,2 ", "+1,2\n"},
      {"foo", "Foo: \"a, b\" ,c", "+\"a, b\",c\n"},
      {"foo", "Foo: B, a", "+B,a\n"},
      {"user-agent", "User-Agent: a, b (c,  d)", "+a, b (c,  d)\n"},
      {"cookie", "Cookie: a=b, c", "+a=b, c\n"},
      {"cookie", "", "-\n"},
      {"accept-language", "Accept-Language: en, de", "+de,en\n"},
      {"accept-language", "Accept-Language: de,EN", "+de,en\n"},
      {"accept-language", "Accept-Language:  en ,   de", "+de,en\n"},
      {"accept-language", "Accept-Language: de|Accept-Language: en", "+de,en\n"},
      {"accept-language", "Accept-Language: en;q=1, de;q=1.0, fr;q=1.000", "+de,en,fr\n"},
      {"accept-language", "Accept-Language: en ; Q=0.50, de;q=0.5", "+de;q=0.5,en;q=0.5\n"},
      {"accept-language", "Accept-Language: en;q=0, de;q=0.0, fr;q=0.", "+de;q=0,en;q=0,fr;q=0\n"},
      {"accept-language", "Accept-Language: en;q=0.05, de;q=0.100", "+de;q=0.1,en;q=0.05\n"},
      {"accept-language", "Accept-Language: en;q=2, de;q=", "+de;q=,en;q=2\n"},
      {"accept-language", "Accept-Language: ", "+\n"},
      {"accept-encoding", "Accept-Encoding: GZIP, br", "+br,gzip\n"},
      {"accept-encoding", "Accept-Encoding: br;q=0.8 , gzip", "+br;q=0.8,gzip\n"},
      // A former bug: sorting let an open quote swallow what had stood before it.
      {"accept", "Accept: c, \"b, a", "+c,\"b, a\n"},
      {"accept", "Accept: b, ;q=1.0 , a", "+;q=1.0,a,b\n"},
      {"accept-charset", "Accept-Charset: UTF-8", "+utf-8\n"},
      {"accept", "Accept: Text/HTML; q=0.9; X=Y, a/b;Level=1",
       "+a/b;Level=1,text/html;q=0.9;X=Y\n"},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(variant(row.vary, row.fields), row.want) << row.vary << " / " << row.fields;
  }
}

TEST(VariantText, KeepsTheOrderOfAVeryLongList) {
  std::string many = "Accept-Language: ";
  for (int i = 0; i < 70; ++i) {
    many += "x" + std::to_string(99 - i) + ",";
  }
  EXPECT_TRUE(variant("accept-language", many).starts_with("+x99,x98,x97"));
}

TEST(VariantText, TellsApartWhatDiffers) {
  const struct {
    std::string_view vary;
    std::string_view one;
    std::string_view other;
  } rows[] = {
      {"foo", "Foo: 1", "Foo: 2"},
      {"foo", "Foo: 1", ""},
      {"foo", "Foo: ", ""},
      {"foo", "Foo: a", "Foo: A"},
      {"foo", "Foo: a b", "Foo: ab"},
      {"foo", "Foo: a,b", "Foo: b,a"},
      {"bar,foo", "Foo: 1", "Bar: 1"},
      {"accept-language", "Accept-Language: en", "Accept-Language: en;q=0.9"},
      {"accept-language", "Accept-Language: en", "Accept-Language: en-GB"},
      {"accept-encoding", "Accept-Encoding: gzip", "Accept-Encoding: gzip;q=0"},
      {"accept-encoding", "Accept-Encoding: ", ""},
  };
  for (const auto& row : rows) {
    EXPECT_NE(variant(row.vary, row.one), variant(row.vary, row.other)) << row.one;
  }
}

// A stored response: its Vary, the fields it was asked for with, its language and its Date.
struct Made {
  std::string_view vary;
  std::string_view fields;
  std::string_view language = {};
  std::int64_t date = 0;
};

std::size_t chosen(const std::vector<Made>& made, std::string_view fields) {
  std::vector<std::string> texts;
  for (const Made& each : made) {
    texts.push_back(each.vary == "*" ? "" : variant(each.vary, each.fields));
  }
  std::vector<Variant> stored;
  for (std::size_t i = 0; i < made.size(); ++i) {
    stored.push_back({made[i].vary, texts[i], made[i].language, made[i].date});
  }
  Arena arena;
  const auto request = ask(fields);
  return cache::choose_variant(stored, request.head.fields, arena);
}

TEST(ChooseVariant, TakesTheMostRecentThatMatches) {
  EXPECT_EQ(chosen({}, "Foo: 1"), kNoVariant);
  EXPECT_EQ(chosen({{"", ""}}, "Foo: 1"), 0U);
  EXPECT_EQ(chosen({{"foo", "Foo: 1"}}, "Foo: 1"), 0U);
  EXPECT_EQ(chosen({{"foo", "Foo: 1"}}, "Foo: 2"), kNoVariant);
  EXPECT_EQ(chosen({{"foo", "Foo: 1"}}, ""), kNoVariant);
  EXPECT_EQ(chosen({{"foo", ""}}, "Foo: 1"), kNoVariant);
  EXPECT_EQ(chosen({{"foo", "Foo: 1|Other: 2"}}, "Foo: 1|Other: 3"), 0U);
  EXPECT_EQ(chosen({{"foo", "Foo: 1"}, {"foo", "Foo: 2"}}, "Foo: 1"), 0U);
  EXPECT_EQ(chosen({{"foo", "Foo: 1"}, {"foo", "Foo: 2"}}, "Foo: 2"), 1U);
  // Of one date, the one that was stored last: it stands first.
  EXPECT_EQ(chosen({{"foo", "Foo: 1"}, {"bar", "Bar: 2"}}, "Foo: 1|Bar: 2"), 0U);
  EXPECT_EQ(chosen({{"foo", "Foo: 1", "", 9}, {"bar", "Bar: 2", "", 8}}, "Foo: 1|Bar: 2"), 0U);
  EXPECT_EQ(chosen({{"", "", "", 9}, {"bar", "Bar: 2", "", 8}}, "Bar: 2"), 0U);
  EXPECT_EQ(chosen({{"", "", "", 7}, {"bar", "Bar: 2", "", 8}}, "Bar: 2"), 1U);
  EXPECT_EQ(chosen({{"bar,baz,foo", "Foo: 1|Baz: 789"}}, "Baz: 789|Foo: 1"), 0U);
  EXPECT_EQ(chosen({{"bar,baz,foo", "Foo: 1|Bar: a|Baz: 7"}}, "Foo: 1|Baz: 7|Bar: ab"), kNoVariant);
  EXPECT_EQ(chosen({{"*", ""}}, ""), kNoVariant);
}

TEST(ChooseVariant, KnowsTheLanguageThatIsWantedMost) {
  const Made german{"accept-language", "Accept-Language: en, de", "de"};
  EXPECT_EQ(chosen({german}, "Accept-Language: fr;q=0.5, de;q=1.0"), 0U);
  EXPECT_EQ(chosen({german}, "Accept-Language: DE, fr;q=0.9"), 0U);
  EXPECT_EQ(chosen({german}, "Accept-Language: fr;q=0.5, de;q=0.5"), kNoVariant);
  EXPECT_EQ(chosen({german}, "Accept-Language: fr, de;q=0.5"), kNoVariant);
  EXPECT_EQ(chosen({german}, "Accept-Language: de-AT, fr;q=0.5"), kNoVariant);
  EXPECT_EQ(chosen({german}, "Accept-Language: de;q=0"), kNoVariant);
  EXPECT_EQ(chosen({german}, "Accept-Language: *"), kNoVariant);
  EXPECT_EQ(chosen({german}, ""), kNoVariant);
  EXPECT_EQ(chosen({{"accept-language", "", "*"}}, "Accept-Language: *"), kNoVariant);
  EXPECT_EQ(chosen({{"accept-language", "", "de, en"}}, "Accept-Language: de"), kNoVariant);
  EXPECT_EQ(chosen({{"accept-language", "", ""}}, "Accept-Language: de"), kNoVariant);
  EXPECT_EQ(chosen({{"foo", "Foo: 1", "de"}}, "Accept-Language: de"), kNoVariant);
  EXPECT_EQ(chosen({{"accept-language,foo", "Foo: 1", "de"}}, "Foo: 1|Accept-Language: de"), 0U);
  EXPECT_EQ(chosen({{"accept-language,foo", "Foo: 1", "de"}}, "Foo: 2|Accept-Language: de"),
            kNoVariant);
  // An exact match goes first, however old.
  EXPECT_EQ(
      chosen({{"accept-language", "Accept-Language: de", "en", 1}, german}, "Accept-Language: de"),
      0U);
}

}  // namespace
}  // namespace weir::test
