// SPDX-License-Identifier: Apache-2.0
//
// What a draft of the policy would change about a day's traffic: counted by replay.cc, told here.
#pragma once

#include <cstdint>
#include <string>

#include "proxy/cli/tally.h"

namespace weir::cli {

struct Changes {
  std::uint64_t records = 0;
  std::uint64_t readable = 0;  // of the log's format
  std::uint64_t judged = 0;
  std::uint64_t without_page = 0;  // judged, but the log has no Referer of them
  std::uint64_t presumed = 0;      // judged as allowed or not as before, by what is usual
  Tally unjudged;                  // by reason
  Tally kinds;                     // "allowed to blocked"
  Tally by_rule;                   // "allowed to blocked", a tab, and the name
  Tally by_host;
  Tally by_client;
  Tally on_trial;  // by rule in dry run
};

std::string changes_text(const Changes& changes, std::size_t limit);
std::string changes_json(const Changes& changes, std::size_t limit);

}  // namespace weir::cli
