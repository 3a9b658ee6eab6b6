// SPDX-License-Identifier: Apache-2.0
//
// The policy as it is read: every row of the two tables by its example, what a document holds, the
// files of a policy, bounds, and that what is shown reads to the same. What each problem says word
// for word is in tests/golden/config.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>

#include "proxy/config/load.h"
#include "proxy/config/policy_show.h"
#include "proxy/config/policy_table.h"
#include "proxy/config/policy_text.h"
#include "proxy/config/scan.h"
#include "proxy/config/schema.h"

namespace weir {
namespace {

namespace fs = std::filesystem;

using filters::ActionKind;
using filters::Condition;
using filters::ConditionKind;
using filters::PolicyDocument;

// What the examples of the tables name.
constexpr std::string_view kNamed =
    R"("groups": [{"name": "children", "users": "ann"}],
       "schedules": [{"name": "school", "when": {}}],
       "lists": [{"name": "ads", "file": "a"}, {"name": "trackers", "file": "b"}],)";

std::string with_rules(const std::string& rules) {
  return R"({"policy": {)" + std::string(kNamed) + R"("rules": [)" + rules + "]}}";
}

std::string rule(const std::string& when, const std::string& then = R"({"allow": true})") {
  return R"({"id": "a", "when": )" + when + R"(, "then": )" + then + "}";
}

std::string problems_of(const Loaded& loaded) {
  std::string out;
  for (const Problem& problem : loaded ? std::vector<Problem>() : loaded.error()) {
    out += problem.text() + "\n";
  }
  return out;
}

PolicyDocument load(const std::string& text) {
  const Loaded loaded = load_settings(text, "weir.json");
  EXPECT_EQ(problems_of(loaded), "") << text;
  return loaded ? loaded->policy : PolicyDocument();
}

Condition when_of(const std::string& when) {
  const PolicyDocument policy = load(with_rules(rule(when)));
  return policy.rules.empty() ? Condition() : policy.rules[0].when;
}

// What is shown must read to what shows the same.
void expect_stable(const std::string& text) {
  const Loaded first = load_settings(text, "weir.json");
  ASSERT_EQ(problems_of(first), "") << text;
  const std::string shown = effective_config(*first);
  const Loaded second = load_settings(shown, "weir.json");
  ASSERT_EQ(problems_of(second), "") << shown;
  EXPECT_EQ(effective_config(*second), shown);
}

TEST(PolicyTables, EveryConditionTakesItsExampleAndShowsIt) {
  for (const ConditionRow& row : condition_rows()) {
    const std::string when =
        "{" + json_text(row.name) + ": " + std::string(form_of(row).example) + "}";
    const Condition read = when_of(when);
    ASSERT_EQ(read.children.size(), 1u) << row.name;
    EXPECT_EQ(read.children[0].kind, row.kind);
    EXPECT_EQ(show_when(when_of(show_when(read))), show_when(read));
  }
}

TEST(PolicyTables, EveryActionTakesItsExample) {
  for (const ActionRow& row : action_rows()) {
    const std::string then = "{" + json_text(row.name) + ": " + std::string(example_of(row)) + "}";
    const Loaded loaded = load_settings(with_rules(rule("{}", then)), "weir.json");
    if (row.kind == ActionKind::Intercept) {
      EXPECT_FALSE(loaded) << "without an authority";
      continue;
    }
    ASSERT_EQ(problems_of(loaded), "");
    ASSERT_EQ(loaded->policy.rules[0].actions.size(), 1u);
    EXPECT_EQ(loaded->policy.rules[0].actions[0].kind, row.kind);
    expect_stable(with_rules(rule("{}", then)));
  }
}

TEST(PolicyTables, EveryWordOfAConditionIsTaken) {
  for (const ConditionRow& row : condition_rows()) {
    for (const std::string_view word : split_words(form_of(row).words)) {
      const Condition read = when_of("{" + json_text(row.name) + ": " + json_text(word) + "}");
      EXPECT_EQ(read.children.at(0).texts, std::vector<std::string>{std::string(word)});
    }
  }
}

TEST(PolicyTables, SchemaAndReferenceNameEveryRow) {
  const std::string schema = settings_schema();
  const std::string reference = settings_reference();
  const Scan scan = scan_json(schema);
  EXPECT_EQ(scan.message, "") << schema.substr(scan.offset, 60);
  for (const ConditionRow& row : condition_rows()) {
    EXPECT_NE(schema.find(json_text(row.sentence)), std::string::npos) << row.name;
    EXPECT_NE(reference.find("\n| `" + std::string(row.name) + "` | "), std::string::npos);
  }
  for (const ActionRow& row : action_rows()) {
    EXPECT_NE(schema.find(json_text(row.sentence)), std::string::npos) << row.name;
    EXPECT_NE(reference.find("\n| `" + std::string(row.name) + "` | "), std::string::npos);
  }
}

TEST(PolicyTables, TheSampleOfTheDefaultConfigurationLoads) {
  const SettingRow* row = find_setting("policy.rules");
  ASSERT_NE(row, nullptr);
  EXPECT_EQ(load(R"({"policy": {)" + std::string(kNamed) + R"("rules": )" +
                 std::string(row->sample) + "}}")
                .rules.size(),
            3u);
  EXPECT_NE(default_config().find("\"then\": { \"block\": true } }"), std::string::npos);
}

TEST(PolicyTables, ADocumentIsEmptyByDefault) {
  const PolicyDocument policy = load("{}");
  EXPECT_TRUE(policy.allow_by_default);
  EXPECT_TRUE(policy.groups.empty() && policy.rules.empty() && policy.lists.empty());
}

TEST(PolicyConditions, AreShownAsTheyWouldBeReadAgain) {
  for (
      const char* when :
      {R"({"any": [{"field": {"A": "x"}}]})", R"({"any": {"field": {"A": "x"}, "port": 1}})",
       R"({"any": [{"field": {"A": "x"}}, {"field": {"B": "x"}}], "field": {"C": true}})",
       R"({"any": [{"field": {"A": "x"}}, {"field": {"B": "x"}}], "field": [{"C": true}, {"D": true}]})",
       R"({"any": [{"field": {"A": "x"}}, {"query": {"B": "x"}}], "query": {"C": [true, "*"]}})",
       R"({"not": [{"port": 1}, {"any": [{"not": {"port": 2}}, {"port": 3}]}], "host": "a.example"})",
       R"({"field": {"A": ["/x/", "y"], "B": [true, false]}, "response_field": {"A": "/"}})",
       R"({"response_size": [{"at_least": 0}, {"below": 7}], "port": "1-65535", "client": "private"})"}) {
    expect_stable(with_rules(rule(when)));
  }
}

TEST(PolicyConditions, RangesAreHalfOpen) {
  const auto ports = when_of(R"({"port": [443, "8000-8100"]})").children.at(0).ranges;
  ASSERT_EQ(ports.size(), 2u);
  EXPECT_EQ(ports[0].at_least, 443u);
  EXPECT_EQ(ports[0].below, 444u);
  EXPECT_EQ(ports[1].below, 8101u);
  const auto status = when_of(R"({"status": "5xx"})").children.at(0).ranges;
  EXPECT_EQ(status.at(0).at_least, 500u);
  EXPECT_EQ(status.at(0).below, 600u);
  const auto size = when_of(R"({"request_size": {"below": "1KiB"}})").children.at(0).ranges;
  EXPECT_EQ(size.at(0).at_least, 0u);
  EXPECT_EQ(size.at(0).below, 1024u);
}

TEST(PolicyConditions, NamesOfHostsComeInOneSpelling) {
  const auto texts =
      when_of(R"({"host": ["A.Example.", ".B.Example", "[2001:DB8::1]", "Ads*.C.example"]})")
          .children.at(0)
          .texts;
  EXPECT_EQ(texts,
            (std::vector<std::string>{"a.example", ".b.example", "2001:db8::1", "ads*.c.example"}));
}

TEST(PolicyConditions, AFieldIsAskedInFourWays) {
  using How = filters::ValueMatch::How;
  const auto matches = when_of(R"({"field": {"A": true, "B": false, "C": "x*", "D": "/y+/"}})")
                           .children.at(0)
                           .matches;
  ASSERT_EQ(matches.size(), 4u);
  EXPECT_EQ(matches[0].how, How::Present);
  EXPECT_EQ(matches[1].how, How::Absent);
  EXPECT_EQ(matches[2].how, How::Wildcard);
  EXPECT_EQ(matches[2].text, "x*");
  EXPECT_EQ(matches[3].how, How::Expression);
  EXPECT_EQ(matches[3].text, "y+");
}

TEST(PolicyConditions, AListInAFieldMeansThatOneMustHold) {
  const Condition when = when_of(R"({"field": {"A": ["x", "y"], "B": true}})");
  ASSERT_EQ(when.children.size(), 1u);
  ASSERT_EQ(when.children[0].kind, ConditionKind::Any);
  ASSERT_EQ(when.children[0].children.size(), 2u);
  for (const Condition& all : when.children[0].children) {
    EXPECT_EQ(all.kind, ConditionKind::All);
    EXPECT_EQ(all.children.at(0).kind, ConditionKind::RequestField);
    EXPECT_EQ(all.children.at(0).matches.size(), 2u);
  }
}

TEST(PolicyConditions, NotOfAListHoldsWhenNoneDoes) {
  const Condition when = when_of(R"({"not": [{"port": 1}, {"port": 2, "method": "GET"}]})");
  ASSERT_EQ(when.children.size(), 2u);
  for (const Condition& none : when.children) {
    EXPECT_EQ(none.kind, ConditionKind::Not);
    ASSERT_EQ(none.children.size(), 1u);
    EXPECT_EQ(none.children[0].kind, ConditionKind::All);
  }
}

TEST(PolicyConditions, TooManyValuesAreAProblem) {
  const auto many = [](std::size_t count) {
    std::string out;
    for (std::size_t i = 0; i < count; ++i) {
      out += (out.empty() ? "" : ",") + std::string("1");
    }
    return with_rules(rule(R"({"port": [)" + out + "]}"));
  };
  EXPECT_EQ(problems_of(load_settings(many(kConditionValuesMost), "f")), "");
  EXPECT_NE(problems_of(load_settings(many(kConditionValuesMost + 1), "f")).find("1 to 100000"),
            std::string::npos);
}

TEST(PolicyConditions, AlternativesAreBounded) {
  std::string values;
  for (std::size_t i = 0; i < 32; ++i) {
    values += (i == 0 ? "\"" : ", \"") + std::to_string(i) + "\"";
  }
  const std::string when = R"({"field": {"A": [)" + values + R"(], "B": [)" + values + "]}}";
  EXPECT_NE(problems_of(load_settings(with_rules(rule(when)), "f")).find("more than 1000"),
            std::string::npos);
}

TEST(PolicyRules, MoreThanTenThousandAreAProblem) {
  std::string rules;
  for (std::size_t i = 0; i <= kRulesMost; ++i) {
    rules += (i == 0 ? "" : ",") + std::string(R"({"id": "r)") + std::to_string(i) +
             R"(", "then": {"allow": true}})";
  }
  EXPECT_NE(problems_of(load_settings(with_rules(rules), "f")).find("more than 10000 rules"),
            std::string::npos);
}

