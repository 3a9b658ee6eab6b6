// SPDX-License-Identifier: Apache-2.0
//
// What the table of settings says, in three other languages: JSON Schema for editors, Markdown for
// readers, and a commented weir.json to start from. Made from the rows alone; names no setting.
#pragma once

#include <string>

#include "proxy/config/settings.h"

namespace weir {

// JSON Schema, draft 2020-12. Admits every configuration that loads; the loader refuses more.
std::string settings_schema();

// Markdown: a table per section.
std::string settings_reference();

// A weir.json with every setting at its default and its reason above it. Loads.
std::string default_config();

// The same layout without comments, with the values of `settings`; secrets as "***".
std::string effective_config(const Settings& settings);

}  // namespace weir
