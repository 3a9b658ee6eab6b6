// SPDX-License-Identifier: Apache-2.0
//
// See policy_read.h: actions, and what both kinds of readers share.
#include <algorithm>
#include <array>

#include "proxy/base/ascii.h"
#include "proxy/config/policy_read.h"
#include "proxy/config/policy_text.h"
#include "proxy/config/read.h"
#include "proxy/config/text_rules.h"
#include "proxy/config/units.h"

namespace weir {

using filters::Action;
using filters::ActionKind;

namespace {

constexpr std::size_t kValuesMost = 1'000;
constexpr Micros kCacheMost = 365 * 86'400 * kSecond;
constexpr TextRule kUrl{take_url, "an absolute URL with http or https"};
constexpr TextRule kAnyText{take_plain, "text that is not empty, without control characters"};
constexpr TextRule kExpression{take_expression, "an RE2 expression"};
constexpr TextRule kFieldValue{take_field_value,
                               "text without control characters, not ending in a space"};
constexpr TextRule kWord{take_word, "a word of letters, digits, - . and _"};

// Fields that say where a message ends or belong to one connection; the proxy writes them itself.
constexpr std::string_view kOwnFields[] = {
    "connection", "content-length",      "expect",           "host",
    "keep-alive", "proxy-authorization", "proxy-connection", "te",
    "trailer",    "transfer-encoding",   "upgrade"};

using Use = void (*)(const Slot&, Action&);
struct MemberReader {
  std::string_view name;
  Use read;
};

// Every member of an object by its reader.
void read_object(const Slot& in, std::span<const MemberReader> readers, Action& out) {
  for (const Member& member : in.value.members) {
    const auto reader = std::ranges::find(readers, member.name, &MemberReader::name);
    if (reader != readers.end()) {
      reader->read(Slot{member.value, step(in.path, member.name), in.problems}, out);
      continue;
    }
    std::vector<std::string_view> known;
    std::ranges::transform(readers, std::back_inserter(known), &MemberReader::name);
    refuse_unknown(member, in, "member", known);
  }
}

std::optional<std::uint16_t> read_status(const Slot& in, bool (*good)(std::uint64_t),
                                         const std::string& expected) {
  if (in.value.kind == ValueKind::Number && in.value.whole && good(in.value.count)) {
    return static_cast<std::uint16_t>(in.value.count);
  }
  refuse(in, expected);
  return std::nullopt;
}

bool is_block_status(std::uint64_t status) {
  const bool error = status >= 400 && status <= 599 && status != 401 && status != 407;
  return error || status == 200 || status == 204;
}

bool is_redirect_status(std::uint64_t status) {
  return (status >= 301 && status <= 303) || status == 307 || status == 308;
}

void read_flag(const Slot& in, Action&) {
  if (in.value.kind != ValueKind::Flag || !in.value.flag) {
    refuse(in, "true", "Write true, or leave it out.");
  }
}

void read_block(const Slot& in, Action& out) {
  constexpr MemberReader kMembers[] = {
      {"status",
       [](const Slot& slot, Action& action) {
         action.status =
             read_status(slot, is_block_status, "200, 204 or 400 to 599 without 401 and 407")
                 .value_or(403);
       }},
      {"page", [](const Slot& slot,
                  Action& action) { action.page = read_text(slot, kAnyText).value_or(""); }},
      {"message", [](const Slot& slot,
                     Action& action) { action.message = read_text(slot, kAnyText).value_or(""); }},
      {"body", [](const Slot& slot, Action& action) {
         const auto word = read_word(slot, "auto|page|empty|pixel").value_or(0);
         action.body = static_cast<filters::BlockBody>(word);
       }}};
  out.status = 403;
  if (in.value.kind == ValueKind::Object) {
    return read_object(in, kMembers, out);
  }
  if (in.value.kind != ValueKind::Flag || !in.value.flag) {
    refuse(in, "true or an object");
  }
}

void read_redirect(const Slot& in, Action& out) {
  constexpr MemberReader kMembers[] = {
      {"to",
       [](const Slot& slot, Action& action) { action.to = read_text(slot, kUrl).value_or(""); }},
      {"status", [](const Slot& slot, Action& action) {
         action.status =
             read_status(slot, is_redirect_status, "301, 302, 303, 307 or 308").value_or(302);
       }}};
  out.status = 302;
  if (in.value.kind != ValueKind::Object) {
    out.to = read_text(in, kUrl).value_or("");
    return;
  }
  read_object(in, kMembers, out);
  if (in.value.find("to") == nullptr) {
    fault(in, "\"to\" is missing.");
  }
}

void read_names(const Slot& in, const TextRule& rule, Action& out) {
  each_value(in, kValuesMost, [&](const Slot& item) {
    if (auto text = read_text(item, rule)) {
      out.names.push_back(std::move(*text));
    }
  });
}

void read_route(const Slot& in, Action& out) {
  read_names(in, kAnyText, out);
  const auto direct = std::ranges::find(out.names, "direct");
  if (direct != out.names.end() && direct + 1 != out.names.end()) {
    in.problems.add(in.value.offset, in.path, "nothing is tried after \"direct\".",
                    "Put \"direct\" last, or remove what follows it.");
  }
}

// The name of a field that rules may change.
bool is_field_name(const Slot& in, const std::string& name, std::size_t offset) {
  const bool own = std::ranges::any_of(
      kOwnFields, [&name](std::string_view field) { return same_ignoring_case(name, field); });
  if (own || !take_token(name)) {
    in.problems.add(offset, in.path,
                    own ? quote(name) + " is a field that the proxy writes itself."
                        : quote(name) + " is not the name of a field.",
                    own ? "Leave it out." : "Names of fields are letters, digits and -.");
    return false;
  }
  return true;
}

// Calls use(slot of the value, name) for every field of an object.
template <class UseField>
void each_field(const Slot& in, UseField use) {
  if (in.value.kind != ValueKind::Object || in.value.members.empty()) {
    return refuse(in, "an object from names of fields");
  }
  for (const Member& member : in.value.members) {
    const Slot slot{member.value, step(in.path, member.name), in.problems, in.example};
    if (is_field_name(slot, member.name, member.offset)) {
      use(slot, member.name);
    }
  }
}

bool adds(ActionKind kind) {
  return kind == ActionKind::AddRequestField || kind == ActionKind::AddResponseField;
}

void read_fields(const Slot& in, Action& out) {
  each_field(in, [&out](const Slot& slot, const std::string& name) {
    const auto put = [&](const Slot& item) {
      const bool empty = item.value.kind == ValueKind::Text && item.value.text.empty();
      if (auto value = empty ? std::optional(std::string()) : read_text(item, kFieldValue)) {
        out.fields.emplace_back(name, std::move(*value));
      }
    };
    return adds(out.kind) ? each_value(slot, kValuesMost, put) : put(slot);
  });
}

void read_field_names(const Slot& in, Action& out) {
  each_value(in, kValuesMost, [&](const Slot& item) {
    if (item.value.kind != ValueKind::Text) {
      refuse(item, "the name of a field");
    } else if (is_field_name(item, item.value.text, item.value.offset)) {
      out.names.push_back(item.value.text);
    }
  });
}

// {"match": ..., "with": ...}; also for rewrites, with "find" instead of "match".
struct Replacement {
  std::optional<std::string> find;
  std::optional<std::string> match;
  std::string with;
};

Replacement read_replacement(const Slot& in, bool literal) {
  Replacement out;
  if (in.value.kind != ValueKind::Object) {
    refuse(in, "an object");
    return out;
  }
  for (const Member& member : in.value.members) {
    const Slot slot{member.value, step(in.path, member.name), in.problems};
    if (member.name == "match") {
      out.match = read_text(slot, kExpression);
    } else if (member.name == "find" && literal) {
      const bool good = member.value.kind == ValueKind::Text && !member.value.text.empty() &&
                        member.value.text.size() <= kPolicyTextMost;
      out.find = good ? std::optional(member.value.text) : std::nullopt;
      good ? void() : refuse(slot, "text that is not empty");
    } else if (member.name == "with") {
      const bool good =
          member.value.kind == ValueKind::Text && member.value.text.size() <= kPolicyTextMost;
      out.with = good ? member.value.text : "";
      good ? void() : refuse(slot, "text");
    } else {
      refuse_unknown(member, in, "member",
                     literal ? std::vector<std::string_view>{"find", "match", "with"}
                             : std::vector<std::string_view>{"match", "with"});
    }
  }
  if (out.match) {
    judge_expression({*in.value.find("match"), step(in.path, "match"), in.problems}, *out.match,
                     out.with);
  }
  return out;
}

// Whether exactly one of the two says what to look for.
bool check_search(const Slot& in, bool literal) {
  const bool find = literal && in.value.find("find") != nullptr;
  const bool match = in.value.find("match") != nullptr;
  if (in.value.kind == ValueKind::Object && find == match) {
    fault(in, find      ? "says both \"find\" and \"match\"."
              : literal ? "says neither \"find\" nor \"match\"."
                        : "\"match\" is missing.");
  }
  return find != match;
}

void read_edits(const Slot& in, Action& out) {
  each_field(in, [&out](const Slot& slot, const std::string& name) {
    each_value(slot, kValuesMost, [&](const Slot& item) {
      Replacement edit = read_replacement(item, false);
      if (check_search(item, false) && edit.match) {
        const bool plain = take_field_value(edit.with).has_value();
        plain ? void() : fault(item, "\"with\" holds control characters or ends in a space.");
        out.edits.push_back({name, std::move(*edit.match), std::move(edit.with)});
      }
    });
  });
}

void read_rewrites(const Slot& in, Action& out) {
  each_value(in, kValuesMost, [&](const Slot& item) {
    Replacement rewrite = read_replacement(item, true);
    const auto& text = rewrite.match ? rewrite.match : rewrite.find;
    if (check_search(item, true) && text) {
      out.rewrites.push_back({*text, rewrite.match.has_value(), std::move(rewrite.with)});
    }
  });
}

void read_engines(const Slot& in, Action& out) {
  if (in.value.kind == ValueKind::Flag && in.value.flag) {
    return;
  }
  each_value(in, kValuesMost, [&](const Slot& item) {
    if (const auto engine = read_word(item, kSearchEngines)) {
      out.names.emplace_back(split_words(kSearchEngines)[*engine]);
    }
  });
}

void read_cache(const Slot& in, Action& out) {
  out.no_cache = in.value.kind == ValueKind::Text && in.value.text == "no";
  if (out.no_cache) {
    return;
  }
  const auto length = in.value.kind == ValueKind::Number ? duration_from_seconds(in.value.number)
                      : in.value.kind == ValueKind::Text ? parse_duration(in.value.text)
                                                         : std::nullopt;
  if (!length || *length < kSecond || *length > kCacheMost) {
    return refuse(in, "\"no\" or a duration from 1s to 365d");
  }
  out.cache_for = *length;
}

std::uint64_t read_amount(const Slot& in, bool rate) {
  const auto amount = in.value.kind == ValueKind::Text
                          ? (rate ? parse_rate(in.value.text) : parse_bytes(in.value.text))
                      : in.value.kind == ValueKind::Number && in.value.whole
                          ? std::optional(in.value.count)
                          : std::nullopt;
  constexpr std::uint64_t kMost = std::uint64_t{1} << 50;
  if (!amount || *amount == 0 || *amount > kMost) {
    refuse(in, rate ? "bytes per second" : "a size",
           rate ? "Write for example \"500KiB/s\" or \"8Mbit/s\"." : "Write for example \"1MiB\".");
    return 0;
  }
  return *amount;
}

void read_bandwidth(const Slot& in, Action& out) {
  constexpr MemberReader kMembers[] = {
      {"rate", [](const Slot& slot, Action& action) { action.rate = read_amount(slot, true); }},
      {"burst", [](const Slot& slot, Action& action) { action.burst = read_amount(slot, false); }},
      {"per", [](const Slot& slot, Action& action) {
         const auto word = read_word(slot, "connection|client|group|rule").value_or(0);
         action.per = static_cast<filters::BandwidthPer>(word);
       }}};
  if (in.value.kind != ValueKind::Object) {
    return refuse(in, "an object");
  }
  if (in.value.find("rate") == nullptr) {
    return fault(in, "\"rate\" is missing.");
  }
  read_object(in, kMembers, out);
}

void read_action(const Slot& in, const ActionRow& row, Action& out) {
  switch (row.value) {
    case ActionValue::Flag:
      return read_flag(in, out);
    case ActionValue::Block:
      return read_block(in, out);
    case ActionValue::Redirect:
      return read_redirect(in, out);
    case ActionValue::Route:
      return read_route(in, out);
    case ActionValue::Fields:
      return read_fields(in, out);
    case ActionValue::Names:
      return row.kind == ActionKind::Tag ? read_names(in, kWord, out) : read_field_names(in, out);
    case ActionValue::Edits:
      return read_edits(in, out);
    case ActionValue::Texts:
      return read_names(in, kAnyText, out);
    case ActionValue::Engines:
      return read_engines(in, out);
    case ActionValue::Youtube:
      out.youtube = static_cast<filters::Youtube>(read_word(in, "moderate|strict").value_or(0));
      return;
    case ActionValue::Cache:
      return read_cache(in, out);
    case ActionValue::Bandwidth:
      return read_bandwidth(in, out);
    case ActionValue::Rewrites:
      return read_rewrites(in, out);
    case ActionValue::Log:
      out.log = static_cast<filters::LogLevel>(read_word(in, "full|host|none").value_or(0));
      return;
  }
}

std::vector<std::string_view> known_actions() {
  std::vector<std::string_view> names;
  std::ranges::transform(action_rows(), std::back_inserter(names), &ActionRow::name);
  return names;
}

}  // namespace

void refuse(const Slot& in, const std::string& expected) {
  refuse(in, expected,
         in.example.empty() ? "" : "Write for example " + std::string(in.example) + ".");
}

void refuse(const Slot& in, const std::string& expected, const std::string& remedy) {
  in.problems.add(in.value.offset, in.path,
                  "must be " + expected + ", not " + describe(in.value) + ".", remedy);
}

void fault(const Slot& in, const std::string& message) {
  in.problems.add(in.value.offset, in.path, message,
                  in.example.empty() ? "" : "Write for example " + std::string(in.example) + ".");
}

void judge_expression(const Slot& in, std::string_view expression, std::string_view with) {
  const ExpressionFault judge = in.problems.expression_fault;
  if (const std::string why = judge != nullptr ? judge(expression, with) : ""; !why.empty()) {
    fault(in, why + ".");
  }
}

void refuse_unknown(const Member& member, const Slot& object, std::string_view what,
                    const std::vector<std::string_view>& known) {
  const std::string_view near = nearest(member.name, known);
  std::string remedy = "Did you mean " + quote(near) + "?";
  if (near.empty()) {
    remedy.clear();
    for (const std::string_view name : known) {
      remedy += (remedy.empty() ? "Known here: " : ", ") + std::string(name);
    }
    remedy += ".";
  }
  object.problems.add(member.offset, step(object.path, member.name),
                      "there is no " + std::string(what) + " of this name.", remedy);
}

std::optional<std::string> read_text(const Slot& in, const TextRule& rule) {
  const bool text = in.value.kind == ValueKind::Text && !in.value.text.empty() &&
                    in.value.text.size() <= kPolicyTextMost;
  auto taken = text ? rule.take(in.value.text) : std::nullopt;
  if (!taken) {
    refuse(in, std::string(rule.expected));
  }
  return taken;
}

std::optional<std::size_t> read_word(const Slot& in, std::string_view words) {
  const auto known = split_words(words);
  const auto found = std::ranges::find(known, std::string_view(in.value.text));
  if (in.value.kind == ValueKind::Text && found != known.end()) {
    return static_cast<std::size_t>(found - known.begin());
  }
  std::string all;
  for (const std::string_view word : known) {
    all += (all.empty() ? "" : ", ") + json_text(word);
  }
  const std::string_view near =
      in.value.kind == ValueKind::Text ? nearest(in.value.text, known) : std::string_view();
  refuse(in, "one of " + all, near.empty() ? "" : "Did you mean " + quote(near) + "?");
  return std::nullopt;
}

void read_then(const Slot& in, std::vector<Action>& out) {
  if (in.value.kind != ValueKind::Object || in.value.members.empty()) {
    return refuse(in, "an object with at least one action", "Write for example {\"block\": true}.");
  }
  std::string decision;
  for (const Member& member : in.value.members) {
    const ActionRow* row = find_action(member.name);
    if (row == nullptr) {
      refuse_unknown(member, in, "action", known_actions());
      continue;
    }
    const std::string path = step(in.path, member.name);
    if (row->sort == ActionSort::Decision && !decision.empty()) {
      in.problems.add(member.offset, path,
                      "a rule makes one decision, and this one says " + decision + " already.",
                      "Keep one of the two, or make two rules.");
    }
    decision = row->sort == ActionSort::Decision ? member.name : decision;
    Action& action = out.emplace_back();
    action.kind = row->kind;
    read_action(Slot{member.value, path, in.problems, example_of(*row)}, *row, action);
  }
  std::ranges::stable_sort(out, {}, &Action::kind);
}

}  // namespace weir
