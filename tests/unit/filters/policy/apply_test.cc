// SPDX-License-Identifier: Apache-2.0
//
// Carrying adjustments out: queries, fields, and how several rules combine.
#include "filters/policy/apply.h"

#include <optional>

#include "tests/unit/filters/policy/build.h"

#include <gmock/gmock.h>  // its macros must not meet those of the tables

namespace weir::filters::test {
namespace {

using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using ::testing::IsEmpty;
using Pair = std::pair<std::string, std::string>;

// A policy of rules that always hold, its verdict and what that comes to.
struct Applied {
  std::shared_ptr<const Policy> policy;
  Verdict verdict;
  Adjustments adjustments;
  Asked asked{"http://a.test/"};

  explicit Applied(const std::vector<Action>& actions) {
    Draft draft;
    for (std::size_t i = 0; i < actions.size(); ++i) {
      draft.add(rule("r" + std::to_string(i), {}, {actions[i]}));
    }
    policy = draft.policy();
    verdict = judge(*policy, Phase::Request, asked);
    adjustments = policy->summarise(verdict);
  }
  std::string strip(std::string_view path) {
    return std::string(strip_query(path, adjustments, asked.arena));
  }
  std::vector<Pair> fields(const std::vector<FieldLine>& lines, bool request = true) {
    const auto out = request ? edit_request(lines, adjustments, asked.arena)
                             : edit_response(lines, adjustments, asked.arena);
    std::vector<Pair> pairs;
    for (const auto& line : out) {
      pairs.emplace_back(line.name, line.value);
    }
    return pairs;
  }
};

Action edit(ActionKind kind, std::vector<FieldEdit> edits) {
  Action out = act(kind);
  out.edits = std::move(edits);
  return out;
}

TEST(Apply, ParametersAreStrippedAndTheOthersKeepTheirBytes) {
  Applied applied({with_names(ActionKind::StripQuery, {"utm_*", "fbclid"})});
  const std::vector<Pair> rows = {
      {"/", "/"},
      {"/?", "/?"},
      {"/?a=1", "/?a=1"},
      {"/?utm_source=x", "/"},
      {"/?utm_source=x&a=1", "/?a=1"},
      {"/?a=1&utm_source=x", "/?a=1"},
      {"/?a=%41&utm_a&b=+&fbclid=1&c", "/?a=%41&b=+&c"},
      {"/?a&&utm_a=1&&b", "/?a&&&b"},
      {"/?%75tm_source=x&a", "/?a"},
      {"/?utm_a=1&utm_b=2", "/"},
      {"/?UTM_a=1", "/?UTM_a=1"},
      {"/?=utm_a", "/?=utm_a"},
      {"/p?x=/?utm_a=1", "/p?x=/?utm_a=1"},
      {"/?a=b?utm_a=1&utm_c", "/?a=b?utm_a=1"},
      {"/?utm_a=1&", "/"},
  };
  for (const auto& [path, expected] : rows) {
    EXPECT_EQ(applied.strip(path), expected) << path;
  }
}

TEST(Apply, APathWithNothingToStripIsGivenBackAsItIs) {
  Applied applied({with_names(ActionKind::StripQuery, {"utm_*"})});
  const std::string path = "/a?b=c&d";
  EXPECT_EQ(strip_query(path, applied.adjustments, applied.asked.arena).data(), path.data());
}

TEST(Apply, WhatListsTakeOutIsMissingAndTheRestKeepsItsBytes) {
  struct Row {
    std::string_view path, url, left, expected;
  };
  const Row rows[] = {
      {"/a/../b?x=%41&utm=1", "http://a/b?x=A&utm=1", "http://a/b?x=A", "/a/../b?x=%41"},
      {"/?%75tm=1&x", "http://a/?utm=1&x", "http://a/?x", "/?x"},
      {"/?u=%2f&x=%2f", "http://a/?u=%2F&x=%2F", "http://a/?x=%2F", "/?x=%2f"},
      {"/?utm=1", "http://a/?utm=1", "http://a/", "/"},
      {"/?a&&utm&&b", "http://a/?a&&utm&&b", "http://a/?a&&&b", "/?a&&&b"},
      {"/?u=1&x&u=1", "http://a/?u=1&x&u=1", "http://a/?x", "/?x"},
      // An earlier phase has taken "s" out and put "safe" in.
      {"/?u=1&x&safe=1", "http://a/?s=1&u=1&x", "http://a/?s=1&x", "/?x&safe=1"},
      {"/x", "http://a/x", "http://a/x", "/x"},
  };
  for (const Row& row : rows) {
    Arena arena;
    EXPECT_EQ(take_out(row.path, row.url, row.left, arena), row.expected) << row.path;
  }
}

TEST(Apply, AParameterIsForcedOnceAndAtTheEnd) {
  Arena arena;
  const auto forced = [&arena](std::string_view path) {
    return std::string(force_parameter(path, "safe", "active", arena));
  };
  const std::vector<Pair> rows = {
      {"/search", "/search?safe=active"},
      {"/search?", "/search?safe=active"},
      {"/search?q=a%20b", "/search?q=a%20b&safe=active"},
      {"/search?safe=off&q=a", "/search?q=a&safe=active"},
      {"/search?q=a&s%61fe=off", "/search?q=a&safe=active"},
      {"/search?safe=active&safe=off", "/search?safe=active"},
      {"/search?safe=active&q=a", "/search?safe=active&q=a"},
      {"/search?unsafe=1", "/search?unsafe=1&safe=active"},
      {"/search?safe", "/search?safe=active"},
  };
  for (const auto& [path, expected] : rows) {
    EXPECT_EQ(forced(path), expected) << path;
  }
}

TEST(Apply, FieldsAreSetAddedRemovedAndReplacedInOrder) {
  Applied applied({
      with_fields(ActionKind::SetRequestField, {{"X-Set", "new"}, {"X-New", "1"}}),
      with_fields(ActionKind::AddRequestField, {{"X-Add", "2"}}),
      with_names(ActionKind::RemoveRequestField, {"cookie"}),
      edit(ActionKind::ReplaceRequestField, {{"user-agent", "Chrome/(\\d+)", "Weir/\\1"}}),
      with_fields(ActionKind::SetResponseField, {{"X-Response", "no"}}),
  });
  EXPECT_THAT(applied.fields({{"x-set", "old"},
                              {"Cookie", "a"},
                              {"User-Agent", "Chrome/1 Chrome/22"},
                              {"X-SET", "older"},
                              {"X-Add", "1"},
                              {"COOKIE", "b"}}),
              ElementsAre(Pair("x-set", "new"), Pair("User-Agent", "Weir/1 Weir/22"),
                          Pair("X-Add", "1"), Pair("X-New", "1"), Pair("X-Add", "2")));
}

TEST(Apply, ALaterRuleSeesWhatAnEarlierOneDid) {
  Applied applied({with_fields(ActionKind::AddResponseField, {{"A", "1"}}),
                   edit(ActionKind::ReplaceResponseField, {{"a", "1", "2"}}),
                   with_fields(ActionKind::AddResponseField, {{"A", "3"}})});
  EXPECT_THAT(applied.fields({}, false), ElementsAre(Pair("A", "2"), Pair("A", "3")));
  EXPECT_THAT(applied.fields({}, true), IsEmpty());
}

TEST(Apply, ReplacingFollowsTheMatchesFromLeftToRight) {
  struct Row {
    std::string match;
    std::string with;
    std::string value;
    std::string expected;
  };
  const std::vector<Row> rows = {
      {"a", "b", "banana", "bbnbnb"},
      {"an", "", "banana", "ba"},
      {"^", "x", "abc", "xabc"},
      {"x*", "-", "abc", "-a-b-c-"},
      {"(a)(b)?", "[\\1\\2\\\\]", "ab a", "[ab\\] [a\\]"},
      {"z", "y", "abc", "abc"},
      {".*", "all", "", "all"},
      {"b$", " ", "ab", "a"},
  };
  for (const auto& row : rows) {
    Applied applied({edit(ActionKind::ReplaceRequestField, {{"f", row.match, row.with}})});
    EXPECT_THAT(applied.fields({{"f", row.value}}), ElementsAre(Pair("f", row.expected)))
        << row.match;
  }
}

TEST(Apply, AValueIsNotGrownWithoutBound) {
  const std::string with(1000, 'x');
  const std::string value(1000, 'a');
  Applied applied({edit(ActionKind::ReplaceRequestField, {{"f", "a", with}})});
  EXPECT_THAT(applied.fields({{"f", value}}), ElementsAre(Pair("f", value)));
}

TEST(Apply, LinesThatNothingChangesAreGivenBackAsTheyAre) {
  Applied applied({with_fields(ActionKind::SetResponseField, {{"A", "1"}})});
  const std::vector<FieldLine> lines = {{"B", "2"}};
  EXPECT_FALSE(edits_request(applied.adjustments));
  EXPECT_TRUE(edits_response(applied.adjustments));
  EXPECT_EQ(edit_request(lines, applied.adjustments, applied.asked.arena).data(), lines.data());
}

TEST(Apply, ListEditsAddPoliciesAndNeverTouchFraming) {
  Verdict verdict;
  using What = ListEdits::What;
  verdict.edits.edits[0] = {What::ContentSecurityPolicy, "script-src 'none'", {}};
  verdict.edits.edits[1] = {What::RemoveResponseField, "refresh", {}};
  verdict.edits.edits[2] = {What::RemoveResponseField, "content-length", {}};
  verdict.edits.edits[3] = {What::PermissionsPolicy, "camera=()", {}};
  verdict.edits.edits[4] = {What::RemoveRequestField, "x-a", {}};
  verdict.edits.count = 5;
  Applied applied({});
  applied.adjustments = applied.policy->summarise(verdict);
  EXPECT_THAT(applied.fields({{"Refresh", "1"}, {"Content-Length", "3"}, {"X-A", "1"}}, false),
              ElementsAre(Pair("Content-Length", "3"), Pair("X-A", "1"),
                          Pair("Content-Security-Policy", "script-src 'none'"),
                          Pair("Permissions-Policy", "camera=()")));
  EXPECT_THAT(applied.fields({{"X-A", "1"}}, true), IsEmpty());
}

TEST(Apply, SeveralRulesCombineAsTheirKindsDo) {
  Action none_logged = act(ActionKind::Log);
  none_logged.log = LogLevel::None;
  Action host_logged = act(ActionKind::Log);
  host_logged.log = LogLevel::Host;
  Action keep = act(ActionKind::Cache);
  keep.cache_for = 60 * kSecond;
  Action never = act(ActionKind::Cache);
  never.no_cache = true;
  Action strict = act(ActionKind::Youtube);
  strict.youtube = Youtube::Strict;
  Action slow = act(ActionKind::Bandwidth);
  slow.rate = 1000;
  const Applied applied({none_logged, host_logged, never, keep, strict, act(ActionKind::Youtube),
                         slow, slow, tag("a"), with_names(ActionKind::SafeSearch, {"bing"}),
                         with_names(ActionKind::SafeSearch, {"google"})});
  const Adjustments& all = applied.adjustments;
  EXPECT_EQ(all.log, LogLevel::None);
  EXPECT_FALSE(all.no_cache);
  EXPECT_EQ(all.cache_for, 60 * kSecond);
  EXPECT_EQ(all.youtube, Youtube::Strict);
  ASSERT_EQ(all.bandwidth.size(), 2U);
  EXPECT_EQ(all.bandwidth[1].rule, 7U);
  EXPECT_EQ(all.tags.size(), 1U);
  EXPECT_EQ(all.safe_search, 3U);
  EXPECT_EQ(all.edits, nullptr);
}

}  // namespace
}  // namespace weir::filters::test
