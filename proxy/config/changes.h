// SPDX-License-Identifier: Apache-2.0
//
// What a reload makes of a configuration that was read anew: which settings differ from those in
// use, and which of them only a restart takes into use. The table of settings says which
// (SettingRow::restart). Values only.
#pragma once

#include <string>
#include <vector>

#include "proxy/config/settings.h"

namespace weir {

// Names of settings, in the order of the table.
struct SettingChanges {
  std::vector<std::string> taken;    // a reload takes them into use
  std::vector<std::string> restart;  // these keep the value in use until the next start
};

// What differs, secrets included.
SettingChanges compare_settings(const Settings& in_use, const Settings& written);

// The settings that a reload leads to: `written`, but for what needs a restart.
Settings after_reload(const Settings& in_use, const Settings& written);

}  // namespace weir
