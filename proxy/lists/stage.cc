// SPDX-License-Identifier: Apache-2.0
//
// See stage.h.
#include "proxy/lists/stage.h"

#include <algorithm>
#include <vector>

#include "filters/classify.h"
#include "filters/lists/list_set.h"
#include "filters/lists/read_list.h"
#include "filters/url.h"
#include "proxy/base/arena.h"
#include "proxy/base/ascii.h"
#include "proxy/base/host.h"

namespace weir {
namespace {

using Error = tl::unexpected<std::string>;
using filters::ListDocument;
using filters::ListReport;
using filters::ListSets;
using filters::ListVerdict;
using filters::Subject;

constexpr std::size_t kShownMost = 120;  // of a line, in a message
constexpr std::uint16_t kHttps = 443;

// Pages of errors and of logins come with status 200 surprisingly often.
bool is_web_page(std::string_view text) {
  text.remove_prefix(text.starts_with("\xef\xbb\xbf") ? 3 : 0);
  text.remove_prefix(std::min(text.find_first_not_of(" \t\r\n"), text.size()));
  for (const std::string_view start : {"<!doctype", "<html", "<head", "<?xml", "<body"}) {
    if (starts_with_ignoring_case(text, start)) {
      return true;
    }
  }
  return false;
}

// Somebody opens it in a browser, or tunnels to it.
bool blocks(const ListSets& sets, std::string_view url, std::string_view method, ListVerdict& out) {
  Arena arena;
  Subject subject;
  subject.method = method;
  if (!filters::parse_url(url, subject, arena)) {
    return false;
  }
  filters::classify(subject, arena);
  if (method != "CONNECT" && subject.path == "/") {
    subject.kind = filters::ResourceKind::Document;
  }
  subject.destination = subject.host_address;
  out = {};
  sets.judge(0, subject, false, arena, out);
  return out.block;
}

bool blocks_canary(const ListSets& sets, const std::string& canary, ListVerdict& out) {
  if (canary.find("://") != std::string::npos) {
    return blocks(sets, canary, "GET", out);
  }
  Arena arena;
  const bool bracketed = canary.starts_with('[');
  const std::string host(bracketed ? canary : authority_text(canary, kHttps, kHttps, arena));
  return blocks(sets, host + ":443", "CONNECT", out) ||
         blocks(sets, "https://" + host + "/", "GET", out) ||
         blocks(sets, "http://" + host + "/", "GET", out);
}

void ask_canaries(const ListDocument& list, const ListSets& sets, ListMeasure& out) {
  ListVerdict verdict;
  for (const std::string& canary : list.canaries) {
    if (blocks_canary(sets, canary, verdict)) {
      out.canary = canary;
      out.canary_line = verdict.by.text().substr(0, kShownMost);
      out.canary_at = verdict.by.line;
      return;
    }
  }
}

std::string canary_clause(const ListMeasure& measure) {
  return "the canary " + measure.canary + ", by line " + std::to_string(measure.canary_at) + ": " +
         measure.canary_line;
}

ListSets::Built compile_alone(const ListDocument& document, filters::List list) {
  list.name = document.name;
  std::vector<filters::List> lists;
  lists.push_back(std::move(list));
  return ListSets::build(std::move(lists), {{0}}, false);
}

ListMeasure measure_of(const ListReport& report) {
  ListMeasure out;
  out.format = report.format;
  out.rules = report.rules;
  out.faulty = report.faulty;
  out.understood = report.rules + report.cosmetic + report.duplicates + report.disabled;
  for (const auto& [kind, count] : report.unsupported) {
    out.understood += count;
  }
  if (!report.faults.empty()) {
    out.first_fault =
        "line " + std::to_string(report.faults[0].line) + ": " + report.faults[0].reason;
  }
  return out;
}

// Whether the difference is more than `most` percent of `of`.
bool beyond(std::uint32_t less, std::uint32_t more, std::uint32_t of, std::uint32_t most) {
  return more > less && std::uint64_t{more - less} * 100 > std::uint64_t{of} * most;
}

std::string from_to(std::uint32_t from, std::uint32_t to) {
  return "from " + std::to_string(from) + " rules to " + std::to_string(to);
}

std::string why_unlike(const ListDocument& list, const ListMeasure& now, const ListBefore& before) {
  if (list.format == filters::ListFormat::Auto && now.format != before.format) {
    return "its format was " + std::string(filters::format_name(before.format)) + " and is " +
           std::string(filters::format_name(now.format)) + " now; name it in format if that is so";
  }
  if (beyond(now.rules, before.rules, before.rules, list.max_shrink)) {
    return "it shrinks " + from_to(before.rules, now.rules) + ", more than max_shrink " +
           std::to_string(list.max_shrink) + " %";
  }
  if (before.rules != 0 && beyond(before.rules, now.rules, before.rules, list.max_grow)) {
    return "it grows " + from_to(before.rules, now.rules) + ", more than max_grow " +
           std::to_string(list.max_grow) + " %";
  }
  return {};
}

}  // namespace

tl::expected<ListMeasure, std::string> measure_list(const ListDocument& list, std::string bytes) {
  auto read = filters::read_list_text(std::move(bytes), list.format, list.max_bytes);
  if (!read) {
    return Error(std::move(read).error());
  }
  if (is_web_page(read->text)) {
    return Error("it is a web page");
  }
  const auto built = compile_alone(list, std::move(*read));
  if (built.sets == nullptr || built.reports.size() != 1) {
    return Error(built.errors.empty() ? "it cannot be compiled" : built.errors.front());
  }
  ListMeasure out = measure_of(built.reports.front());
  ask_canaries(list, *built.sets, out);
  return out;
}

std::string why_canary(const ListDocument& list, const filters::List& read) {
  ListMeasure out;
  if (list.canaries.empty()) {
    return {};
  }
  if (const auto built = compile_alone(list, read); built.sets != nullptr) {
    ask_canaries(list, *built.sets, out);
  }
  return out.canary.empty() ? std::string() : "it blocks " + canary_clause(out);
}

std::string why_held_back(const ListDocument& list, const ListMeasure& now,
                          const std::optional<ListBefore>& before) {
  if (now.faulty > now.understood) {
    return "most of its lines are no rules; the first is " + now.first_fault;
  }
  if (now.rules == 0) {
    return "it holds no rule";
  }
  if (!now.canary.empty()) {
    return "it would block " + canary_clause(now);
  }
  return before ? why_unlike(list, now, *before) : std::string();
}

tl::expected<ListMeasure, std::string> stage_list(const ListDocument& list, std::string bytes,
                                                  const std::optional<ListBefore>& before) {
  auto measure = measure_list(list, std::move(bytes));
  if (!measure) {
    return measure;
  }
  if (std::string reason = why_held_back(list, *measure, before); !reason.empty()) {
    return Error(std::move(reason));
  }
  return measure;
}

}  // namespace weir
