// SPDX-License-Identifier: Apache-2.0
//
// A policy may be spread over files: weir.json and those that its policy.files names. Each is a
// part with its own text and problems, so that every problem can say where it stands. This reads
// the further files and appends what they say, in the order of their names.
#pragma once

#include <deque>
#include <optional>
#include <string>

#include "proxy/config/problem.h"
#include "proxy/config/settings.h"
#include "proxy/config/value.h"

namespace weir {

struct PolicyPart {
  std::string file;
  std::string text;
  std::optional<Value> root;      // of a further file
  const Value* policy = nullptr;  // the object with groups, schedules, lists and rules
  std::string path;               // to that object, for people: "policy", or empty
  Problems problems;
};
using PolicyParts = std::deque<PolicyPart>;  // weir.json first; problems stay where they are

// Reads settings.policy_files. Afterwards every rule knows its file and line, and the paths of
// lists and pages that were relative are relative to weir.json no more.
void read_policy_files(Settings& settings, PolicyParts& parts);

}  // namespace weir
