// SPDX-License-Identifier: Apache-2.0
//
// See changes.h.
#include "proxy/cli/changes.h"

#include "proxy/cli/printable.h"
#include "proxy/observe/json_writer.h"

namespace weir::cli {
namespace {

constexpr std::size_t kCountWidth = 12;
constexpr std::size_t kChangeWidth = 24;

void text_table(std::string& out, std::string_view title, const Tally& tally, std::size_t limit) {
  if (tally.names() == 0) {
    return;
  }
  out += "\n" + std::string(title) + "\n";
  for (const Tally::Row& row : tally.top(limit)) {
    const std::size_t tab = row.name.find('\t');
    out += right(grouped(row.count), kCountWidth) + "  ";
    if (tab == std::string::npos) {
      out += printable(row.name);
    } else {
      out += padded(row.name.substr(0, tab), kChangeWidth) + printable(row.name.substr(tab + 1));
    }
    out += "\n";
  }
  if (tally.names() > limit) {
    out += std::string(kCountWidth, ' ') + "  and " + grouped(tally.names() - limit) +
           " more; --limit shows more of them\n";
  }
  if (tally.beyond() != 0) {
    out += right(grouped(tally.beyond()), kCountWidth) + "  with names that were not kept\n";
  }
}

void json_table(JsonWriter& json, std::string_view name, std::string_view of, const Tally& tally,
                std::size_t limit) {
  json.name(name).open_list();
  for (const Tally::Row& row : tally.top(limit)) {
    const std::size_t tab = row.name.find('\t');
    json.open_object();
    if (tab != std::string::npos) {
      json.name("change").text(std::string_view(row.name).substr(0, tab));
    }
    json.name(of).text(std::string_view(row.name).substr(tab == std::string::npos ? 0 : tab + 1));
    json.name("count").number(row.count);
    json.close_object();
  }
  json.close_list();
}

}  // namespace

std::string changes_text(const Changes& changes, std::size_t limit) {
  std::string out = grouped(changes.records) + " records, " + grouped(changes.judged) + " judged\n";
  if (changes.judged == 0) {
    out += "\nNothing can be said of it.\n";
  } else if (changes.kinds.names() == 0) {
    out += "\nNothing would change.\n";
  }
  text_table(out, "Would change", changes.kinds, limit);
  text_table(out, "By rule", changes.by_rule, limit);
  text_table(out, "By host", changes.by_host, limit);
  text_table(out, "By client", changes.by_client, limit);
  text_table(out, "Rules on trial that would have acted", changes.on_trial, limit);
  text_table(out, "Could not be judged, since", changes.unjudged, limit);
  if (changes.presumed != 0) {
    out += "\nOf " + grouped(changes.presumed) +
           " records the log does not hold all that rules ask for, and they decide as before if it "
           "was as usual: a tunnel's greeting names its host, a request is for what its URL looks "
           "like, content is of its declared type and saved under its path's name.\n";
  }
  if (changes.without_page != 0) {
    out += "\nOf " + grouped(changes.without_page) +
           " records the log does not tell the page, and of none what it was wanted for: rules "
           "that ask for either may decide otherwise.\n";
  }
  return out;
}

std::string changes_json(const Changes& changes, std::size_t limit) {
  JsonWriter json(true);
  json.open_object();
  json.name("records").number(changes.records);
  json.name("judged").number(changes.judged);
  json.name("without_page").number(changes.without_page);
  json.name("presumed").number(changes.presumed);
  json_table(json, "changes", "change", changes.kinds, limit);
  json_table(json, "by_rule", "rule", changes.by_rule, limit);
  json_table(json, "by_host", "host", changes.by_host, limit);
  json_table(json, "by_client", "client", changes.by_client, limit);
  json_table(json, "on_trial", "rule", changes.on_trial, limit);
  json_table(json, "unjudged", "reason", changes.unjudged, limit);
  json.close_object();
  return json.written() + "\n";
}

}  // namespace weir::cli
