// SPDX-License-Identifier: Apache-2.0
//
// `weir cache`: what a running proxy has stored, why, and away with it; through its admin
// interface.
#pragma once

#include <cstdint>
#include <string>

#include "proxy/cli/admin_client.h"

namespace weir::cli {

struct CacheOptions {
  enum class What : std::uint8_t { Stats, List, Show, Why, Purge };
  What what = What::Stats;
  AdminSource source;
  bool json = false;
  std::string url;  // Show, Why, Purge
  std::string host;
  std::string prefix;
  std::string tag;
  bool all = false;              // Purge
  bool dry_run = false;          // Purge
  std::uint64_t limit = 10'000;  // List
};

// Exit codes: 0; 1 when nothing is stored under the URL, or the cache is off; 64 (EX_USAGE) for
// what is no URL or host; 69 (EX_UNAVAILABLE) when there is no answer.
int cache(const CacheOptions& options);

}  // namespace weir::cli
