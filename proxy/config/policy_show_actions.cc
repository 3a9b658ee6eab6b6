// SPDX-License-Identifier: Apache-2.0
//
// See policy_show.h: actions.
#include <map>

#include "proxy/config/policy_show.h"
#include "proxy/config/policy_table.h"
#include "proxy/config/policy_text.h"
#include "proxy/config/show_object.h"
#include "proxy/config/units.h"

namespace weir {

using filters::Action;

namespace {

template <class Enum>
std::string show_word(std::string_view words, Enum value) {
  return json_text(split_words(words)[static_cast<std::size_t>(value)]);
}

std::string show_block(const Action& action) {
  ShownObject out;
  out.put_if(action.status != 403, "status", std::to_string(action.status));
  out.put_text("page", action.page);
  out.put_text("message", action.message);
  out.put_if(action.body != filters::BlockBody::Auto, "body",
             show_word("auto|page|empty|pixel", action.body));
  const std::string shown = out.take();
  return shown == "{}" ? "true" : shown;
}

std::string show_redirect(const Action& action) {
  ShownObject out;
  out.put("to", json_text(action.to));
  out.put("status", std::to_string(action.status));
  return out.take();
}

// The items of one name together, in the order in which the names first came.
template <class Items, class Name, class Show>
std::string show_by_name(const Items& items, Name name_of, Show show) {
  std::vector<std::string_view> names;
  std::map<std::string_view, std::vector<std::string>> values;
  for (const auto& item : items) {
    auto& same = values[name_of(item)];
    if (same.empty()) {
      names.push_back(name_of(item));
    }
    same.push_back(show(item));
  }
  ShownObject out;
  for (const std::string_view name : names) {
    out.put(name, shown_values(values[name], [](const std::string& value) { return value; }));
  }
  return out.take();
}

std::string show_fields(const Action& action) {
  return show_by_name(
      action.fields, [](const auto& field) { return std::string_view(field.first); },
      [](const auto& field) { return json_text(field.second); });
}

std::string show_edits(const Action& action) {
  return show_by_name(
      action.edits, [](const auto& edit) { return std::string_view(edit.name); },
      [](const filters::FieldEdit& edit) {
        ShownObject out;
        out.put("match", json_text(edit.match));
        out.put_text("with", edit.with);
        return out.take();
      });
}

std::string show_rewrite(const filters::BodyRewrite& rewrite) {
  ShownObject out;
  out.put(rewrite.expression ? "match" : "find", json_text(rewrite.find));
  out.put_text("with", rewrite.with);
  return out.take();
}

std::string show_bandwidth(const Action& action) {
  ShownObject out;
  out.put("rate", json_text(rate_text(action.rate)));
  out.put_if(action.burst != 0, "burst", json_text(bytes_text(action.burst)));
  out.put_if(action.per != filters::BandwidthPer::Connection, "per",
             show_word("connection|client|group|rule", action.per));
  return out.take();
}

std::string show_value_of(const Action& action) {
  switch (row_of(action.kind).value) {
    case ActionValue::Flag:
      return "true";
    case ActionValue::Block:
      return show_block(action);
    case ActionValue::Redirect:
      return show_redirect(action);
    case ActionValue::Route:
    case ActionValue::Names:
    case ActionValue::Texts:
      return shown_values(action.names, json_text);
    case ActionValue::Engines:
      return action.names.empty() ? "true" : shown_values(action.names, json_text);
    case ActionValue::Fields:
      return show_fields(action);
    case ActionValue::Edits:
      return show_edits(action);
    case ActionValue::Youtube:
      return show_word("moderate|strict", action.youtube);
    case ActionValue::Cache:
      return json_text(action.no_cache ? "no" : duration_text(action.cache_for));
    case ActionValue::Bandwidth:
      return show_bandwidth(action);
    case ActionValue::Rewrites:
      return shown_values(action.rewrites, show_rewrite);
    case ActionValue::Log:
      return show_word("full|host|none", action.log);
  }
  return {};
}

}  // namespace

std::string show_then(const std::vector<Action>& actions) {
  ShownObject out;
  for (const Action& action : actions) {
    out.put(row_of(action.kind).name, show_value_of(action));
  }
  return out.take();
}

}  // namespace weir
