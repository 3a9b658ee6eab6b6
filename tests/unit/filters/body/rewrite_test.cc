// SPDX-License-Identifier: Apache-2.0
//
// Rewriting compared with the naive whole-body replacer: tables, random bodies, every cut.
#include "filters/body/rewrite.h"

#include <gtest/gtest.h>

#include <random>

#include "filters/body/chain.h"
#include "tests/unit/filters/body/naive_rewrite.h"

namespace weir::filters {
namespace {

using test::NaiveRewriter;
using test::run_stage;

std::string rewritten(const std::vector<BodyRewrite>& rewrites, std::string_view body,
                      std::size_t piece = SIZE_MAX, std::size_t room = 1000,
                      const RewriteLimits& limits = {}) {
  const auto rewriter = Rewriter::compile(rewrites);
  EXPECT_TRUE(rewriter) << rewriter.error();
  const auto stage = (*rewriter)->start(limits);
  std::string out = run_stage(*stage, body, piece, room);
  EXPECT_TRUE(stage->over());
  EXPECT_EQ(stage->trouble(), BodyTrouble::None);
  return out;
}

struct Row {
  std::vector<BodyRewrite> rewrites;
  std::string body;
  std::string want;
};

const std::vector<Row> kRows = {
    {{}, "untouched", "untouched"},
    {{{"cat", false, "dog"}}, "cat concat catcat ca", "dog condog dogdog ca"},
    {{{"a", false, ""}}, "banana", "bnn"},
    {{{"aa", false, "b"}}, "aaaaa", "bba"},
    {{{"aba", false, "x"}}, "ababa", "xba"},
    // What is put in is not searched again.
    {{{"a", false, "aa"}}, "aba", "aabaa"},
    {{{"a", false, "b"}, {"b", false, "a"}}, "abba", "baab"},
    // The leftmost wins; at the same byte the first rewrite, however short.
    {{{"bc", false, "1"}, {"abc", false, "2"}}, "abc", "2"},
    {{{"ab", false, "1"}, {"abc", false, "2"}}, "abcab", "1c1"},
    {{{"abc", false, "2"}, {"ab", false, "1"}}, "abcab", "21"},
    // A literal is taken as it is.
    {{{"a.c", false, "\\1\\"}}, "abc a.c", "abc \\1\\"},
    {{{std::string("\0\xff", 2), false, std::string("\0", 1)}},
     std::string("x\0\xffy", 4),
     std::string("x\0y", 3)},
    // Expressions and their groups.
    {{{"(\\w+)@(\\w+)", true, "\\2 at \\1 (\\0) \\\\"}}, "me@home.", "home at me (me@home) \\."},
    {{{"x(a)?(b)?", true, "[\\1|\\2]"}}, "xb x xa", "[|b] [|] [a|]"},
    {{{"\\bcat\\b", true, "dog"}}, "cat concat cat", "dog concat dog"},
    {{{"^a", true, "X"}}, "aa\na", "Xa\na"},
    {{{"(?m)^a", true, "X"}}, "aa\na", "Xa\nX"},
    {{{"a$", true, "X"}}, "a\naa", "a\naX"},
    {{{"(?m)a$", true, "X"}}, "a\naa", "X\naX"},
    {{{"(?i)script", true, "div"}}, "<SCRIPT></Script>", "<div></div>"},
    {{{"(?s)<script.*?</script>", true, ""}}, "a<script>\n1</script>b<script>", "ab<script>"},
    // An expression after a literal that took the bytes before it.
    {{{"foo", false, ""}, {"\\bbar", true, "X"}}, "foobar bar", "bar X"},
    // Latin-1: every byte is a character; UTF-8 when the expression is not ASCII.
    {{{"<.>", true, "X"}}, "<\xff> <\xc3\xa9>", "X <\xc3\xa9>"},
    {{{"\xc3\xa9+|[\xc3\xa4\xc3\xb6]", true, "X"}},
     "\xc3\xa9\xc3\xa9 \xc3\xb6 \xc3\xbc",
     "X X \xc3\xbc"},
    {{{"\\p{Greek}", true, "X"}}, "\xce\xb1-a", "X-a"},
};

TEST(Rewrite, ReplacesTheSameHoweverTheBodyIsCut) {
  for (const Row& row : kRows) {
    SCOPED_TRACE(row.body);
    EXPECT_EQ(rewritten(row.rewrites, row.body), row.want);
    for (std::size_t piece = 1; piece <= row.body.size(); ++piece) {
      for (const std::size_t room : {1U, 2U, 7U, 100U}) {
        EXPECT_EQ(rewritten(row.rewrites, row.body, piece, room), row.want);
      }
    }
  }
}

TEST(Rewrite, FindsALiteralAcrossEveryCut) {
  std::string body(40'000, '.');
  const std::string find = "needle in a haystack";
  for (std::size_t at = 0; at + find.size() < body.size(); at += 997) {
    body.replace(at, find.size(), find);
  }
  const std::vector<BodyRewrite> rewrites = {{find, false, "!"}};
  const std::string want = NaiveRewriter(rewrites).run(body, 1 << 16);
  for (const std::size_t piece : {1U, 3U, 19U, 20U, 21U, 1000U, 16'384U, 40'000U}) {
    EXPECT_EQ(rewritten(rewrites, body, piece), want) << piece;
  }
}

TEST(Rewrite, AgreesWithTheNaiveReplacerOnRandomBodies) {
  const std::vector<std::vector<BodyRewrite>> sets = {
      {{"ab", false, "c"}, {"ba", false, "dd"}, {"aab", false, ""}},
      {{"a+b", true, "<\\0>"}, {"ba", false, "-"}},
      {{"(a|b)c*(a)", true, "\\2\\1"}, {"\\bb", true, "B"}},
      {{"(?s)a.*b", true, "!"}},
      {{"(?s)a.*?b|cc", true, "!"}, {"c", false, "C"}},
      {{"(?m)^a|b$", true, "x"}, {"\\z", false, "z"}, {"(?s)b.c\\z", true, "end"}},
      {{"a(.*b)?", true, "[\\1]"}, {"ca", false, ""}},
      {{"b*c|b*", false, "q"}, {"aaaaaaaaaaaaaaaaaaaa", false, "20"}, {"\\Aa", true, "A"}},
  };
  std::mt19937 random(7);
  for (int round = 0; round < 400; ++round) {
    const auto& set = sets[static_cast<std::size_t>(round) % sets.size()];
    std::string body(random() % 3000, ' ');
    const std::size_t letters = 2 + random() % 3;
    for (char& c : body) {
      c = "abc \n"[random() % (letters + 1)];
    }
    const NaiveRewriter naive(set);
    const std::size_t window = 256 + random() % 300;
    const std::string want = naive.run(body, window);
    const std::size_t piece = 1 + random() % (round % 2 == 0 ? 50 : 4000);
    ASSERT_EQ(rewritten(set, body, piece, 1 + random() % 500, {.window = window}), want)
        << "round " << round;
  }
}

TEST(Rewrite, FindsEveryMatchThatFitsTheWindow) {
  constexpr std::size_t kWindow = Rewriter::kWindowLeast;
  const std::vector<BodyRewrite> rewrites = {{"<x{254}>|<x*y>", true, "M"}};
  const std::string match = "<" + std::string(kWindow - 2, 'x') + ">";
  for (std::size_t at = 0; at < 2 * kWindow; at += 5) {
    const std::string body = std::string(at, '.') + match + std::string(2 * kWindow, '.');
    EXPECT_EQ(rewritten(rewrites, body, 100, 100, {.window = kWindow}),
              std::string(at, '.') + "M" + std::string(2 * kWindow, '.'));
  }
}

TEST(Rewrite, HoldsNoMoreBackThanMayBecomeALiteral) {
  const std::vector<BodyRewrite> rewrites = {{"<script>", false, ""}};
  const auto stage = (*Rewriter::compile(rewrites))->start({});
  std::vector<char> to(1000);
  const std::string_view begins = "hello <scr";
  BodyFlow flow = stage->step(begins, false, to);
  EXPECT_EQ(flow.used, begins.size());
  EXPECT_EQ(std::string_view(to.data(), flow.made), "hello ");
  flow = stage->step("oll>", false, to);
  EXPECT_EQ(std::string_view(to.data(), flow.made), "<scroll>");
}

TEST(Rewrite, StopsWhenReplacementsOutgrowTheBody) {
  const std::vector<BodyRewrite> rewrites = {{"a", false, std::string(1000, 'b')}};
  const auto rewriter = *Rewriter::compile(rewrites);
  const std::string body(100, 'a');
  for (const std::size_t piece : {1U, 100U}) {
    const auto stage = rewriter->start({.growth = 10'000});
    const std::string out = run_stage(*stage, body, piece, 64);
    EXPECT_EQ(stage->trouble(), BodyTrouble::TooMuchNew);
    EXPECT_LE(out.size(), 11'100U);
    EXPECT_GE(out.size(), 9'000U);
  }
  const auto stage = rewriter->start({.growth = 99'900});
  EXPECT_EQ(run_stage(*stage, body, 7, 64).size(), 100'000U);
  EXPECT_TRUE(stage->over());
}

TEST(Rewrite, GivesUpItsTurnAndGoesOn) {
  const std::vector<BodyRewrite> rewrites = {{"a", false, ""}};
  const auto stage = (*Rewriter::compile(rewrites))->start({});
  std::vector<char> to(10);
  EXPECT_EQ(stage->step(std::string(10'000, 'a'), true, to).made, 0U);
  EXPECT_TRUE(stage->busy());
  EXPECT_FALSE(stage->over());
  EXPECT_EQ(run_stage(*stage, "", 1, 10), "");
  EXPECT_TRUE(stage->over());
}

TEST(Rewrite, SeesWhatAnEarlierRewriterMadeWhenOneFollowsAnother) {
  const std::vector<BodyRewrite> first = {{"a", false, "b"}};
  const std::vector<BodyRewrite> second = {{"bb", false, "c"}};
  const auto stage =
      chain((*Rewriter::compile(first))->start({}), (*Rewriter::compile(second))->start({}));
  EXPECT_EQ(run_stage(*stage, "abab", 1, 1), "cc");
  EXPECT_TRUE(stage->over());
}

TEST(Rewrite, GivesUpItsTurnInAChainAndGoesOnWithoutFurtherInput) {
  const std::vector<BodyRewrite> rewrites = {{"a", false, "b"}};
  const auto rewriter = *Rewriter::compile(rewrites);
  const auto stage = chain(rewriter->start({}), rewriter->start({}));
  const std::string body(1000, 'a');
  std::vector<char> to(2000);
  BodyFlow all = stage->step(body, false, to);
  for (int turns = 0; turns < 1000 && stage->busy(); ++turns) {
    const BodyFlow flow = stage->step("", false, std::span(to).subspan(all.made));
    all.made += flow.made;
  }
  EXPECT_FALSE(stage->busy());
  EXPECT_EQ(all.used, 1000U);
  EXPECT_EQ(std::string(to.data(), all.made), std::string(1000, 'b'));
}

TEST(Rewrite, SaysWhatIsWrongWithARewrite) {
  const auto error = [](BodyRewrite rewrite) {
    const auto out = Rewriter::compile({&rewrite, 1});
    return out ? std::string() : out.error();
  };
  EXPECT_NE(error({"", false, "x"}).find("nothing to search for"), std::string::npos);
  EXPECT_NE(error({"", true, "x"}).find("nothing to search for"), std::string::npos);
  EXPECT_NE(error({std::string(4097, 'a'), false, ""}).find("longer than 4096"), std::string::npos);
  EXPECT_EQ(error({std::string(4096, 'a'), false, ""}), "");
  EXPECT_NE(error({"a", false, std::string(65'537, 'a')}).find("longer than 65536"),
            std::string::npos);
  EXPECT_NE(error({"a(", true, ""}).find("not valid RE2"), std::string::npos);
  EXPECT_NE(error({"\xff", true, ""}).find("not valid RE2"), std::string::npos);
  for (const auto* nothing : {"a*", "\\b", "^", "(?m)$", "x?|y", "b|\\b"}) {
    EXPECT_NE(error({nothing, true, ""}).find("matches an empty text"), std::string::npos)
        << nothing;
  }
  EXPECT_NE(error({"(a)", true, "\\2"}).find("names group 2, but the expression has 1"),
            std::string::npos);
  EXPECT_NE(error({"a", true, "\\n"}).find("backslash"), std::string::npos);
  EXPECT_NE(error({"a", true, "\\"}).find("backslash"), std::string::npos);
  EXPECT_FALSE(Rewriter::compile(std::vector<BodyRewrite>(257, {"a", false, ""})));
}

}  // namespace
}  // namespace weir::filters
