// SPDX-License-Identifier: Apache-2.0
//
// From the text of weir.json to Settings, or to everything that is wrong with it. The one gate
// between the JSON library and the rest: whatever the bytes, nothing is thrown out of here, nothing
// recurses, and no tree is built from a text that is too deep or too large. Reads no clock; reads
// no other file but the password files that parents name.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "proxy/config/problem.h"
#include "proxy/config/settings.h"

namespace weir {

// The settings, or at least one problem, in the order of the text.
using Loaded = tl::expected<Settings, std::vector<Problem>>;

// `file_name` is only for the problems. JSON (RFC 8259) with // and /* */ comments.
Loaded load_settings(std::string_view text, std::string_view file_name);

// The same for a file. One that is missing, unreadable, too large or no regular file is a problem.
Loaded load_settings_file(const std::string& path);

}  // namespace weir
