// SPDX-License-Identifier: Apache-2.0
//
// What exchanges are judged by: the compiled policy and what the pipeline has made ready beside it.
// Immutable. Replaced as a whole; an exchange keeps the one it began with. Every worker has a copy
// with a count of its own, so that counting never crosses cores.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <tl/expected.hpp>

#include "filters/body/rewrite.h"
#include "filters/policy/policy.h"
#include "proxy/http/block_page.h"

namespace weir {

struct Snapshot {
  std::shared_ptr<const filters::Policy> policy;  // null: no rules, everything passes
  bool knows_devices = false;                     // some group names hardware addresses or devices
  filters::GroupMask trusting = 0;                // groups whose devices trust our certificates
  // By rule index; empty where the rule has none.
  std::vector<std::shared_ptr<const http::PageTemplate>> pages;
  std::vector<std::shared_ptr<const filters::Rewriter>> rewriters;

  // Makes ready what the rules name. Each problem says which rule, and what to do; trouble_with()
  // does without the rules compiled.
  static tl::expected<Snapshot, std::vector<std::string>> make(
      std::shared_ptr<const filters::Policy> policy);
  static std::vector<std::string> trouble_with(const filters::PolicyDocument& policy);
};

}  // namespace weir
