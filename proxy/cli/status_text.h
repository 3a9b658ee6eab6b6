// SPDX-License-Identifier: Apache-2.0
//
// What a running proxy says of itself in JSON, for people. Members that are not known are passed
// over, those that are missing left out: the proxy may be of another version than the command.
// Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

namespace weir::cli {

// The answer of /api/v1/status. The error is a clause.
tl::expected<std::string, std::string> status_text(std::string_view json);

// The answer of /api/v1/reload.
struct ReloadOutcome {
  bool taken = false;
  std::vector<std::string> problems;  // printable
  std::vector<std::string> warnings;  // likewise
  // Names of settings: what is in use now, and what is not until the next start.
  std::vector<std::string> changed;
  std::vector<std::string> needs_restart;
};
ReloadOutcome read_reload(std::string_view json);
// What it says of a reload that was taken into use, in lines.
std::string reload_text(const ReloadOutcome& outcome);

// "3 days", "2 h", "5 min", "12 s": the largest unit of which there are two, or seconds.
std::string rough_length(double seconds);

}  // namespace weir::cli
