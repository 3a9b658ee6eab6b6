// SPDX-License-Identifier: Apache-2.0
//
// Options are cut at their commas, looked up in the table, and gathered in one Reading; what they
// mean together (types named and negated, parties) is settled when all are read.
#include "filters/adblock/parse_options.h"

#include <algorithm>
#include <array>

#include "filters/adblock/parse.h"
#include "proxy/base/ascii.h"

namespace weir::adblock {
namespace {

enum class Does : std::uint8_t { Kind, Set, Silent, Cannot };

// What an option is; the names of resource kinds first, in the order of ResourceKind.
enum class Id : std::uint8_t {
  Document,
  Subdocument,
  Script,
  Stylesheet,
  Image,
  Font,
  Media,
  Object,
  Xhr,
  Ping,
  Websocket,
  CspReport,
  Other,
  First,
  Third,
  SameHost,
  OtherHost,
  All,
  Badfilter,
  Csp,
  DenyAllow,
  Empty,
  From,
  Important,
  MatchCase,
  Method,
  Mp4,
  Permissions,
  Reason,
  Redirect,
  RedirectRule,
  RemoveHeader,
  RemoveParam,
  Silent,
  To,
};

struct Option {
  std::string_view name;
  Id id;
  Does does;
};

constexpr Option kOptions[] = {
#define OPTION(name, id, does) {name, Id::id, Does::does},
#include "filters/adblock/options.def"
#undef OPTION
};
static_assert(std::ranges::is_sorted(kOptions, {}, &Option::name));

constexpr std::array<std::string_view, 9> kMethods = {"connect", "delete", "get", "head", "options",
                                                      "patch",   "post",   "put", "trace"};

const Option* find_option(std::string_view name) {
  const auto* at = std::ranges::lower_bound(kOptions, name, {}, &Option::name);
  return at != std::end(kOptions) && at->name == name ? at : nullptr;
}

bool name_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

std::string_view option_name(std::string_view text) {
  if (text.starts_with("~")) {
    text.remove_prefix(1);
  }
  std::size_t length = 0;
  while (length < text.size() && name_char(text[length])) {
    ++length;
  }
  return text.substr(0, length);
}

// Whether an option begins here, so that the comma before it was one between options.
bool option_begins(std::string_view text) {
  const auto name = option_name(text);
  const auto end = name.size() + (text.starts_with("~") ? 1U : 0U);
  const char behind = end < text.size() ? text[end] : ',';
  if (name.empty() || (behind != ',' && behind != '=')) {
    return false;
  }
  return true;
}

// Where the value that begins `text` ends: at a comma with an option behind it. Quotes and
// expressions are passed over.
std::size_t value_end(std::string_view text) {
  if (!text.empty() && (text.front() == '"' || text.front() == '\'' || text.front() == '`')) {
    const auto close = text.find(text.front(), 1);
    if (close != npos && (close + 1 == text.size() || text[close + 1] == ',')) {
      return close + 1;
    }
  }
  for (auto at = text.find(','); at != npos; at = text.find(',', at + 1)) {
    if ((at == 0 || text[at - 1] != '\\') && option_begins(text.substr(at + 1))) {
      return at;
    }
  }
  return text.size();
}

std::string_view unquote(std::string_view value) {
  const bool quoted = value.size() >= 2 && value.front() == value.back() &&
                      (value.front() == '"' || value.front() == '\'' || value.front() == '`');
  return quoted ? value.substr(1, value.size() - 2) : value;
}

struct Reading {
  Line& out;
  std::string& value_buffer;
  Kinds named = 0;
  Kinds negated = 0;
  bool first = false;
  bool third = false;
  bool silent = false;  // a type was named that no request has
  bool nobody = false;  // its parties exclude each other

  void stop(LineKind kind, std::string_view why) {
    out.kind = kind;
    out.why = why;
  }
  void faulty(std::string_view why) { stop(LineKind::Faulty, why); }

