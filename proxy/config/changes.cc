// SPDX-License-Identifier: Apache-2.0
//
// See changes.h.
#include "proxy/config/changes.h"

#include <algorithm>

#include "proxy/config/settings_table.h"

namespace weir {
namespace {

// What is not shown of a parent.
bool same_secrets(const Settings& a, const Settings& b) {
  return std::ranges::equal(a.parents, b.parents, {}, &Settings::Parent::authorization,
                            &Settings::Parent::authorization);
}

bool same(const SettingRow& row, const Settings& a, const Settings& b) {
  return row.show(row, a) == row.show(row, b) && (row.path != "parents" || same_secrets(a, b));
}

// Whether there is a cache at all is decided at the start; its size is not.
bool makes_or_ends_cache(const SettingRow& row, const Settings& a, const Settings& b) {
  return row.path == "cache.memory" && (a.cache.memory == 0) != (b.cache.memory == 0);
}

bool needs_restart(const SettingRow& row, const Settings& in_use, const Settings& written) {
  return row.restart || makes_or_ends_cache(row, in_use, written);
}

}  // namespace

SettingChanges compare_settings(const Settings& in_use, const Settings& written) {
  SettingChanges out;
  for (const SettingRow& row : setting_rows()) {
    if (!is_item(row) && !same(row, in_use, written)) {
      (needs_restart(row, in_use, written) ? out.restart : out.taken).emplace_back(row.path);
    }
  }
  return out;
}

Settings after_reload(const Settings& in_use, const Settings& written) {
  Settings out = written;
  for (const SettingRow& row : setting_rows()) {
    if (!is_item(row) && needs_restart(row, in_use, written)) {
      row.copy(out, in_use);
    }
  }
  return out;
}

}  // namespace weir
