// SPDX-License-Identifier: Apache-2.0
//
// From the text of weir.json to Settings, or to everything that is wrong with it. Whatever the
// bytes, nothing is thrown out of here, nothing recurses deeper than the text is nested, and that
// is bounded (scan.h). Reads no clock; reads no other file but the policy files it names and the
// password files of parents.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "proxy/config/problem.h"
#include "proxy/config/settings.h"

namespace weir {

// The settings, or at least one problem, file by file in the order of its text.
using Loaded = tl::expected<Settings, std::vector<Problem>>;

// `file_name` is for the problems, and says what the paths in the policy are relative to. JSON (RFC
// 8259) with // and /* */ comments. `judge` tells whether expressions compile, so that what is
// wrong with them is said together with all else.
Loaded load_settings(std::string_view text, std::string_view file_name,
                     ExpressionFault judge = nullptr);

// The same for a file. One that is missing, unreadable, too large or no regular file is a problem.
Loaded load_settings_file(const std::string& path, ExpressionFault judge = nullptr);

// Where a setting ("http.via", "listen[1]") stands in that file, "weir.json:3:12"; the file alone
// where it does not. For faults that only come to light when a setting is used: the file is read
// again.
std::string place_of(const std::string& path, std::string_view setting);

// Such a fault, "auth.htpasswd_file: ...", behind its setting's place. As it is without a file.
std::string placed(const std::string& path, const std::string& fault);

}  // namespace weir
