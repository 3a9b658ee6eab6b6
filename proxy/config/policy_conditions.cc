// SPDX-License-Identifier: Apache-2.0
//
// See policy_read.h: conditions. A list of objects for a condition of sort Match, and a list of
// values for one of its members, mean that one of them must hold; they become an Any of conditions
// with one object each, so that a Condition of that sort always holds one object.
#include <algorithm>

#include "proxy/base/ascii.h"
#include "proxy/config/policy_read.h"
#include "proxy/config/policy_text.h"
#include "proxy/config/read.h"
#include "proxy/config/text_rules.h"
#include "proxy/config/units.h"

namespace weir {

using filters::Condition;
using filters::ConditionKind;
using filters::ValueMatch;

namespace {

constexpr std::size_t kAlternativesMost = 1'000;
constexpr std::string_view kWhenExample = R"({"host": "example.com"})";

std::optional<std::uint64_t> read_size(const Slot& in) {
  const auto size = in.value.kind == ValueKind::Text ? parse_bytes(in.value.text)
                    : in.value.kind == ValueKind::Number && in.value.whole
                        ? std::optional(in.value.count)
                        : std::nullopt;
  if (!size) {
    refuse(in, "a size", "Write for example \"10MiB\".");
  }
  return size;
}

// {"at_least": size, "below": size}
void read_range(const Slot& in, Condition& out) {
  if (in.value.kind != ValueKind::Object || in.value.members.empty()) {
    return refuse(in, "an object with at_least, below or both");
  }
  filters::Range range;
  for (const Member& member : in.value.members) {
    const Slot slot{member.value, step(in.path, member.name), in.problems};
    if (member.name == "at_least") {
      range.at_least = read_size(slot).value_or(0);
    } else if (member.name == "below") {
      range.below = read_size(slot).value_or(UINT64_MAX);
    } else {
      refuse_unknown(member, in, "bound", {"at_least", "below"});
    }
  }
  if (range.at_least >= range.below) {
    return in.problems.add(in.value.offset, in.path, "no size lies in this range.",
                           "Make below larger than at_least.");
  }
  out.ranges.push_back(range);
}

// A number, or text by `parse`.
template <class Parse>
void read_numbers(const Slot& in, std::string_view expected, Parse parse, Condition& out) {
  const bool number = in.value.kind == ValueKind::Number && in.value.whole;
  const std::string text = number ? std::to_string(in.value.count) : in.value.text;
  if (const auto range = text.empty() ? std::nullopt : parse(text)) {
    out.ranges.push_back(*range);
  } else {
    refuse(in, std::string(expected));
  }
}

void read_network(const Slot& in, std::string_view expected, Condition& out) {
  const std::string& text = in.value.text;
  const auto prefix = Prefix::parse(text);
  if (text == "loopback" || text == "private") {
    const auto& ranges = text == "loopback" ? loopback_ranges() : private_ranges();
    out.networks.insert(out.networks.end(), ranges.begin(), ranges.end());
  } else if (prefix) {
    out.networks.push_back(*prefix);
  } else {
    refuse(in, std::string(expected));
  }
}

// The remedy for a text that is almost right, where one can be told.
std::string remedy_for(const ConditionRow& row, const std::string& text) {
  std::string capitals = text;
  std::ranges::transform(capitals, capitals.begin(), [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  });
  if (row.kind == ConditionKind::Method && take_method(capitals)) {
    return "Did you mean " + quote(capitals) + "?";
  }
  if (row.kind == ConditionKind::Extension && text.starts_with('.') &&
      take_extension(text.substr(1))) {
    return "Did you mean " + quote(text.substr(1)) + "?";
  }
  if (row.kind == ConditionKind::PathPrefix && text.find('*') != text.npos) {
    const bool below = text.ends_with("/*") && take_path(text.substr(0, text.size() - 1));
    return below
               ? "A path covers all below it: write " + quote(text.substr(0, text.size() - 1)) + "."
               : "A path has no wildcards; write an expression in \"url\".";
  }
  if (row.value != ConditionValue::Host) {
    return {};
  }
  if (text == "*") {
    return "Leave the condition out to mean every host.";
  }
  if (text.find("://") != text.npos) {
    return "Write the host alone; a whole URL is for \"url\".";
  }
  if (text.find('/') != text.npos || (text.ends_with(".*") && is(text.front(), kDigit))) {
    return "Write a host; ranges of addresses are for \"destination\".";
  }
  if (std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) >= 0x80; })) {
    return "Write names in other scripts in their xn-- form.";
  }
  return {};
}

