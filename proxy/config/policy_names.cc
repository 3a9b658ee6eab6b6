// SPDX-License-Identifier: Apache-2.0
//
// See policy_names.h. It walks what was written once more, because there every name has a place.
#include "proxy/config/policy_names.h"

#include <algorithm>
#include <functional>
#include <map>

#include "proxy/config/policy_table.h"

namespace weir {
namespace {

using Names = std::vector<std::string_view>;

// What may be named, and how it is called in problems.
struct Known {
  Names groups;
  Names schedules;
  Names lists;
  Names parents{"direct"};
  Names listeners;
};

template <class Items, class Member>
Names names_of(const Items& items, Member member) {
  Names out;
  std::ranges::transform(items, std::back_inserter(out), member);
  return out;
}

Known known_of(const Settings& settings) {
  Known known;
  known.groups = names_of(settings.policy.groups, &filters::GroupDocument::name);
  known.schedules = names_of(settings.policy.schedules, &filters::ScheduleDocument::name);
  known.lists = names_of(settings.policy.lists, &filters::ListDocument::name);
  known.listeners = names_of(settings.listeners, &Settings::Listener::name);
  for (const Settings::Parent& parent : settings.parents) {
    known.parents.emplace_back(parent.name);
  }
  for (Names* names :
       {&known.groups, &known.schedules, &known.lists, &known.parents, &known.listeners}) {
    std::ranges::sort(*names);
  }
  return known;
}

// One name, or a list of them; what is no text has been reported before.
void check_names(const Value* value, const std::string& path, const NameKind& kind,
                 Problems& problems) {
  if (value == nullptr) {
    return;
  }
  for (std::size_t i = 0; i < value->items.size(); ++i) {
    check_names(&value->items[i], step(path, i), kind, problems);
  }
  const std::string& name = value->text;
  if (value->kind != ValueKind::Text || std::ranges::binary_search(kind.known, name)) {
    return;
  }
  problems.add_unknown(value->offset, path, name, kind);
}

void check_condition(const Member& member, const std::string& path, const Known& known,
                     Problems& problems) {
  const ConditionRow* row = find_condition(member.name);
  if (row == nullptr) {
    return;
  }
  if (row->value == ConditionValue::Group) {
    check_names(&member.value, path, {"group", "policy.groups", known.groups}, problems);
  } else if (row->value == ConditionValue::Schedule) {
    check_names(&member.value, path, {"schedule", "policy.schedules", known.schedules}, problems);
  } else if (row->value == ConditionValue::List) {
    check_names(&member.value, path, {"list", "policy.lists", known.lists}, problems);
  } else if (row->kind == filters::ConditionKind::Listener) {
    check_names(&member.value, path, {"listener", "listen", known.listeners}, problems);
  }
}

// Every `when` at or below the value; the depth of the text is bounded (scan.h).
void check_when(const Value& value, const std::string& path, const Known& known,
                Problems& problems) {
  for (std::size_t i = 0; i < value.items.size(); ++i) {
    check_when(value.items[i], step(path, i), known, problems);
  }
  for (const Member& member : value.members) {
    const std::string inner = step(path, member.name);
    if (member.name == "any" || member.name == "not") {
      check_when(member.value, inner, known, problems);
    } else {
      check_condition(member, inner, known, problems);
    }
  }
}

// Calls use(object, path) for the objects of one list of the part.
template <class Use>
void each_object(const PolicyPart& part, std::string_view list, Use use) {
  const Value* found = part.policy == nullptr ? nullptr : part.policy->find(list);
  const std::string path = step(part.path, list);
  for (std::size_t i = 0; found != nullptr && i < found->items.size(); ++i) {
    use(found->items[i], step(path, i));
  }
}

void check_references(PolicyPart& part, const Known& known) {
  each_object(part, "groups", [&](const Value& group, const std::string& path) {
    check_names(group.find("listeners"), step(path, "listeners"),
                {"listener", "listen", known.listeners}, part.problems);
  });
  each_object(part, "rules", [&](const Value& rule, const std::string& path) {
    if (const Value* when = rule.find("when")) {
      check_when(*when, step(path, "when"), known, part.problems);
    }
    const Value* then = rule.find("then");
    check_names(then == nullptr ? nullptr : then->find("route"), step(step(path, "then"), "route"),
                {"parent", "parents", known.parents}, part.problems);
  });
}

// Each name of a list once over all parts, and no more of them than there may be.
void check_once(PolicyParts& parts, std::string_view list, std::string_view member,
                std::size_t most) {
  std::map<std::string_view, std::string> seen;
  std::size_t count = 0;
  for (PolicyPart& part : parts) {
    each_object(part, list, [&](const Value& object, const std::string& path) {
      if (++count == most + 1) {
        part.problems.add(
            object.offset, path,
            "there are more than " + std::to_string(most) + " " + std::string(list) + ".",
            "Join some of them.");
      }
      const Value* name = object.find(member);
      if (name == nullptr || name->kind != ValueKind::Text) {
        return;
      }
      const bool here = part.path == "policy";
      const auto [first, fresh] =
          seen.try_emplace(name->text, here ? path : part.file + ": " + path);
      if (!fresh) {
        part.problems.add(name->offset, step(path, member),
                          quote(name->text) + " is already the " + std::string(member) + " of " +
                              first->second + ".",
                          "Each needs its own.");
      }
    });
  }
}

}  // namespace

void check_policy(const Settings& settings, PolicyParts& parts) {
  const Known known = known_of(settings);
  for (PolicyPart& part : parts) {
    check_references(part, known);
  }
  check_once(parts, "groups", "name", kGroupsMost);
  check_once(parts, "schedules", "name", kSchedulesMost);
  check_once(parts, "lists", "name", kListsMost);
  check_once(parts, "rules", "id", kRulesMost);
}

}  // namespace weir
