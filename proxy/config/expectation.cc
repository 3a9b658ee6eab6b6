// SPDX-License-Identifier: Apache-2.0
//
// What a row of the settings table expects, in words: for problems, for the reference and for the
// comments of the default configuration. See settings_table.h; no row is named here.
#include <algorithm>

#include "proxy/config/settings_table.h"
#include "proxy/config/units.h"

namespace weir {

using enum SettingKind;

namespace {

std::string between(const std::string& least, const std::string& most) {
  return least + " to " + most;
}

}  // namespace

std::vector<std::string_view> words_of(const SettingRow& row) {
  std::vector<std::string_view> out;
  for (std::string_view rest = row.words; !rest.empty();) {
    const std::string_view first = rest.substr(0, rest.find('|'));
    out.push_back(first);
    rest.remove_prefix(std::min(rest.size(), first.size() + 1));
  }
  return out;
}

std::string bounds_text(const SettingRow& row) {
  switch (row.kind) {
    case Number:
      return between(std::to_string(row.least), std::to_string(row.most));
    case Size:
      return between(bytes_text(row.least), bytes_text(row.most));
    case Duration:
      return between(duration_text(static_cast<Micros>(row.least)),
                     duration_text(static_cast<Micros>(row.most)));
    case Flag:
    case Word:
    case Text:
    case TextList:
    case Ports:
    case Prefixes:
    case Endpoints:
    case Hosts:
    case Objects:
    case When:
    case Then:
      break;
  }
  return {};
}

std::string expectation(const SettingRow& row) {
  switch (row.kind) {
    case Flag:
      return "true or false";
    case Number:
      return "a whole number from " + bounds_text(row);
    case Size:
      return "a size from " + bounds_text(row);
    case Duration:
      return "a duration from " + bounds_text(row);
    case Word: {
      std::string all;
      for (const std::string_view one : words_of(row)) {
        all += (all.empty() ? "" : ", ") + json_text(one);
      }
      return "one of " + all;
    }
    case Text:
      return std::string(row.rule->expected);
    case TextList:
    case Ports:
    case Prefixes:
    case Endpoints:
    case Objects:
      return "a list";
    case Hosts:
      return "an object of names and lists of addresses";
    case When:
      return "an object with conditions";
    case Then:
      return "an object with actions";
  }
  return {};
}

std::string_view example_of(const SettingRow& row) {
  return row.example.empty() ? row.fallback : row.example;
}

}  // namespace weir
