// SPDX-License-Identifier: Apache-2.0
//
// What a command judges by: the policy of a configuration, read and compiled as the proxy does it
// (proxy/lists/load.h); or, for `--lists`, a policy of one rule that blocks what the given lists
// block.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <tl/expected.hpp>

#include "filters/policy/policy.h"
#include "proxy/config/settings.h"

namespace weir::cli {

// What cannot be used and why, each a sentence for standard error.
using Complaints = std::vector<std::string>;

// How a command was told what to judge by.
struct Source {
  std::string config;              // empty: the built-in defaults
  std::vector<std::string> lists;  // not empty: these alone
  bool third_party_hosts = false;  // with `lists`: see filters::PolicyDocument
};

struct Rules {
  Settings settings;
  std::shared_ptr<const filters::Policy> policy;
  Complaints warnings;  // of what is not there and does without
};

// Complaints when there is nothing to judge by.
tl::expected<Rules, Complaints> load_rules(const Source& source);

// Settings by themselves: the configuration, or defaults when `path` is empty.
tl::expected<Settings, Complaints> load_config(const std::string& path);

// The lists of `--lists a.txt,b.txt`: format found out, named after their files.
filters::PolicyDocument policy_of_lists(const std::vector<std::string>& files);
tl::expected<std::vector<filters::List>, Complaints> read_lists(
    const filters::PolicyDocument& policy);

// "weir: " and each sentence on standard error.
void complain(const Complaints& complaints);
void complain(const std::string& sentence);
// The same, and gives the exit code back.
int fail(const std::string& sentence, int exit_code);

}  // namespace weir::cli
