// SPDX-License-Identifier: Apache-2.0
//
// See lists.h.
#include "proxy/cli/lists.h"

#include <sysexits.h>

#include <algorithm>

#include "filters/lists/below.h"
#include "filters/lists/read_list.h"
#include "proxy/base/ascii.h"
#include "proxy/cli/hits.h"
#include "proxy/cli/printable.h"
#include "proxy/cli/time_text.h"
#include "proxy/lists/folder.h"
#include "proxy/lists/store.h"
#include "proxy/observe/json_writer.h"

namespace weir::cli {
namespace {

using filters::ListOverlap;
using filters::ListReport;

constexpr std::size_t kListNameWidth = 17;
constexpr std::size_t kFaultsShown = 3;
constexpr std::size_t kLinesShown = 3;
constexpr std::size_t kLinesVerbose = 20;
constexpr double kMiB = 1024.0 * 1024.0;

struct One {
  const filters::ListDocument& document;
  const ListReport& report;
  const ListOverlap& overlap;
  const Hits::Of* hits;  // null: not counted
  Kept kept;             // of a download
  const filters::List& list;
  std::uint32_t below;  // names that a parent in the same list makes superfluous
  bool by_path;         // the list was given on the command line, and has no name
};

// A line of the list, trimmed and of a length that fits a terminal.
std::string line_text(const filters::List& list, std::uint32_t line) {
  constexpr std::size_t kMost = 100;
  std::size_t at = 0;
  for (; line > 1 && at != std::string_view::npos; --line) {
    at = list.text.find('\n', at);
    at += at == std::string_view::npos ? 0 : 1;
  }
  if (at == std::string_view::npos || line == 0) {
    return {};
  }
  const std::string_view text = list.text.substr(at, list.text.find('\n', at) - at);
  const std::string_view shown = trim_ows(text.substr(0, text.find('\r')));
  return std::string(shown.substr(0, kMost)) + (shown.size() > kMost ? " ..." : "");
}

std::string mib(std::size_t bytes) {
  JsonWriter number;
  number.real(static_cast<double>(bytes) / kMiB, 1);
  return number.written() + " MiB";
}

// Most frequent first.
std::vector<std::pair<std::string, std::uint32_t>> by_count(const ListReport& report) {
  std::vector<std::pair<std::string, std::uint32_t>> out(report.unsupported.begin(),
                                                         report.unsupported.end());
  std::ranges::stable_sort(out, std::greater{}, [](const auto& row) { return row.second; });
  return out;
}

std::string unsupported_words(const ListReport& report) {
  std::string out;
  for (const auto& [what, count] : by_count(report)) {
    out += (out.empty() ? "" : ", ") + what + " " + grouped(count);
  }
  return out;
}

std::string title(const One& one) {
  return one.by_path ? one.document.file : one.document.name;
}

class Text {
 public:
  Text(bool verbose, bool colour) : verbose_(verbose), colour_(colour) {}
  void list(const One& one);
  std::string out;

 private:
  void row(std::string_view name, const std::string& value) {
    out += "  " + padded(name, kListNameWidth) + printable(value) + "\n";
  }
  void count(std::string_view name, std::uint32_t number, std::string_view what) {
    if (number != 0) {
      row(name, grouped(number) + " " + std::string(what));
    }
  }
  void faults(const One& one);
  void hits(const One& one);
  std::string place(const One& one, std::uint32_t line) const;
  void downloads(const filters::ListDocument& document, const Kept& kept);

