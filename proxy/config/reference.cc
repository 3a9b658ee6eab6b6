// SPDX-License-Identifier: Apache-2.0
//
// See schema.h: the Markdown reference, the commented default configuration and the effective one.
// All three walk the table once, in its order.
#include <string_view>

#include "proxy/config/policy_schema.h"
#include "proxy/config/schema.h"
#include "proxy/config/settings_table.h"

namespace weir {
namespace {

constexpr std::size_t kWidth = 100;

std::string_view section_of(const SettingRow& row) {
  const std::size_t dot = row.path.find('.');
  return dot == std::string_view::npos || is_item(row) ? "" : row.path.substr(0, dot);
}

// Text as comment lines no wider than the rest of the file.
std::string comment(std::string_view text, std::size_t indent) {
  const std::string start = std::string(indent, ' ') + "//";
  std::string out;
  std::string line = start;
  while (!text.empty()) {
    const std::string_view word = text.substr(0, text.find(' '));
    text.remove_prefix(std::min(text.size(), word.size() + 1));
    if (line.size() + 1 + word.size() > kWidth && line != start) {
      out += line + "\n";
      line = start;
    }
    line += " " + std::string(word);
  }
  return out + line + "\n";
}

// An example that is laid out already.
std::string comment_lines(std::string_view text, std::size_t indent) {
  std::string out;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    out += std::string(indent, ' ') + "// " + std::string(line) + "\n";
  }
  return out;
}

// "Size, 1KiB to 4MiB." after the reason, where there is something to add.
std::string limits_note(const SettingRow& row) {
  if (row.kind == SettingKind::Word) {
    return " (" + expectation(row) + ")";
  }
  const std::string bounds = bounds_text(row);
  const std::string unit = row.unit.empty() ? "" : " " + std::string(row.unit);
  return bounds.empty() ? "" : " (" + bounds + unit + ")";
}

std::string restart_note(const SettingRow& row) {
  return row.restart ? " Needs a restart." : "";
}

std::string note(const SettingRow& row, std::size_t indent) {
  std::string out = comment(std::string(row.reason) + limits_note(row) + restart_note(row), indent);
  if (!row.sample.empty()) {
    return out + comment("For example:", indent) + comment_lines(row.sample, indent);
  }
  if (row.kind == SettingKind::Objects || row.kind == SettingKind::Hosts) {
    out += comment("For example: " + std::string(row.example), indent);
  }
  return out;
}

// One layout for the default and the effective configuration.
template <class Json>
std::string config_text(bool comments, Json json_of) {
  std::string out = "{";
  std::string_view section;
  bool first = true;
  for (const SettingRow& row : setting_rows()) {
    if (is_item(row)) {
      continue;
    }
    const std::string_view now = section_of(row);
    if (now != section || section.empty()) {
      out += !section.empty() ? "\n  }" : "";
      out += first ? "\n" : comments ? ",\n\n" : ",\n";
      out += comments && !now.empty() ? comment(find_section(now)->reason, 2) : "";
      out += now.empty() ? "" : "  " + json_text(now) + ": {\n";
      section = now;
    } else {
      out += comments ? ",\n\n" : ",\n";
    }
    const std::size_t indent = section.empty() ? 2 : 4;
    const std::size_t skip = section.empty() ? 0 : section.size() + 1;
    out += comments ? note(row, indent) : "";
    out += std::string(indent, ' ') + json_text(row.path.substr(skip)) + ": " + json_of(row);
    first = false;
  }
  return out + (section.empty() ? "\n}\n" : "\n  }\n}\n");
}

std::string_view kind_name(SettingKind kind) {
  switch (kind) {
    case SettingKind::Flag:
      return "true or false";
    case SettingKind::Number:
      return "number";
    case SettingKind::Size:
      return "size";
    case SettingKind::Duration:
      return "duration";
    case SettingKind::Word:
      return "word";
    case SettingKind::Text:
      return "text";
    case SettingKind::TextList:
      return "list of texts";
    case SettingKind::Ports:
      return "list of ports";
    case SettingKind::Prefixes:
      return "list of address ranges";
    case SettingKind::Endpoints:
      return "list of addresses";
    case SettingKind::Hosts:
      return "names to addresses";
    case SettingKind::Objects:
      return "list of objects";
    case SettingKind::When:
      return "conditions";
    case SettingKind::Then:
      return "actions";
  }
  return {};
}

std::string reference_row(const SettingRow& row) {
  std::string kind(kind_name(row.kind));
  for (const std::string_view word : words_of(row)) {
    kind += (kind.find('`') == std::string::npos ? ": `" : ", `") + std::string(word) + "`";
  }
  if (const std::string bounds = bounds_text(row); !bounds.empty()) {
    kind += ", " + bounds + (row.unit.empty() ? "" : " " + std::string(row.unit));
  }
  const std::string fallback =
      row.fallback.empty() ? "must be written" : "`" + std::string(row.fallback) + "`";
  return "| `" + std::string(row.path) + "` | " + kind + (row.secret ? ", secret" : "") + " | " +
         fallback + " | " + (row.restart ? "restart" : "reload") + " | " +
         markdown_cell(row.reason) + " |\n";
}

}  // namespace

std::string settings_reference() {
  std::string out =
      "Durations are seconds, perhaps with a fraction, or text such as `\"500ms\"`, `\"30s\"`, "
      "`\"5m\"`, `\"1h\"`.\nSizes are bytes, or text such as `\"64KiB\"`, `\"4MiB\"`, "
      "`\"1GiB\"`.\nA reload (`weir reload`, SIGHUP) takes a changed setting into use for what "
      "begins "
      "afterwards;\none that is changed by a restart keeps its value until then, and the reload "
      "says "
      "so.\n";
  std::string_view table;
  for (const SettingRow& row : setting_rows()) {
    const std::string_view now = row.path.substr(0, row.path.find_first_of(".["));
    if (now != table) {
      table = now;
      const SettingSection* section = find_section(now);
      out += "\n### " + std::string(now) + "\n\n";
      out += section != nullptr ? std::string(section->reason) + "\n\n" : "";
      out += "| setting | kind | default | changed by | what for |\n|---|---|---|---|---|\n";
    }
    out += reference_row(row);
  }
  return out + policy_reference();
}

std::string default_config() {
  return "// The configuration of Weir: every setting with its default. What is left out has its\n"
         "// default too, so keep only what you change. Comments are allowed.\n" +
         config_text(true, [](const SettingRow& row) { return std::string(row.fallback); });
}

std::string effective_config(const Settings& settings) {
  return config_text(false, [&](const SettingRow& row) { return row.show(row, settings); });
}

}  // namespace weir
