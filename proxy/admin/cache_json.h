// SPDX-License-Identifier: Apache-2.0
//
// What is stored, as JSON for the admin interface. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/base/instant.h"
#include "proxy/store/inventory.h"

namespace weir::admin {

std::string cache_stats_json(const store::MemoryStats& memory,
                             const std::optional<store::DiskStats>& disk);

// One line: url, status, size, age, ttl, tier ("memory", "disk" or "both"), hits.
void append_cache_line(const store::Kept& kept, WallTime now, std::string& out);

// Everything about the entries of one key.
std::string cache_entry_json(std::string_view key, const std::vector<store::Kept>& kept,
                             WallTime now);

// What a plain GET would get. `noted`: why the last answer was not stored, where that is known.
std::string cache_why_json(std::string_view key, const std::vector<store::Kept>& kept,
                           const std::optional<store::RecentReasons::Noted>& noted, WallTime now);

std::string cache_purged_json(const store::Purged& purged, bool dry);

}  // namespace weir::admin
