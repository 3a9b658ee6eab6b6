// SPDX-License-Identifier: Apache-2.0
//
// What the refresher has to tell of its work, as plain values: what came of the last reload, and
// which policy is in use with which lists.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "proxy/base/instant.h"

namespace weir {

// What a reload made of the settings, by their names.
struct ConfigurationChange {
  std::uint64_t generation = 0;      // of the configuration in use now
  std::vector<std::string> taken;    // changed, and in use
  std::vector<std::string> restart;  // changed, and as before until the next start
};

struct ReloadReport {
  std::uint64_t number = 0;  // reloads up to this ticket have been dealt with; 0: none yet
  WallTime at;
  bool taken = false;
  std::vector<std::string> problems;  // why not, each a sentence with file and line
  std::vector<std::string> warnings;
  ConfigurationChange change;  // nothing unless it was taken
};

struct ListStatus {
  std::string name;
  std::string source;       // its file, or its URL without what follows the question mark
  std::uint32_t rules = 0;  // in force
  WallTime changed;         // this version: when it was fetched, or its file written; 0: unknown
  WallTime checked;         // when its server last said what is newest; 0: never, or a file
  std::string failure;      // why the last download failed; empty: it did not
  std::string held_back;    // why a newer version is not in use; empty: there is none
};

struct PolicyStatus {
  bool in_use = false;  // false: there are no rules, everything passes
  std::size_t rules = 0;
  std::size_t groups = 0;
  std::size_t schedules = 0;
  WallTime since;
  std::vector<ListStatus> lists;
};

}  // namespace weir
