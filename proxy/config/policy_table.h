// SPDX-License-Identifier: Apache-2.0
//
// The language of rules as tables: filters/conditions.def and filters/actions.def, each row with
// what its value must be, in words and by a function, and an example. The reader, the JSON Schema
// and the reference are all made from these rows.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "filters/document.h"
#include "proxy/config/settings_table.h"

namespace weir {

// The `value` columns of the two tables.
enum class ConditionValue : std::uint8_t {
  Group,
  Schedule,
  List,
  Word,
  Port,
  Host,
  Pattern,
  Text,
  Match,
  Range,
  Status,
  Network,
  Media,
};
enum class ActionValue : std::uint8_t {
  Flag,
  Block,
  Redirect,
  Route,
  Fields,
  Names,
  Edits,
  Texts,
  Engines,
  Youtube,
  Cache,
  Bandwidth,
  Rewrites,
  Log,
};
enum class ActionSort : std::uint8_t { Decision, Adjustment };

struct ConditionRow {
  filters::ConditionKind kind;
  std::string_view name;
  filters::Phase phase;
  ConditionValue value;
  std::string_view sentence;
};

struct ActionRow {
  filters::ActionKind kind;
  std::string_view name;
  ActionSort sort;
  ActionValue value;
  std::string_view sentence;
};

// How one value of a condition is written. `rule.take` is null where it is no text, or not only.
struct ConditionForm {
  TextRule rule;
  std::string_view example;  // as JSON
  std::string_view words{};  // separated by |
};

// In the order of the tables.
std::span<const ConditionRow> condition_rows();
std::span<const ActionRow> action_rows();
const ConditionRow* find_condition(std::string_view name);
const ActionRow* find_action(std::string_view name);
const ConditionRow& row_of(filters::ConditionKind kind);  // of no Any, Not or All
const ActionRow& row_of(filters::ActionKind kind);

ConditionForm form_of(const ConditionRow& row);
// As JSON, and how an action's value is written, for people.
std::string_view example_of(const ActionRow& row);
std::string_view form_of(const ActionRow& row);

// Text between | as a list.
std::vector<std::string_view> split_words(std::string_view words);

// The search engines whose safe search can be forced: filters/policy/safe_search.h, in its order.
constexpr std::string_view kSearchEngines =
    "google|bing|duckduckgo|yandex|brave|ecosia|qwant|pixabay|startpage|yahoo";
constexpr std::string_view kSchemes = "http|https|tunnel";
constexpr std::string_view kResourceKinds =
    "document|subdocument|script|stylesheet|image|font|media|object|xhr|ping|websocket|csp_report|"
    "other";

constexpr std::size_t kRulesMost = 10'000;
constexpr std::size_t kListsMost = 1'000;
constexpr std::size_t kGroupsMost = 64;  // filters::GroupMask
constexpr std::size_t kSchedulesMost = 64;
constexpr std::size_t kConditionValuesMost = 100'000;
constexpr std::size_t kWhenDepthMost = 8;
constexpr std::size_t kPolicyTextMost = 4096;

}  // namespace weir
