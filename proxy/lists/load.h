// SPDX-License-Identifier: Apache-2.0
//
// From a policy document to a compiled policy: reads the lists it names, from their files or from
// the folder where downloads are kept. The same road for the proxy's start, for its reloads and for
// the command line, so that all of them say the same. Reads files; downloads nothing.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "filters/policy/policy.h"

namespace weir {

struct LoadedPolicy {
  // Null when there are `errors`.
  std::shared_ptr<const filters::Policy> policy;
  std::vector<std::string> errors;    // sentences with file, line and remedy
  std::vector<std::string> warnings;  // such as lists that have not been downloaded yet
};

// `folder`: the setting lists.directory, where downloaded lists are kept; empty: where lists_folder
// says. A list that is not there counts as empty and is warned of, unless it is required.
LoadedPolicy load_policy(const filters::PolicyDocument& document, const std::string& folder);

// True when the document could change anything at all: no rules and a default that allows are no
// policy.
bool says_anything(const filters::PolicyDocument& document);

// Compiling takes more memory than its result; what is free again goes back to the system.
void give_memory_back();

}  // namespace weir