  bool verbose_;
  bool colour_;
};

// "line 5", or all that can be said of it.
std::string Text::place(const One& one, std::uint32_t line) const {
  const std::string number = std::to_string(line);
  return verbose_ ? title(one) + ":" + number + " \"" + line_text(one.list, line) + "\""
                  : "line " + number;
}

void Text::faults(const One& one) {
  const ListReport& report = one.report;
  if (report.faulty == 0) {
    return;
  }
  count("faulty", report.faulty, "lines are no rule");
  const std::size_t shown =
      verbose_ ? report.faults.size() : std::min(kFaultsShown, report.faults.size());
  for (std::size_t i = 0; i < shown; ++i) {
    row("", place(one, report.faults[i].line) + ": " + report.faults[i].reason);
  }
  if (shown < report.faulty) {
    row("",
        "and " + grouped(report.faulty - shown) + " more" +
            (verbose_ || shown == report.faults.size() ? "" : "; --verbose shows more of them"));
  }
}

void Text::hits(const One& one) {
  const Hits::Of& hits = *one.hits;
  row("hits", grouped(hits.times) + " in the log, by " + grouped(hits.lines.size()) + " lines");
  for (const auto& [line, times] : hits.most(verbose_ ? kLinesVerbose : kLinesShown)) {
    row("", grouped(times) + " by " + place(one, line));
  }
}

// What is known of a download.
void Text::downloads(const filters::ListDocument& document, const Kept& kept) {
  if (kept.current) {
    row("fetched", local_text(kept.current.fetched));
  }
  if (!kept.failure.empty()) {
    row("not updated", kept.failure);
  }
  if (kept.held) {
    row("held back", "the version of " + local_text(kept.held.fetched) + ", with " +
                         grouped(kept.held.rules) + " rules");
    row("", kept.held_reason);
    row("", "\"weir lists accept " + document.name + "\" takes it");
  }
}

void Text::list(const One& one) {
  const auto& [document, report, overlap, hit, kept, list, below, by_path] = one;
  out += out.empty() ? "" : "\n";
  out += (colour_ ? "\033[1m" : "") + printable(title(one)) + (colour_ ? "\033[0m" : "") + "\n";
  row("from", document.file.empty() ? document.url : document.file);
  downloads(document, kept);
  row("format", std::string(filters::format_name(report.format)) +
                    (document.dry_run ? ", on trial (dry_run)" : ""));
  row("rules", grouped(report.rules) + " in force, of " + grouped(report.lines) + " lines (" +
                   grouped(report.comments) + " comments)");
  row("memory", mib(overlap.memory) + " beside the text");
  count("not for a proxy", report.cosmetic, "rules about the look of pages");
  if (!report.unsupported.empty()) {
    row("unsupported", unsupported_words(report));
  }
  faults(one);
  count("dead", report.duplicates, "are said before, by this or another list");
  count(report.duplicates == 0 ? "dead" : "", below, "lie below another name of this list");
  count("disabled", report.disabled, "by $badfilter or a condition of the list");
  count("also elsewhere", overlap.elsewhere,
        "of " + grouped(overlap.names) + " host names, in other lists");
  count("contradicted", overlap.contradicted, "host names, by exceptions of other lists");
  if (hit != nullptr) {
    hits(one);
  }
}

void hits_json(JsonWriter& json, const Hits::Of& hits) {
  json.name("hits").number(hits.times);
  json.name("lines_hit").number(hits.lines.size());
  json.name("hit_most").open_list();
  for (const auto& [line, times] : hits.most(kLinesVerbose)) {
    json.open_object();
    json.name("line").number(line);
    json.name("times").number(times);
    json.close_object();
  }
  json.close_list();
}

void download_json(JsonWriter& json, const Kept& kept) {
  if (kept.current) {
    json.name("fetched").text(utc_text(kept.current.fetched));
  }
  if (!kept.failure.empty()) {
    json.name("not_updated").text(kept.failure);
  }
  if (kept.held) {
    json.name("held_back").open_object();
    json.name("fetched").text(utc_text(kept.held.fetched));
    json.name("rules").number(kept.held.rules);
    json.name("reason").text(kept.held_reason);
    json.close_object();
  }
}

void list_json(JsonWriter& json, const One& one) {
  const auto& [document, report, overlap, hit, kept, list, below, by_path] = one;
  json.open_object();
  json.name("name").text(document.name);
  json.name("from").text(document.file.empty() ? document.url : document.file);
  download_json(json, kept);
  json.name("format").text(filters::format_name(report.format));
  json.name("dry_run").flag(document.dry_run);
  json.name("lines").number(report.lines);
  json.name("comments").number(report.comments);
  json.name("rules").number(report.rules);
  json.name("memory").number(overlap.memory);
  json.name("cosmetic").number(report.cosmetic);
  json.name("unsupported").open_object();
  for (const auto& [what, count] : by_count(report)) {
    json.name(what).number(count);
  }
  json.close_object();
  json.name("faulty").number(report.faulty);
  json.name("faults").open_list();
  for (const filters::ListFault& fault : report.faults) {
    json.open_object();
    json.name("line").number(fault.line);
    json.name("reason").text(fault.reason);
    json.close_object();
  }
  json.close_list();
  json.name("dead").number(report.duplicates + below);
  json.name("dead_below").number(below);
  json.name("disabled").number(report.disabled);
  json.name("host_names").number(overlap.names);
  json.name("also_elsewhere").number(overlap.elsewhere);
  json.name("contradicted").number(overlap.contradicted);
  if (hit != nullptr) {
    hits_json(json, *hit);
  }
  json.close_object();
}

}  // namespace

int lists(const ListsOptions& options) {
  const auto rules = load_rules(options.source);
  if (!rules) {
    complain(rules.error());
    return EX_CONFIG;
  }
  complain(rules->warnings);
  tl::expected<Hits, std::string> hits;
  if (!options.log.empty()) {
    hits = count_hits(options.log);
    if (!hits) {
      complain(hits.error());
      return EX_NOINPUT;
    }
  }
  const filters::Policy& policy = *rules->policy;
  const std::vector<ListOverlap> overlaps = policy.lists().overlaps();
  const ListStore store(lists_folder(rules->settings.lists.directory));
  JsonWriter json(true);
  Text text(options.verbose, !options.json && wants_colour());
  json.open_object();
  json.name("lists").open_list();
  for (std::size_t i = 0; i < overlaps.size(); ++i) {
    const filters::ListDocument& document = policy.document().lists[i];
    const One one{document,
                  policy.list_reports()[i],
                  overlaps[i],
                  options.log.empty() ? nullptr : &hits->of(document.name),
                  document.file.empty() ? store.look(document).value_or(Kept()) : Kept(),
                  policy.lists().lists()[i],
                  filters::count_below(policy.lists().lists(), i),
                  !options.source.lists.empty()};
    list_json(json, one);
    text.list(one);
  }
  json.close_list();
  json.name("memory").number(policy.lists().memory());
  json.close_object();
  if (options.json) {
    return print(json.written() + "\n");
  }
  return print(overlaps.empty()
                   ? "The policy has no lists.\n"
                   : text.out + "\nall together " + mib(policy.lists().memory()) + "\n");
}

}  // namespace weir::cli
