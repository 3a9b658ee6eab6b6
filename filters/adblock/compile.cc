// SPDX-License-Identifier: Apache-2.0
//
// One pass over the lines makes filters and remembers their keys (the hash of all a rule says);
// then $badfilter and duplicates are settled in any order of lists; file_filters.cc does the rest.
#include "filters/adblock/compile.h"

#include <absl/container/flat_hash_map.h>
#include <absl/container/flat_hash_set.h>

#include <algorithm>

#include "filters/adblock/ascii_hosts.h"
#include "filters/adblock/file_filters.h"
#include "filters/adblock/modifiers.h"
#include "filters/adblock/outline.h"
#include "filters/adblock/parse.h"
#include "filters/adblock/preparse.h"
#include "filters/lists/lines.h"
#include "filters/lists/read_list.h"

namespace weir::adblock {
namespace {

using filters::List;
using filters::ListReport;

constexpr std::size_t kLineMost = 256 * 1024;  // 10,000 host names fit
constexpr std::size_t kValueMost = 4096;       // of a modifier

std::uint64_t mix(std::uint64_t hash, std::uint64_t value) {
  return filters::hash_spread(hash * 31 + value + 0x9e3779b97f4a7c15ULL);
}

std::uint64_t text_key(std::string_view text) {
  return filters::text_hash(text);
}

class Compiler {
 public:
  explicit Compiler(Engine& engine) : engine_(engine) {}

  void read(const List& list, ListReport& report);
  void settle(std::span<ListReport* const> reports);

 private:
  void take(std::string_view text, std::uint32_t line_at, ListReport& report);
  void take_rule(const Rule& rule, std::uint32_t line_at, ListReport& report);
  bool take_limits(const Rule& rule, Limits& limits, ListReport& report);
  const char* take_expressions(const Rule& rule, Limits& limits);
  void take_pattern(const Rule& rule, Filter& filter);
  std::uint64_t key_of(const Rule& rule, const Limits& limits) const;
  std::uint32_t keep(std::string_view text);
  std::uint32_t next_id() const { return static_cast<std::uint32_t>(engine_.filters.size()); }
  void fault(ListReport& report, std::string_view why) const;