TEST(PolicyRules, ActionsComeInTheOrderOfTheTable) {
  const PolicyDocument policy =
      load(with_rules(rule("{}", R"({"tag": "x", "cache": "no", "block": true})")));
  const auto& actions = policy.rules.at(0).actions;
  ASSERT_EQ(actions.size(), 3u);
  EXPECT_EQ(actions[0].kind, ActionKind::Block);
  EXPECT_EQ(actions[0].status, 403);
  EXPECT_EQ(actions[1].kind, ActionKind::Cache);
  EXPECT_EQ(actions[2].kind, ActionKind::Tag);
}

TEST(PolicyRules, KnowTheirFileAndLine) {
  const PolicyDocument policy = load(
      "{\"policy\": {\"rules\": [\n{\"id\": \"a\", \"then\": {\"allow\": true}},\n\n"
      "{\"id\": \"b\", \"then\": {\"allow\": true}}]}}");
  EXPECT_EQ(policy.rules.at(0).line, 2u);
  EXPECT_EQ(policy.rules.at(1).line, 4u);
  EXPECT_EQ(policy.rules.at(1).file, "weir.json");
}

TEST(PolicyText, TimesDatesAndDays) {
  EXPECT_EQ(parse_time("24:00"), 1440);
  EXPECT_EQ(parse_time("7:05"), 425);
  for (const char* bad : {"", ":", "24:01", "1:5", "001:00", "-1:00", "12:60", "12:3x"}) {
    EXPECT_FALSE(parse_time(bad)) << bad;
  }
  EXPECT_TRUE(parse_date("2024-02-29"));
  EXPECT_TRUE(parse_date("2000-02-29"));
  for (const char* bad :
       {"2023-02-29", "2100-02-29", "2024-00-01", "2024-04-31", "24-04-01", "2024/04/01"}) {
    EXPECT_FALSE(parse_date(bad)) << bad;
  }
  EXPECT_EQ(parse_days("fri-mon"), 0x71);
  EXPECT_EQ(parse_days("Weekends"), 0x60);
  EXPECT_EQ(days_json(0x05), R"(["mon", "wed"])");
  EXPECT_FALSE(parse_days("mon-tues"));
}

