// SPDX-License-Identifier: Apache-2.0
//
// Small words to write policies and subjects with, for the tests of this folder.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "filters/policy/policy.h"
#include "filters/url.h"
#include "proxy/base/ascii.h"

namespace weir::filters::test {

using Kind = ConditionKind;

inline Condition is(Kind kind, std::vector<std::string> texts) {
  Condition out;
  out.kind = kind;
  out.texts = std::move(texts);
  return out;
}
inline Condition within(Kind kind, std::vector<std::string> networks) {
  Condition out;
  out.kind = kind;
  for (const auto& text : networks) {
    out.networks.push_back(Prefix::parse(text).value());
  }
  return out;
}
inline Condition between(Kind kind, std::uint64_t at_least, std::uint64_t below = UINT64_MAX) {
  Condition out;
  out.kind = kind;
  out.ranges.push_back({at_least, below});
  return out;
}
inline Condition matching(Kind kind, std::vector<ValueMatch> matches) {
  Condition out;
  out.kind = kind;
  out.matches = std::move(matches);
  return out;
}
inline Condition group_of(Kind kind, std::vector<Condition> children) {
  Condition out;
  out.kind = kind;
  out.children = std::move(children);
  return out;
}
inline Condition any(std::vector<Condition> children) {
  return group_of(Kind::Any, std::move(children));
}
inline Condition all(std::vector<Condition> children) {
  return group_of(Kind::All, std::move(children));
}
inline Condition none(std::vector<Condition> children) {
  return group_of(Kind::Not, std::move(children));
}

inline Action act(ActionKind kind) {
  Action out;
  out.kind = kind;
  return out;
}
inline Action tag(const std::string& word) {
  Action out = act(ActionKind::Tag);
  out.names = {word};
  return out;
}
inline Action with_fields(ActionKind kind,
                          std::vector<std::pair<std::string, std::string>> fields) {
  Action out = act(kind);
  out.fields = std::move(fields);
  return out;
}
inline Action with_names(ActionKind kind, std::vector<std::string> names) {
  Action out = act(kind);
  out.names = std::move(names);
  return out;
}

inline RuleDocument rule(std::string id, std::vector<Condition> when, std::vector<Action> then,
                         bool dry_run = false) {
  RuleDocument out;
  out.id = std::move(id);
  out.when = group_of(Kind::All, std::move(when));
  out.actions = std::move(then);
  out.dry_run = dry_run;
  out.file = "weir.json";
  out.line = 7;
  return out;
}

// A policy with its lists' texts.
struct Draft {
  PolicyDocument document;
  std::vector<std::string> texts;

  Draft& add(RuleDocument one) {
    document.rules.push_back(std::move(one));
    return *this;
  }
  Draft& list(const std::string& name, std::string text, ListFormat format = ListFormat::Domains,
              bool dry_run = false) {
    ListDocument out;
    out.name = name;
    out.format = format;
    out.dry_run = dry_run;
    document.lists.push_back(out);
    texts.push_back(std::move(text));
    return *this;
  }
  Draft& group(const std::string& name, std::vector<std::string> clients) {
    GroupDocument out;
    out.name = name;
    for (const auto& text : clients) {
      out.clients.push_back(Prefix::parse(text).value());
    }
    document.groups.push_back(out);
    return *this;
  }
  Draft& schedule(ScheduleDocument one) {
    document.schedules.push_back(std::move(one));
    return *this;
  }

  tl::expected<std::shared_ptr<const Policy>, std::vector<Policy::Problem>> compile() const {
    std::vector<List> lists;
    for (std::size_t i = 0; i < texts.size(); ++i) {
      const auto owner = std::make_shared<std::string>(texts[i]);
      List one;
      one.index = static_cast<std::uint16_t>(i);
      one.name = document.lists[i].name;
      one.format = document.lists[i].format;
      one.dry_run = document.lists[i].dry_run;
      one.text = *owner;
      one.owner = owner;
      lists.push_back(std::move(one));
    }
    return Policy::compile(document, std::move(lists));
  }
  std::shared_ptr<const Policy> policy() const {
    auto made = compile();
    if (!made) {
      for (const auto& problem : made.error()) {
        ADD_FAILURE() << problem.message;
      }
      return nullptr;
    }
    return *made;
  }
  std::vector<std::string> problems() const {
    std::vector<std::string> out;
    if (const auto made = compile(); !made) {
      for (const auto& problem : made.error()) {
        out.push_back(problem.message);
      }
    }
    return out;
  }
};

using FieldLines = std::vector<std::pair<std::string, std::string>>;

inline std::string_view nth_field(const void* from, std::string_view name, std::size_t nth) {
  for (const auto& [key, value] : *static_cast<const FieldLines*>(from)) {
    if (same_ignoring_case(key, name) && nth-- == 0) {
      return {value.data(), value.size()};
    }
  }
  return {};
}

// A subject with what it views. Not to be moved once made.
struct Asked {
  Arena arena;
  Subject subject;
  FieldLines request_fields;
  FieldLines response_fields;

  explicit Asked(std::string_view url, std::string_view method = "GET") {
    subject.method = method;
    subject.client = IpAddress::parse("10.0.0.1").value();
    subject.host_only = method == "CONNECT";
    EXPECT_TRUE(parse_url(arena.copy(url), subject, arena)) << url;
    subject.request = {&request_fields, nth_field};
    subject.response = {&response_fields, nth_field};
  }
  Asked(const Asked&) = delete;
  Asked& operator=(const Asked&) = delete;
};

inline Verdict judge(const Policy& policy, Phase phase, Asked& asked) {
  Verdict out;
  policy.judge(phase, asked.subject, asked.arena, out);
  return out;
}

// "block by no-games", "default", "block by default".
inline std::string words(const Policy& policy, const Verdict& verdict) {
  const std::string decision(decision_name(verdict.decision));
  if (verdict.rule == UINT32_MAX) {
    return verdict.decision == Decision::Default ? decision : decision + " by default";
  }
  return decision + " by " + policy.rule(verdict.rule).id;
}

inline std::string judged(const Draft& draft, Asked& asked, Phase phase = Phase::Request) {
  const auto policy = draft.policy();
  return policy ? words(*policy, judge(*policy, phase, asked)) : "no policy";
}

}  // namespace weir::filters::test