  Engine& engine_;
  LineParser parser_;
  std::vector<std::uint64_t> keys_;  // of engine_.filters
  absl::flat_hash_set<std::uint64_t> bad_;
  std::uint32_t line_ = 0;
};

void Compiler::fault(ListReport& report, std::string_view why) const {
  ++report.faulty;
  if (report.faults.size() < filters::kListFaultsMost) {
    report.faults.push_back({line_, std::string(why)});
  }
}

void Compiler::read(const List& list, ListReport& report) {
  engine_.lists.push_back({list.index, list.name, list.text, next_id()});
  engine_.expressions.begin_list();
  Conditionals conditionals;
  filters::Lines lines(list.text);
  while (lines.next()) {
    const auto line = lines.line();
    const bool directive = list.text.substr(lines.offset()).starts_with("!#");
    line_ = lines.number();
    ++report.lines;
    if (directive && conditionals.take(line)) {
      ++report.comments;
    } else if (!conditionals.active()) {
      ++report.disabled;
    } else if (line.starts_with("!#include")) {
      ++report.unsupported["!#include"];  // nobody else's file is read for a list
    } else if (line.size() > kLineMost) {
      ++report.unsupported["line too long"];
    } else {
      take(line, static_cast<std::uint32_t>(lines.offset()), report);
    }
  }
}

void Compiler::take(std::string_view text, std::uint32_t line_at, ListReport& report) {
  const Line line = parser_.parse(text);
  switch (line.kind) {
    case LineKind::Nothing:
      report.comments += text.empty() ? 0U : 1U;
      return;
    case LineKind::Cosmetic:
      ++report.cosmetic;
      return;
    case LineKind::Silent:
      ++report.unsupported["popup or page option"];
      return;
    case LineKind::Unsupported:
      ++report.unsupported[std::string(line.why.substr(0, 40))];
      return;
    case LineKind::Faulty:
      return fault(report, line.why);
    case LineKind::Rule:
      return take_rule(line.rule, line_at, report);
  }
}

std::uint32_t Compiler::keep(std::string_view text) {
  const auto at = engine_.texts.size();
  engine_.texts += text;
  return static_cast<std::uint32_t>(at);
}

// The host sets and the value. False when the rule is dropped, which it has then reported.
bool Compiler::take_limits(const Rule& rule, Limits& limits, ListReport& report) {
  const auto from = engine_.hosts.add(rule.from, true);
  const auto to = engine_.hosts.add(rule.to, true);
  const auto denyallow = engine_.hosts.add(rule.denyallow, false);
  for (const auto* set : {&from, &to, &denyallow}) {
    if (*set) {
      continue;
    }
    if (set->error() == HostSets::kUnreadable || set->error() == kNoAsciiName) {
      fault(report, set->error());
    } else {
      ++report.unsupported[set->error()];
    }
    return false;
  }
  limits.from = *from;
  limits.to = *to;
  limits.denyallow = *denyallow;
  limits.methods = rule.methods;
  limits.not_methods = rule.not_methods;
  return true;
}

std::uint64_t Compiler::key_of(const Rule& rule, const Limits& limits) const {
  auto key = text_key(rule.pattern);
  key = mix(key, static_cast<std::uint64_t>(rule.exception) |
                     static_cast<std::uint64_t>(rule.important) << 1U |
                     static_cast<std::uint64_t>(rule.match_case) << 2U |
                     static_cast<std::uint64_t>(rule.start) << 3U |
                     static_cast<std::uint64_t>(rule.host_start) << 4U |
                     static_cast<std::uint64_t>(rule.end) << 5U |
                     static_cast<std::uint64_t>(rule.shape) << 8U |
                     static_cast<std::uint64_t>(rule.party) << 16U |
                     static_cast<std::uint64_t>(rule.modifier) << 24U |
                     static_cast<std::uint64_t>(rule.kinds) << 32U);
  if (rule.methods != 0 || rule.not_methods != 0) {
    key = mix(key, rule.methods | static_cast<std::uint64_t>(rule.not_methods) << 16U);
  }
  for (const auto set : {limits.from, limits.to, limits.denyallow}) {
    key = mix(key, engine_.hosts.key(set));
  }
  return rule.modifier == Modifier::None ? key : mix(key, text_key(rule.value));
}

void Compiler::take_pattern(const Rule& rule, Filter& filter) {
  filter.start = rule.start;
  filter.host_start = rule.host_start;
  filter.end = rule.end;
  engine_.name_tops.push_back(0);
  if (rule.shape == Shape::Host) {
    const auto hash = name_hash(rule.pattern);
    engine_.name_tops.back() = static_cast<std::uint16_t>(hash >> 48U);
    return filter.set_name(hash);
  }
  auto pattern = rule.pattern;
  Outline outline;
  if (rule.shape == Shape::Expression) {
    outline = outline_of(rule.pattern);
    pattern = outline.pattern;
    filter.start = outline.start;
    filter.end = outline.end;
  }
  filter.pattern_at = keep(pattern);
  filter.pattern_size = static_cast<std::uint16_t>(pattern.size());
}

// The pattern, if it is one, and the modifier's value. Why not, or null.
const char* Compiler::take_expressions(const Rule& rule, Limits& limits) {
  if (rule.value.size() > kValueMost) {
    return "value too long";
  }
  if (rule.shape == Shape::Expression) {
    const auto added = engine_.expressions.add(rule.pattern, !rule.match_case);
    if (!added) {
      return added.error();
    }
    limits.expression = *added;
  }
  return read_value(rule, engine_, limits);
}

void Compiler::take_rule(const Rule& rule, std::uint32_t line_at, ListReport& report) {
  Limits limits;
  if (!take_limits(rule, limits, report)) {
    return;
  }
  const auto key = key_of(rule, limits);
  if (rule.badfilter) {
    bad_.insert(key);
    ++report.rules;
    return;
  }
  if (const char* const why = take_expressions(rule, limits); why != nullptr) {
    ++report.unsupported[why];
    return;
  }
  Filter filter;
  filter.kinds = rule.kinds;
  filter.shape = rule.shape;
  filter.modifier = rule.modifier;
  filter.party = rule.party;
  filter.exception = rule.exception;
  filter.important = rule.important;
  filter.match_case = rule.match_case;
  filter.methods = rule.methods != 0 || rule.not_methods != 0;
  take_pattern(rule, filter);
  if (limits.from != 0 || limits.to != 0 || limits.denyallow != 0 || limits.methods != 0 ||
      limits.not_methods != 0 || rule.modifier != Modifier::None ||
      rule.shape == Shape::Expression) {
    filter.limits = static_cast<std::uint32_t>(engine_.limits.size());
    engine_.limits.push_back(limits);
  }
  engine_.filters.push_back(filter);
  engine_.origins.push_back({line_at, line_});
  keys_.push_back(key);
}

// Drops what a $badfilter names and what is there twice; counts the rest.
void Compiler::settle(std::span<ListReport* const> reports) {
  absl::flat_hash_set<std::uint64_t> seen;
  seen.reserve(keys_.size());
  auto& all = engine_.filters;
  auto& origins = engine_.origins;
  std::size_t kept = 0;
  std::size_t i = 0;
  for (std::size_t list = 0; list < engine_.lists.size(); ++list) {
    const bool last = list + 1 == engine_.lists.size();
    const std::size_t end = last ? all.size() : engine_.lists[list + 1].first;
    auto& report = *reports[list];
    engine_.lists[list].first = static_cast<std::uint32_t>(kept);
    for (; i < end; ++i) {
      if (bad_.contains(keys_[i])) {
        ++report.disabled;
      } else if (!seen.insert(keys_[i]).second) {
        ++report.duplicates;
      } else {
        ++report.rules;
        all[kept] = all[i];
        engine_.name_tops[kept] = engine_.name_tops[i];
        origins[kept++] = origins[i];
      }
    }
  }
  all.resize(kept);
  all.shrink_to_fit();
  origins.resize(kept);
  origins.shrink_to_fit();
  engine_.texts.shrink_to_fit();
  engine_.limits.shrink_to_fit();
}

}  // namespace

std::unique_ptr<Engine> compile(std::span<const List* const> lists,
                                std::span<ListReport* const> reports) {
  auto engine = std::make_unique<Engine>();
  Compiler compiler(*engine);
  for (std::size_t i = 0; i < lists.size(); ++i) {
    compiler.read(*lists[i], *reports[i]);
    filters::forget_pages(*lists[i]);
  }
  compiler.settle(reports);
  engine->hosts.finish();
  file_filters(*engine, reports);
  engine->expressions.finish();
  return engine;
}

}  // namespace weir::adblock
