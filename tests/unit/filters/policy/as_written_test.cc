// SPDX-License-Identifier: Apache-2.0
//
// Where the reader of weir.json and the engine must agree: the words that both know, and that what
// the one takes the other can compile, for every condition and action there is.
#include <gtest/gtest.h>

#include "filters/classify.h"
#include "filters/lists/read_list.h"
#include "filters/policy/patterns.h"
#include "filters/policy/policy.h"
#include "filters/policy/safe_search.h"
#include "proxy/config/load.h"
#include "proxy/config/policy_table.h"

namespace weir::filters {
namespace {

constexpr std::string_view kNamed =
    R"("groups": [{"name": "children", "users": "ann", "macs": "00:1b:44:11:3a:b7"}],
       "schedules": [{"name": "school", "zone": "UTC", "when": {"days": "weekdays", "to": "13:00"}}],
       "lists": [{"name": "ads", "file": "a"}, {"name": "trackers", "file": "b"}],)";

Settings load(const std::string& when, const std::string& then) {
  const std::string text = R"({"policy": {)" + std::string(kNamed) +
                           R"("rules": [{"id": "a", "when": )" + when + R"(, "then": )" + then +
                           "}]}}";
  auto loaded = load_settings(text, "weir.json");
  EXPECT_TRUE(loaded.has_value()) << text;
  return loaded ? *loaded : Settings();
}

// The problems of compiling, one a line.
std::string compiled(const std::string& when, const std::string& then) {
  const Settings settings = load(when, then);
  std::vector<List> lists;
  for (const ListDocument& document : settings.policy.lists) {
    auto list = read_list_text("ads.example\n", ListFormat::Domains, 1024);
    EXPECT_TRUE(list.has_value());
    list->index = static_cast<std::uint16_t>(lists.size());
    list->name = document.name;
    lists.push_back(std::move(*list));
  }
  const auto policy = Policy::compile(settings.policy, std::move(lists));
  std::string out;
  for (const auto& problem : policy ? std::vector<Policy::Problem>() : policy.error()) {
    out += problem.message + "\n";
  }
  return out;
}

TEST(PolicyAsWritten, TheWordsAreThoseOfTheEngine) {
  const auto engines = split_words(kSearchEngines);
  for (std::size_t i = 0; i < engines.size(); ++i) {
    EXPECT_EQ(search_engine_name(static_cast<SearchEngine>(i)), engines[i]);
  }
  EXPECT_EQ(kAllEngines, (1U << engines.size()) - 1);
  const auto kinds = split_words(kResourceKinds);
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    EXPECT_EQ(kind_name(static_cast<ResourceKind>(i)), kinds[i]);
  }
  EXPECT_EQ(kinds.size(), static_cast<std::size_t>(ResourceKind::Other) + 1);
  const auto formats = words_of(*find_setting("policy.lists[].format"));
  for (std::size_t i = 0; i < formats.size(); ++i) {
    EXPECT_EQ(format_name(static_cast<ListFormat>(i)), formats[i]);
  }
}

TEST(PolicyAsWritten, EveryConditionThatIsReadCanBeCompiled) {
  for (const ConditionRow& row : condition_rows()) {
    const std::string when =
        "{" + json_text(row.name) + ": " + std::string(form_of(row).example) + "}";
    EXPECT_EQ(compiled(when, R"({"block": true})"), "") << when;
    EXPECT_EQ(compiled(R"({"not": )" + when + "}", R"({"block": true})"), "") << when;
  }
  EXPECT_EQ(compiled(R"({"field": {"A": ["x*", "/y+/"], "B": [true, false]},
                         "any": [{"port": 1}, {"not": [{"method": "GET"}, {"method": "PUT"}]}]})",
                     R"({"allow": true})"),
            "");
}

TEST(PolicyAsWritten, EveryActionThatIsReadCanBeCompiled) {
  for (const ActionRow& row : action_rows()) {
    const std::string then = "{" + json_text(row.name) + ": " + std::string(example_of(row)) + "}";
    if (row.kind != ActionKind::Intercept) {
      EXPECT_EQ(compiled("{}", then), "") << then;
    }
  }
}

TEST(PolicyAsWritten, ExpressionsAreJudgedWithAllElse) {
  constexpr std::string_view kText = R"({
  "policy": {"rules": [
    {"id": "a", "when": {"url": ["ok", "(a"], "field": {"A": "/[b/"}}, "then": {"blok": true}},
    {"id": "b", "then": {"replace_request_field": {"X": {"match": "(c", "with": ""}},
                         "rewrite_body": {"match": "d", "with": "\\7"}}}]},
  "limits": {"head": 3}})";
  const Loaded loaded = load_settings(kText, "f", expression_fault);
  std::string said;
  for (const Problem& problem : loaded ? std::vector<Problem>() : loaded.error()) {
    said += problem.text() + "\n";
  }
  EXPECT_EQ(
      said,
      R"(f:3:40: policy.rules[0].when.url[1]: it is no RE2 expression: missing ): (a. Write for example "^https?://[^/]*/ads/".
f:3:62: policy.rules[0].when.field.A: it is no RE2 expression: missing ]: [b. Write for example {"X-Example": "*old*"}.
f:3:81: policy.rules[0].then.blok: there is no action of this name. Did you mean "block"?
f:4:67: policy.rules[1].then.replace_request_field.X.match: it is no RE2 expression: missing ): (c.
f:5:52: policy.rules[1].then.rewrite_body.match: "\7" cannot be put in: Rewrite schema requests 7 matches, but the regexp only has 0 parenthesized subexpressions.
f:6:22: limits.head: must be a size from 1KiB to 4MiB, not 3. Write for example "64KiB".
)");
}

}  // namespace
}  // namespace weir::filters