void read_text_value(const Slot& in, const ConditionRow& row, const ConditionForm& form,
                     Condition& out) {
  if (!form.words.empty()) {
    if (const auto word = read_word(in, form.words)) {
      out.texts.emplace_back(split_words(form.words)[*word]);
    }
    return;
  }
  const bool text = in.value.kind == ValueKind::Text && !in.value.text.empty() &&
                    in.value.text.size() <= kPolicyTextMost;
  if (auto taken = text ? form.rule.take(in.value.text) : std::nullopt) {
    if (row.value == ConditionValue::Pattern) {
      judge_expression(in, *taken);
    }
    out.texts.push_back(std::move(*taken));
    return;
  }
  const std::string remedy = text ? remedy_for(row, in.value.text) : "";
  const std::string expected(form.rule.expected);
  return remedy.empty() ? refuse(in, expected) : refuse(in, expected, remedy);
}

// true, false, a text with *, or "/expression/".
std::optional<ValueMatch> read_match(const Slot& in, const std::string& name) {
  using How = ValueMatch::How;
  if (in.value.kind == ValueKind::Flag) {
    return ValueMatch{name, in.value.flag ? How::Present : How::Absent, {}};
  }
  const std::string& text = in.value.text;
  if (in.value.kind != ValueKind::Text || text.size() > kPolicyTextMost || !take_plain(text)) {
    refuse(in, "true, false, a text with * or \"/expression/\"");
    return std::nullopt;
  }
  if (text.size() < 2 || text.front() != '/' || text.back() != '/') {
    return ValueMatch{name, How::Wildcard, text};
  }
  if (text.size() == 2) {
    refuse(in, "an expression that is not empty", "Write it between the two slashes.");
    return std::nullopt;
  }
  judge_expression(in, std::string_view(text).substr(1, text.size() - 2));
  return ValueMatch{name, How::Expression, text.substr(1, text.size() - 2)};
}

bool is_good_name(const ConditionRow& row, const std::string& name) {
  return row.kind == ConditionKind::Query ? !name.empty() && take_plain(name).has_value()
                                          : take_token(name).has_value();
}

using Alternatives = std::vector<std::vector<ValueMatch>>;

// Each of the alternatives so far with each of the member's values.
Alternatives multiplied(const Alternatives& so_far, const std::vector<ValueMatch>& values) {
  Alternatives out;
  for (const auto& one : so_far) {
    for (const ValueMatch& value : values) {
      out.push_back(one);
      out.back().push_back(value);
    }
  }
  return out;
}

// The alternatives that one object stands for.
Alternatives read_object(const Slot& in, const ConditionRow& row) {
  Alternatives out;
  if (in.value.kind != ValueKind::Object || in.value.members.empty()) {
    refuse(in, std::string(form_of(row).rule.expected));
    return out;
  }
  out.emplace_back();
  for (const Member& member : in.value.members) {
    const Slot slot{member.value, step(in.path, member.name), in.problems, in.example};
    std::vector<ValueMatch> values;
    if (!is_good_name(row, member.name)) {
      in.problems.add(
          member.offset, slot.path,
          "this is not the name of a " +
              std::string(row.kind == ConditionKind::Query ? "parameter" : "field") + ".",
          row.kind == ConditionKind::Query ? "Write the name as it stands in the query."
                                           : "Names of fields are letters, digits and -.");
      continue;
    }
    each_value(slot, kAlternativesMost, [&](const Slot& item) {
      if (auto match = read_match(item, member.name)) {
        values.push_back(std::move(*match));
      }
    });
    if (values.size() * out.size() > kAlternativesMost) {
      in.problems.add(slot.value.offset, slot.path,
                      "the lists of this object make more than 1000 alternatives.",
                      "Split the rule, or use an expression.");
      return {};
    }
    out = values.empty() ? std::move(out) : multiplied(out, values);
  }
  return out;
}

