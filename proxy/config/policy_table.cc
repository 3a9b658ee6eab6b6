// SPDX-License-Identifier: Apache-2.0
//
// See policy_table.h. A condition or an action that is added to its table needs a line here only if
// its values are of a kind that no other has; the tests try every example.
#include "proxy/config/policy_table.h"

#include <algorithm>

#include "proxy/config/policy_text.h"
#include "proxy/config/text_rules.h"

namespace weir {

using filters::ActionKind;
using filters::ConditionKind;
using filters::Phase;

namespace {

constexpr ConditionRow kConditions[] = {
#define CONDITION(id, name, phase, value, sentence) \
  {ConditionKind::id, name, Phase::phase, ConditionValue::value, sentence},
#include "filters/conditions.def"
#undef CONDITION
};

constexpr ActionRow kActions[] = {
#define POLICY_ACTION(id, name, sort, value, sentence) \
  {ActionKind::id, name, ActionSort::sort, ActionValue::value, sentence},
#include "filters/actions.def"
#undef POLICY_ACTION
};

ConditionForm word_form(ConditionKind kind) {
  switch (kind) {
    case ConditionKind::User:
      return {{take_user, "a user name"}, R"("ann")"};
    case ConditionKind::Listener:
      return {{take_plain, "the name of a listener"}, R"("forward")"};
    case ConditionKind::Method:
      return {{take_method, "a method in capitals"}, R"(["POST", "PUT"])"};
    case ConditionKind::Scheme:
      return {{take_plain, "a scheme"}, R"("http")", kSchemes};
    case ConditionKind::Kind:
      return {{take_plain, "a kind"}, R"(["image", "media"])", kResourceKinds};
    case ConditionKind::Extension:
      return {{take_extension, "an extension without its dot"}, R"(["exe", "msi"])"};
    default:
      return {{take_word, "a word"}, R"("word")"};
  }
}

ConditionForm host_form(ConditionKind kind) {
  if (kind == ConditionKind::ServerName) {
    return {{take_name_match, "a host name, perhaps with a leading dot or * in its labels"},
            R"(".example.com")"};
  }
  return {{take_host_match,
           "a host name, perhaps with a leading dot or * in its labels, or an IP address"},
          R"(["example.com", ".example.org", "ads*.example.net"])"};
}

}  // namespace

std::span<const ConditionRow> condition_rows() {
  return kConditions;
}

std::span<const ActionRow> action_rows() {
  return kActions;
}

const ConditionRow* find_condition(std::string_view name) {
  const auto row = std::ranges::find(kConditions, name, &ConditionRow::name);
  return row == std::end(kConditions) ? nullptr : row;
}

const ActionRow* find_action(std::string_view name) {
  const auto row = std::ranges::find(kActions, name, &ActionRow::name);
  return row == std::end(kActions) ? nullptr : row;
}

const ConditionRow& row_of(ConditionKind kind) {
  return kConditions[static_cast<std::size_t>(kind)];
}

const ActionRow& row_of(ActionKind kind) {
  return kActions[static_cast<std::size_t>(kind)];
}

std::vector<std::string_view> split_words(std::string_view words) {
  std::vector<std::string_view> out;
  while (!words.empty()) {
    out.push_back(words.substr(0, words.find('|')));
    words.remove_prefix(std::min(words.size(), out.back().size() + 1));
  }
  return out;
}

ConditionForm form_of(const ConditionRow& row) {
  switch (row.value) {
    case ConditionValue::Group:
      return {{take_plain, "the name of a group"}, R"("children")"};
    case ConditionValue::Schedule:
      return {{take_plain, "the name of a schedule"}, R"("school")"};
    case ConditionValue::List:
      return {{take_plain, "the name of a list"}, R"(["ads", "trackers"])"};
    case ConditionValue::Word:
      return word_form(row.kind);
    case ConditionValue::Host:
      return host_form(row.kind);
    case ConditionValue::Pattern:
      return {{take_expression, "an RE2 expression"}, R"("^https?://[^/]*/ads/")"};
    case ConditionValue::Text:
      return row.kind == ConditionKind::PathPrefix
                 ? ConditionForm{{take_path, "a path that begins with / and has no *"},
                                 R"("/private")"}
                 : ConditionForm{{take_plain, "a name, perhaps with *"}, R"("*.torrent")"};
    case ConditionValue::Media:
      return {{take_media_type, "a media type"}, R"(["video/*", "application/zip"])"};
    case ConditionValue::Port:
      return {{nullptr, "a port from 1 to 65535, or a range of them"}, R"([80, "8000-8100"])"};
    case ConditionValue::Status:
      return {{nullptr, "a status from 100 to 599, a class or a range"}, R"([404, "5xx"])"};
    case ConditionValue::Network:
      return {{nullptr,
               "an address, a range of addresses with no bit set beyond its length, loopback or "
               "private"},
              R"(["10.0.0.0/8", "::1"])"};
    case ConditionValue::Range:
      return {{nullptr, "an object with at_least, below or both, sizes"},
              R"({"at_least": "10MiB"})"};
    case ConditionValue::Match:
      return {{nullptr, "an object from a name to true, false, a text with * or \"/expression/\""},
              row.kind == ConditionKind::Query ? R"({"utm_source": true})"
                                               : R"({"X-Example": "*old*"})"};
  }
  return {};
}

std::string_view example_of(const ActionRow& row) {
  switch (row.value) {
    case ActionValue::Flag:
      return "true";
    case ActionValue::Block:
      return R"({"message": "Not during school.", "status": 403})";
    case ActionValue::Redirect:
      return R"({"to": "https://intranet.example/", "status": 302})";
    case ActionValue::Route:
      return R"("direct")";
    case ActionValue::Fields:
      return R"({"X-Example": "1"})";
    case ActionValue::Names:
      return row.kind == ActionKind::Tag ? R"(["school", "watch"])" : R"(["X-Example", "X-Other"])";
    case ActionValue::Edits:
      return R"({"X-Example": {"match": "old(er)?", "with": "new"}})";
    case ActionValue::Texts:
      return R"(["utm_*", "fbclid"])";
    case ActionValue::Engines:
      return R"(["google", "bing"])";
    case ActionValue::Youtube:
      return R"("strict")";
    case ActionValue::Cache:
      return R"("10m")";
    case ActionValue::Bandwidth:
      return R"({"rate": "500KiB/s", "burst": "1MiB", "per": "client"})";
    case ActionValue::Rewrites:
      return R"([{"find": "http://old.example/", "with": "https://new.example/"}])";
    case ActionValue::Log:
      return R"("host")";
  }
  return {};
}

std::string_view form_of(const ActionRow& row) {
  switch (row.value) {
    case ActionValue::Flag:
      return "true";
    case ActionValue::Block:
      return "true, or an object with status (200, 204 or 400 to 599 without 401 and 407; 403), "
             "page "
             "(a template file), message (shown to the person), body (auto, page, empty or pixel)";
    case ActionValue::Redirect:
      return "a URL, or an object with to (a URL) and status (301, 302, 303, 307 or 308; 302)";
    case ActionValue::Route:
      return "the name of a parent or \"direct\", or a list of them in the order they are tried";
    case ActionValue::Fields:
      return "an object from the name of a field to its value";
    case ActionValue::Names:
      return row.kind == ActionKind::Tag ? "a word or a list of words"
                                         : "the name of a field or a list of names";
    case ActionValue::Edits:
      return "an object from the name of a field to one or several objects with match (an RE2 "
             "expression) and with (\\1 stands for its first group)";
    case ActionValue::Texts:
      return "a name with * for any text, or a list of them";
    case ActionValue::Engines:
      return "true for all, or names of search engines";
    case ActionValue::Youtube:
      return "moderate or strict";
    case ActionValue::Cache:
      return "\"no\", or a duration";
    case ActionValue::Bandwidth:
      return "an object with rate (bytes per second, or text such as \"500KiB/s\" or \"8Mbit/s\"), "
             "burst (a size; one second's worth) and per (connection, client, group or rule)";
    case ActionValue::Rewrites:
      return "one or several objects with find (a literal text) or match (an RE2 expression), and "
             "with (what to put there)";
    case ActionValue::Log:
      return "full, host or none";
  }
  return {};
}

}  // namespace weir