  void modify(Modifier modifier, std::string_view value) {
    if (out.rule.modifier != Modifier::None) {
      return faulty("two modifiers in one rule");
    }
    out.rule.modifier = modifier;
    out.rule.value = value;
    if (value.find("\\,") != npos) {
      value_buffer.clear();
      for (std::size_t i = 0; i < value.size(); ++i) {
        if (value[i] != '\\' || i + 1 == value.size() || value[i + 1] != ',') {
          value_buffer += value[i];
        }
      }
      out.rule.value = value_buffer;
    }
  }
  void methods(std::string_view text);
  void party();
  void settle();
};

void Reading::methods(std::string_view text) {
  while (!text.empty()) {
    const auto bar = text.find('|');
    auto name = text.substr(0, bar);
    const bool negated_name = name.starts_with("~");
    const auto bit = method_bit(name.substr(negated_name ? 1 : 0));
    (negated_name ? out.rule.not_methods : out.rule.methods) |= bit;
    text = bar == npos ? std::string_view() : text.substr(bar + 1);
  }
  if (out.rule.methods == 0 && out.rule.not_methods == 0) {
    faulty("no method is named");
  }
}

void Reading::party() {
  PartyLimit& limit = out.rule.party;
  if (first == third) {
    nobody = first;  // no request is of both, and most engines read it so
    return;
  }
  switch (limit) {
    case PartyLimit::SameHost:
      nobody = third;  // no host is itself and another party's
      return;
    case PartyLimit::OtherHost:
      limit = first ? PartyLimit::FirstOtherHost : PartyLimit::Third;
      return;
    default:
      limit = first ? PartyLimit::First : PartyLimit::Third;
  }
}

// What the types named and negated come to.
void Reading::settle() {
  party();
  Rule& rule = out.rule;
  const bool may_be_empty =
      rule.exception || rule.modifier == Modifier::None || rule.modifier == Modifier::RemoveParam;
  if (rule.value.empty() && !may_be_empty) {
    return faulty("an option lacks its value");
  }
  if (named != 0) {
    rule.kinds = static_cast<Kinds>(named & ~negated);
  } else if (silent) {
    rule.kinds = 0;
  } else {
    rule.kinds = static_cast<Kinds>(kTypeless & ~negated);
    if ((negated & kind_bit(ResourceKind::Document)) != 0) {
      rule.kinds &= static_cast<Kinds>(~kHostDocument);
    }
  }
  const bool typeless = named == 0 && negated == 0 && !silent;
  if (rule.modifier == Modifier::Csp || rule.modifier == Modifier::Permissions) {
    const Kinds pages = kind_bit(ResourceKind::Document) | kind_bit(ResourceKind::Subdocument);
    rule.kinds = typeless ? pages : static_cast<Kinds>(rule.kinds & pages);
  } else if (rule.modifier != Modifier::None && rule.modifier != Modifier::Redirect && typeless) {
    rule.kinds = kEveryKind;  // what is not blocked is changed, documents too
  }
  if (rule.kinds == 0 || nobody) {
    out.kind = LineKind::Silent;
  }
}

void set_option(Reading& in, Id id, std::string_view value, bool negated) {
  Rule& rule = in.out.rule;
  switch (id) {
    case Id::First:
      (negated ? in.third : in.first) = true;
      return;
    case Id::Third:
      (negated ? in.first : in.third) = true;
      return;
    case Id::SameHost:
      rule.party = PartyLimit::SameHost;
      return;
    case Id::OtherHost:
      rule.party = PartyLimit::OtherHost;
      return;
    case Id::All:
      in.named = kEveryKind;
      return;
    case Id::Badfilter:
      rule.badfilter = true;
      return;
    case Id::Important:
      rule.important = true;
      return;
    case Id::MatchCase:
      rule.match_case = true;
      return;
    case Id::From:
      rule.from = value;
      return;
    case Id::To:
      rule.to = value;
      return;
    case Id::DenyAllow:
      rule.denyallow = value;
      return;
    case Id::Method:
      return in.methods(value);
    case Id::Csp:
      return in.modify(Modifier::Csp, value);
    case Id::Permissions:
      return in.modify(Modifier::Permissions, value);
    case Id::RemoveParam:
      return in.modify(Modifier::RemoveParam, value);
    case Id::RemoveHeader:
      return in.modify(Modifier::RemoveHeader, value);
    case Id::Redirect:
      return in.modify(rule.exception ? Modifier::RedirectRule : Modifier::Redirect, value);
    case Id::RedirectRule:
      return in.modify(Modifier::RedirectRule, value);
    case Id::Empty:
      return in.modify(rule.exception ? Modifier::RedirectRule : Modifier::Redirect, "empty");
    case Id::Mp4:
      in.named |= kind_bit(ResourceKind::Media);
      return in.modify(rule.exception ? Modifier::RedirectRule : Modifier::Redirect, "noopmp4-1s");
    default:
      return;
  }
}

constexpr bool wants_value(Id id) {
  return id == Id::From || id == Id::To || id == Id::DenyAllow || id == Id::Method;
}

constexpr bool may_have_value(Id id) {
  return wants_value(id) || id == Id::Csp || id == Id::Permissions || id == Id::RemoveParam ||
         id == Id::RemoveHeader || id == Id::Redirect || id == Id::RedirectRule || id == Id::Reason;
}

// One option. `value` has a null data() when there was no '='.
void read_option(Reading& in, std::string_view name, bool negated, std::string_view value) {
  if (name.find_first_not_of('_') == npos) {
    return;  // a placeholder
  }
  const Option* option = find_option(name);
  if (option == nullptr || option->does == Does::Cannot) {
    return in.stop(LineKind::Unsupported, name);
  }
  const bool given = value.data() != nullptr;
  if (given != may_have_value(option->id) && (given || wants_value(option->id))) {
    return in.faulty(given ? "an option has a value that takes none" : "an option lacks its value");
  }
  if (given && value.empty() && wants_value(option->id)) {
    return in.faulty("an option lacks its value");
  }
  if (option->does == Does::Kind) {
    (negated ? in.negated : in.named) |=
        static_cast<Kinds>(1U << static_cast<unsigned>(option->id));
    return;
  }
  if (option->does == Does::Silent) {
    in.silent = in.silent || !negated;
    return;
  }
  if (negated && option->id != Id::First && option->id != Id::Third) {
    return in.faulty("an option is negated that cannot be");
  }
  set_option(in, option->id, value, negated);
}

}  // namespace

std::uint16_t method_bit(std::string_view name) {
  for (std::size_t i = 0; i < kMethods.size(); ++i) {
    if (same_ignoring_case(name, kMethods[i])) {
      return static_cast<std::uint16_t>(1U << i);
    }
  }
  return 0;
}

bool looks_like_options(std::string_view text) {
  const auto name = option_name(text);
  return option_begins(text) &&
         (find_option(name) != nullptr || name.find_first_not_of('_') == npos);
}

void read_options(std::string_view text, Line& out, std::string& value) {
  Reading in{out, value};
  while (!text.empty() && out.kind == LineKind::Rule) {
    const bool negated = text.starts_with("~");
    const auto name = option_name(text);
    text.remove_prefix(name.size() + (negated ? 1U : 0U));
    std::string_view given;
    if (text.starts_with("=")) {
      text.remove_prefix(1);
      const auto end = value_end(text);
      given = unquote(text.substr(0, end));
      text.remove_prefix(end);
    }
    if (name.empty() || (!text.empty() && text.front() != ',')) {
      return in.stop(LineKind::Unsupported, "an option that cannot be read");
    }
    read_option(in, name, negated, given);
    if (text.size() == 1) {
      return in.faulty("a comma with nothing behind");
    }
    text.remove_prefix(text.empty() ? 0 : 1);
  }
  if (out.rule.exception && out.rule.important) {
    in.faulty("an exception cannot be important");
  }
  if (out.kind == LineKind::Rule) {
    in.settle();
  }
}

}  // namespace weir::adblock
