// SPDX-License-Identifier: Apache-2.0
//
// THE table of settings: what each is called in weir.json, what it may be, its default, its bounds
// and its reason, and where it goes in Settings. The loader, the JSON Schema, the reference in the
// documentation and the commented default configuration are all made from these rows; nothing
// about a setting is said twice. Rows named "list[].x" describe the objects of a list.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "proxy/config/problem.h"
#include "proxy/config/settings.h"
#include "proxy/config/value.h"

namespace weir {

enum class SettingKind : std::uint8_t {
  Flag,      // true or false
  Number,    // a whole number
  Size,      // bytes: a number, or "64KiB"
  Duration,  // seconds, perhaps with a fraction, or "30s"
  Word,      // one of a few words
  Text,
  TextList,
  Ports,
  Prefixes,   // "10.0.0.0/8", or a word of the row that stands for several
  Endpoints,  // "9.9.9.9:53"
  Hosts,      // an object: name to list of addresses
  Objects,    // a list of objects; their members have rows of their own
  When,       // conditions, policy_table.h
  Then,       // actions, policy_table.h
};

// What a piece of text must be. `take` gives it in canonical form, or nothing if it is not that.
struct TextRule {
  std::optional<std::string> (*take)(std::string_view);
  std::string_view expected;  // completes "must be"
};

// A parent as written; becomes a Settings::Parent when all of it has been read.
struct ParentDraft {
  std::string name;
  std::string host;
  std::string user;
  std::string password;
  std::string password_file;
};

// Whose member a row sets: the whole settings, or one object of a list.
using Target = std::variant<Settings*, Settings::Listener*, ParentDraft*, Settings::Route*,
                            filters::GroupDocument*, filters::ScheduleDocument*,
                            filters::ScheduleDocument::Interval*, filters::ListDocument*,
                            filters::RuleDocument*>;

struct SettingRow;

// One value on its way into its place.
struct Reading {
  const SettingRow& row;
  const Value& value;
  std::string path;  // as shown to people, with indices
  Problems& problems;
};

struct SettingRow {
  std::string_view path;
  SettingKind kind;
  std::string_view fallback;  // the default as JSON; empty: must be written
  std::string_view reason;    // what it does and why one would change it
  std::uint64_t least = 0;    // bounds: of a number, of bytes, of microseconds, of a text's length
  std::uint64_t most = 0;
  std::string_view unit{};         // of a Number, for people
  std::string_view words{};        // separated by |
  const TextRule* rule = nullptr;  // of a Text or of each text in a list
  std::string_view example{};      // as JSON, where the default shows nothing
  std::string_view sample{};       // a longer example in lines, for the default configuration
  bool single = false;             // of a list: its only item may stand there without brackets
  bool secret = false;             // never shown, never quoted in a problem
  bool restart = false;            // a reload does not take it into use: it says so
  void (*store)(const Target&, const Reading&) = nullptr;
  std::string (*show)(const SettingRow&, const Settings&) = nullptr;  // as JSON; none in list[].x
  void (*copy)(Settings& to, const Settings& from) = nullptr;         // none in list[].x
};

// A group of settings, "limits" for all "limits.*".
struct SettingSection {
  std::string_view name;
  std::string_view reason;
};

// In the order of the documentation; the rows of a section or list stand together.
std::span<const SettingRow> setting_rows();
std::span<const SettingSection> setting_sections();

// Whether the row describes a member of the objects in a list, "list[].x".
bool is_item(const SettingRow& row);

// Nothing if there is none of that name.
const SettingRow* find_setting(std::string_view path);
const SettingSection* find_section(std::string_view name);

// The words of a row, in order.
std::vector<std::string_view> words_of(const SettingRow& row);

// What completes "must be", for example "a size from 1KiB to 4MiB".
std::string expectation(const SettingRow& row);
// The bounds alone, "1KiB to 4MiB"; empty where there are none worth saying.
std::string bounds_text(const SettingRow& row);
// A value as JSON that this setting would take.
std::string_view example_of(const SettingRow& row);

}  // namespace weir
