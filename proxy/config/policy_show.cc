// SPDX-License-Identifier: Apache-2.0
//
// See policy_show.h: the objects of a policy, and conditions. Actions: policy_show_actions.cc.
#include "proxy/config/policy_show.h"

#include <algorithm>
#include <set>

#include "proxy/config/policy_table.h"
#include "proxy/config/policy_text.h"
#include "proxy/config/problem.h"
#include "proxy/config/show_object.h"
#include "proxy/config/units.h"

namespace weir {

using filters::Condition;
using filters::ConditionKind;
using filters::ValueMatch;

namespace {

constexpr std::string_view kFormats = "auto|domains|hosts|adblock|patterns|urls|networks";

template <class Item, class Show>
std::string lines(const std::vector<Item>& items, Show show) {
  std::string out;
  for (const Item& item : items) {
    out += (out.empty() ? "\n      " : ",\n      ") + show(item);
  }
  return out.empty() ? "[]" : "[" + out + "\n    ]";
}

std::string show_group(const filters::GroupDocument& group) {
  ShownObject out;
  out.put("name", json_text(group.name));
  out.put_list("clients", group.clients, [](const Prefix& each) { return json_text(each.text()); });
  out.put_list("macs", group.macs,
               [](const MacAddress& each) { return json_text(mac_text(each)); });
  out.put_list("devices", group.devices, json_text);
  out.put_list("users", group.users, json_text);
  out.put_list("listeners", group.listeners, json_text);
  if (group.trusts_ca) {
    out.put("trusts_ca", "true");
  }
  return out.take();
}

std::string show_interval(const ScheduleDocument::Interval& interval) {
  ShownObject out;
  out.put("days", days_json(interval.days));
  out.put("from", json_text(time_text(interval.from)));
  out.put("to", json_text(time_text(interval.to)));
  return out.take();
}

std::string show_schedule(const ScheduleDocument& schedule) {
  ShownObject out;
  out.put("name", json_text(schedule.name));
  out.put_text("zone", schedule.zone);
  out.put("when", shown_list(schedule.intervals, show_interval));
  out.put_list("except", schedule.except,
               [](const ScheduleDocument::Date& date) { return json_text(date_text(date)); });
  return out.take();
}

std::string show_list(const filters::ListDocument& list) {
  const filters::ListDocument plain;
  ShownObject out;
  const auto put_number = [&out](std::string_view name, std::uint32_t value, std::uint32_t normal) {
    out.put_if(value != normal, name, std::to_string(value));
  };
  out.put("name", json_text(list.name));
  out.put_text("file", list.file);
  out.put_text("url", list.url);
  out.put_if(list.format != plain.format, "format",
             json_text(split_words(kFormats)[static_cast<std::size_t>(list.format)]));
  out.put_if(list.interval != plain.interval, "interval", json_text(duration_text(list.interval)));
  out.put_if(list.timeout != plain.timeout, "timeout", json_text(duration_text(list.timeout)));
  out.put_if(list.max_bytes != plain.max_bytes, "max_size", json_text(bytes_text(list.max_bytes)));
  put_number("max_shrink", list.max_shrink, plain.max_shrink);
  put_number("max_grow", list.max_grow, plain.max_grow);
  out.put_list("canaries", list.canaries, json_text);
  out.put_if(list.dry_run, "dry_run", "true");
  out.put_if(list.required, "required", "true");
  return out.take();
}

std::string show_rule(const filters::RuleDocument& rule) {
  ShownObject out;
  out.put("id", json_text(rule.id));
  out.put_text("description", rule.description);
  out.put_if(!rule.when.children.empty(), "when", show_when(rule.when));
  out.put("then", show_then(rule.actions));
  out.put_if(rule.dry_run, "dry_run", "true");
  return out.take();
}

std::string show_number_range(const filters::Range& range) {
  const std::string from = std::to_string(range.at_least);
  return range.below == range.at_least + 1
             ? from
             : json_text(from + "-" + std::to_string(range.below - 1));
}

std::string show_size_range(const filters::Range& range) {
  ShownObject out;
  const bool open = range.below == UINT64_MAX;
  out.put_if(range.at_least != 0 || open, "at_least", json_text(bytes_text(range.at_least)));
  out.put_if(!open, "below", json_text(bytes_text(range.below)));
  return out.take();
}

std::string show_match(const ValueMatch& match) {
  switch (match.how) {
    case ValueMatch::How::Present:
      return "true";
    case ValueMatch::How::Absent:
      return "false";
    case ValueMatch::How::Wildcard:
      return json_text(match.text);
    case ValueMatch::How::Expression:
      return json_text("/" + match.text + "/");
  }
  return {};
}

std::string show_matches(const Condition& condition) {
  ShownObject out;
  for (const ValueMatch& match : condition.matches) {
    out.put(match.name, show_match(match));
  }
  return out.take();
}

// The value of a condition that is a row of the table.
std::string show_value_of(const Condition& condition) {
  switch (row_of(condition.kind).value) {
    case ConditionValue::Port:
    case ConditionValue::Status:
      return shown_values(condition.ranges, show_number_range);
    case ConditionValue::Range:
      return shown_values(condition.ranges, show_size_range);
    case ConditionValue::Network:
      return shown_values(condition.networks,
                          [](const Prefix& each) { return json_text(each.text()); });
    case ConditionValue::Match:
      return show_matches(condition);
    default:
      return shown_values(condition.texts, json_text);
  }
}

bool is_row(ConditionKind kind) {
  return kind != ConditionKind::Any && kind != ConditionKind::Not && kind != ConditionKind::All;
}

// The kind of the conditions of an Any that was written as a list of objects; All for others.
ConditionKind listed_kind(const Condition& any) {
  ConditionKind kind = ConditionKind::All;
  for (const Condition& all : any.children) {
    const bool one = all.children.size() == 1 && is_row(all.children.front().kind) &&
                     row_of(all.children.front().kind).value == ConditionValue::Match;
    if (!one || (kind != ConditionKind::All && kind != all.children.front().kind)) {
      return ConditionKind::All;
    }
    kind = all.children.front().kind;
  }
  return kind;
}

// A `when` may hold several Any of which only one can be called so; the others are such lists.
void put_any(const Condition& any, std::set<std::string_view>& taken, ShownObject& out) {
  const ConditionKind kind = listed_kind(any);
  const bool listed = kind != ConditionKind::All && any.children.size() > 1;
  if (listed && taken.insert(row_of(kind).name).second) {
    return out.put(row_of(kind).name, shown_list(any.children, [](const Condition& all) {
                     return show_matches(all.children.front());
                   }));
  }
  out.put("any", shown_list(any.children, show_when));
}

void put_not(const Condition& when, ShownObject& out) {
  std::vector<Condition> none;
  for (const Condition& each : when.children) {
    if (each.kind == ConditionKind::Not && !each.children.empty()) {
      none.push_back(each.children.front());
    }
  }
  out.put_if(!none.empty(), "not", shown_values(none, show_when));
}

}  // namespace

std::string show_when(const Condition& when) {
  ShownObject out;
  std::set<std::string_view> taken;
  for (const Condition& condition : when.children) {
    if (is_row(condition.kind)) {
      taken.insert(row_of(condition.kind).name);
      out.put(row_of(condition.kind).name, show_value_of(condition));
    }
  }
  for (const Condition& condition : when.children) {
    if (condition.kind == ConditionKind::Any) {
      put_any(condition, taken, out);
    }
  }
  put_not(when, out);
  return out.take();
}

std::string show_policy(const std::vector<filters::GroupDocument>& groups) {
  return lines(groups, show_group);
}

std::string show_policy(const std::vector<ScheduleDocument>& schedules) {
  return lines(schedules, show_schedule);
}

std::string show_policy(const std::vector<filters::ListDocument>& lists) {
  return lines(lists, show_list);
}

std::string show_policy(const std::vector<filters::RuleDocument>& rules) {
  return lines(rules, show_rule);
}

}  // namespace weir
