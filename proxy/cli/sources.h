// SPDX-License-Identifier: Apache-2.0
//
// From files to something that judges: the lists of a policy read, the policy compiled; or, for
// `--lists`, a policy of one rule that blocks what the given lists block.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "filters/policy/policy.h"
#include "proxy/base/instant.h"
#include "proxy/config/settings.h"

namespace weir::cli {

// What cannot be used and why, each a sentence for standard error.
using Complaints = std::vector<std::string>;

struct ReadLists {
  std::vector<filters::List> lists;  // in the order of the document; a missing one is empty
  std::vector<std::string> missing;  // sentences: what is not there, and does without
  Complaints complaints;             // sentences: what is required and not there
};

// Reads the lists of a policy: files, and of those with a URL what lies in `settings.lists`.
ReadLists read_policy_lists(const filters::PolicyDocument& policy, const Settings& settings);

// The lists of `--lists a.txt,b.txt`: format found out, named after their files.
filters::PolicyDocument policy_of_lists(const std::vector<std::string>& files);

// How a command was told what to judge by.
struct Source {
  std::string config;              // empty: the built-in defaults
  std::vector<std::string> lists;  // not empty: these alone
  bool third_party_hosts = false;  // with `lists`: see filters::PolicyDocument
};

struct LoadedPolicy {
  Settings settings;
  std::shared_ptr<const filters::Policy> policy;
  std::vector<std::string> missing;
};

// Complaints when there is nothing to judge by.
tl::expected<LoadedPolicy, Complaints> load_policy(const Source& source);

// Settings by themselves: the configuration, or defaults when `path` is empty.
tl::expected<Settings, Complaints> load_config(const std::string& path);

// "weir: " and each sentence on standard error.
void complain(const Complaints& complaints);
void complain(const std::string& sentence);

}  // namespace weir::cli
