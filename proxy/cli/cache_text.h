// SPDX-License-Identifier: Apache-2.0
//
// What the admin interface says of the cache, as text for people. Pure. Nothing when the JSON
// cannot be read.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace weir::cli {

std::optional<std::string> cache_stats_text(std::string_view json);
std::optional<std::string> cache_entry_text(std::string_view json);
std::optional<std::string> cache_why_text(std::string_view json);
std::optional<std::string> cache_purged_text(std::string_view json);

// The heading of a list, and one line of it.
std::string cache_list_heading();
std::optional<std::string> cache_list_text(std::string_view line);

}  // namespace weir::cli