TEST(PolicyText, Rates) {
  EXPECT_EQ(parse_rate("8Mbit/s"), 1'000'000u);
  EXPECT_EQ(parse_rate("500KiB/s"), 512'000u);
  EXPECT_EQ(parse_rate("500KiB"), 512'000u);
  EXPECT_FALSE(parse_rate("8Mbit"));
  EXPECT_FALSE(parse_rate("/s"));
  EXPECT_FALSE(parse_rate("99999999999999999999Gbit/s"));
  EXPECT_EQ(parse_rate(rate_text(123'456)), 123'456u);
}

TEST(PolicyText, OnlyAListFromThisMachineMayComeWithoutTls) {
  for (const char* good : {"https://a.example/x", "HTTPS://a.example", "http://127.0.0.1/x",
                           "http://[::1]:80/x", "http://localhost/x", "https://[2001:db8::1]/"}) {
    EXPECT_TRUE(take_list_url(good)) << good;
  }
  for (const char* bad :
       {"http://a.example/", "http://10.0.0.1/", "http://localhost.example/", "https://",
        "https://u:p@a.example/", "file:///etc/passwd", "https://a.example/ b", "a.example/list"}) {
    EXPECT_FALSE(take_list_url(bad)) << bad;
  }
}

// A folder that is gone at the end of its test.
class PolicyFiles : public testing::Test {
 protected:
  PolicyFiles() { fs::create_directories(folder_ / "rules.d"); }
  ~PolicyFiles() override { fs::remove_all(folder_); }

  Loaded load_with(const std::map<std::string, std::string>& files) {
    for (const auto& [name, text] : files) {
      std::ofstream(folder_ / name, std::ios::binary) << text;
    }
    return load_settings_file((folder_ / "weir.json").string());
  }
  std::string in_folder(const std::string& name) const { return (folder_ / name).string(); }

 private:
  fs::path folder_ = fs::temp_directory_path() / ("weir_policy_" + std::to_string(::getpid()));
};

TEST_F(PolicyFiles, AreReadInOrderBehindTheConfiguration) {
  const Loaded loaded = load_with(
      {{"weir.json", R"({"policy": {"files": ["rules.d/b.json", "rules.d/a.json"],
          "rules": [{"id": "one", "when": {"group": "g"}, "then": {"allow": true}}]}})"},
       {"rules.d/a.json", "{\n\"rules\": [\n{\"id\": \"three\", \"then\": {\"close\": true}}]}"},
       {"rules.d/b.json", R"({"$schema": "x", "groups": [{"name": "g", "users": "ann"}],
          "schedules": [{"name": "s", "when": {}}], "lists": [{"name": "l", "file": "lists/l.txt"}],
          "rules": [{"id": "two", "when": {"list": "l"}, "then": {"block": {"page": "no.html"}}}]})"}});
  ASSERT_EQ(problems_of(loaded), "");
  const auto& rules = loaded->policy.rules;
  ASSERT_EQ(rules.size(), 3u);
  EXPECT_EQ(rules[0].id + rules[1].id + rules[2].id, "onetwothree");
  EXPECT_EQ(rules[2].file, in_folder("rules.d/a.json"));
  EXPECT_EQ(rules[2].line, 3u);
  EXPECT_EQ(loaded->policy.lists.at(0).file, in_folder("lists/l.txt"));
  EXPECT_EQ(rules[1].actions.at(0).page, in_folder("no.html"));
  const Loaded again = load_settings(effective_config(*loaded), "elsewhere.json");
  ASSERT_EQ(problems_of(again), "");
  EXPECT_EQ(effective_config(*again), effective_config(*loaded));
}

TEST_F(PolicyFiles, SayWhereTheirProblemsStand) {
  const Loaded loaded =
      load_with({{"weir.json", R"({"policy": {"files": ["a.json", "b.json", "c.json", "gone.json"],
          "rules": [{"id": "x", "when": {"group": "g"}, "then": {"allow": true}}]}})"},
                 {"a.json",
                  "{\n\"rules\": [ {\"id\": \"x\", \"when\": {\"list\": \"l\"}, \"then\": {}} ],\n"
                  "\"files\": [], \"rulse\": [] }"},
                 {"b.json", "[]"},
                 {"c.json", "{ \"rules\": [ }"}});
  const std::string a = in_folder("a.json");
  EXPECT_EQ(
      problems_of(loaded),
      in_folder("weir.json") + ":1:53: policy.files[3]: there is no such file. Check the path.\n" +
          in_folder("weir.json") +
          ":2:51: policy.rules[0].when.group: there is no group \"g\". Describe it in "
          "policy.groups.\n" +
          a +
          ":2:19: rules[0].id: \"x\" is already the id of policy.rules[0]. Each needs its own.\n" +
          a + ":2:41: rules[0].when.list: there is no list \"l\". Describe it in policy.lists.\n" +
          a +
          ":2:55: rules[0].then: must be an object with at least one action, not an empty object. "
          "Write for example {\"block\": true}.\n" +
          a +
          ":3:1: files: is for the configuration itself. Known here: groups, schedules, lists, "
          "rules.\n" +
          a +
          ":3:14: rulse: there is nothing of this name in a policy file. Did you mean "
          "\"rules\"?\n" +
          in_folder("b.json") +
          ":1:1: a policy file must be an object. Write { \"rules\": [ ... ] }.\n" +
          in_folder("c.json") +
          ":1:14: a value is expected here. Values are \"text\", numbers, true, false, [lists] and "
          "{objects}.\n");
}

}  // namespace
}  // namespace weir