Condition of_kind(ConditionKind kind) {
  Condition out;
  out.kind = kind;
  return out;
}

void read_matches(const Slot& in, const ConditionRow& row, std::vector<Condition>& out) {
  Condition any = of_kind(ConditionKind::Any);
  each_value(in, kAlternativesMost, [&](const Slot& item) {
    for (auto& matches : read_object(item, row)) {
      Condition one = of_kind(row.kind);
      one.matches = std::move(matches);
      any.children.push_back(of_kind(ConditionKind::All));
      any.children.back().children.push_back(std::move(one));
    }
  });
  if (any.children.size() == 1) {
    out.push_back(std::move(any.children.front().children.front()));
  } else if (!any.children.empty()) {
    out.push_back(std::move(any));
  }
}

void read_condition(const Slot& in, const ConditionRow& row, std::vector<Condition>& out) {
  if (row.value == ConditionValue::Match) {
    return read_matches(in, row, out);
  }
  const ConditionForm form = form_of(row);
  Condition& condition = out.emplace_back(of_kind(row.kind));
  each_value(in, kConditionValuesMost, [&](const Slot& item) {
    switch (row.value) {
      case ConditionValue::Port:
        return read_numbers(item, form.rule.expected, parse_port_range, condition);
      case ConditionValue::Status:
        return read_numbers(item, form.rule.expected, parse_status_range, condition);
      case ConditionValue::Network:
        return read_network(item, form.rule.expected, condition);
      case ConditionValue::Range:
        return read_range(item, condition);
      default:
        return read_text_value(item, row, form, condition);
    }
  });
}

// A `when` below `any` or `not`: one without conditions would always hold, and is refused.
void read_nested(const Slot& in, std::size_t depth, Condition& out) {
  if (in.value.kind == ValueKind::Object && in.value.members.empty()) {
    return refuse(in, "an object with conditions");
  }
  read_when(in, depth, out);
}

void read_any(const Slot& in, std::size_t depth, Condition& out) {
  Condition& any = out.children.emplace_back(of_kind(ConditionKind::Any));
  each_value(in, kConditionValuesMost, [&](const Slot& item) {
    read_nested(item, depth + 1, any.children.emplace_back(of_kind(ConditionKind::All)));
  });
}

// Of several objects none may hold.
void read_not(const Slot& in, std::size_t depth, Condition& out) {
  each_value(in, kConditionValuesMost, [&](const Slot& item) {
    Condition& none = out.children.emplace_back(of_kind(ConditionKind::Not));
    read_nested(item, depth + 1, none.children.emplace_back(of_kind(ConditionKind::All)));
  });
}

std::vector<std::string_view> known_conditions() {
  std::vector<std::string_view> names{"any", "not"};
  for (const ConditionRow& row : condition_rows()) {
    names.push_back(row.name);
  }
  return names;
}

}  // namespace

void read_when(const Slot& in, std::size_t depth, Condition& out) {
  if (in.value.kind != ValueKind::Object) {
    return refuse(in, "an object with conditions",
                  "Write for example " + std::string(kWhenExample) + ".");
  }
  if (depth > kWhenDepthMost) {
    return in.problems.add(
        in.value.offset, in.path,
        "conditions are nested deeper than " + std::to_string(kWhenDepthMost) + ".",
        "Split the rule in several.");
  }
  for (const Member& member : in.value.members) {
    Slot slot{member.value, step(in.path, member.name), in.problems, kWhenExample};
    if (member.name == "any") {
      read_any(slot, depth, out);
    } else if (member.name == "not") {
      read_not(slot, depth, out);
    } else if (const ConditionRow* row = find_condition(member.name)) {
      slot.example = form_of(*row).example;
      read_condition(slot, *row, out.children);
    } else {
      refuse_unknown(member, in, "condition", known_conditions());
    }
  }
}

}  // namespace weir
