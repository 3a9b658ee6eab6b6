// SPDX-License-Identifier: Apache-2.0
//
// See sources.h.
#include "proxy/cli/sources.h"

#include <cstdio>
#include <utility>

#include "filters/lists/read_list.h"
#include "filters/policy/patterns.h"
#include "proxy/config/load.h"
#include "proxy/lists/load.h"

namespace weir::cli {
namespace {

std::string base_name(const std::string& path) {
  return path.substr(path.find_last_of('/') + 1);
}

// The one rule of `--lists`.
filters::RuleDocument block_what_they_block(const std::vector<filters::ListDocument>& lists) {
  filters::RuleDocument rule;
  rule.id = "lists";
  rule.description = "The given lists, and nothing else.";
  filters::Condition covered;
  covered.kind = filters::ConditionKind::List;
  for (const filters::ListDocument& list : lists) {
    covered.texts.push_back(list.name);
  }
  rule.when.children.push_back(std::move(covered));
  filters::Action block;
  block.kind = filters::ActionKind::Block;
  block.status = 403;
  rule.actions.push_back(std::move(block));
  return rule;
}

}  // namespace

void complain(const std::string& sentence) {
  std::fprintf(stderr, "weir: %s\n", sentence.c_str());
}

void complain(const Complaints& complaints) {
  for (const std::string& each : complaints) {
    complain(each);
  }
}

int fail(const std::string& sentence, int exit_code) {
  complain(sentence);
  return exit_code;
}

filters::PolicyDocument policy_of_lists(const std::vector<std::string>& files) {
  filters::PolicyDocument policy;
  for (const std::string& file : files) {
    filters::ListDocument list;
    list.name = base_name(file);
    for (const filters::ListDocument& other : policy.lists) {
      // Two folders may hold lists of one name; then the whole path tells them apart.
      list.name = other.name == list.name ? file : list.name;
    }
    list.file = file;
    policy.lists.push_back(std::move(list));
  }
  policy.rules.push_back(block_what_they_block(policy.lists));
  return policy;
}

tl::expected<std::vector<filters::List>, Complaints> read_lists(
    const filters::PolicyDocument& policy) {
  std::vector<filters::List> lists;
  Complaints complaints;
  for (const filters::ListDocument& document : policy.lists) {
    auto read = filters::read_list_file(document.file, document.format, document.max_bytes);
    if (!read) {
      complaints.push_back(document.file + ": " + read.error() + ".");
      continue;
    }
    read->index = static_cast<std::uint16_t>(lists.size());
    read->name = document.name;
    lists.push_back(std::move(*read));
  }
  if (!complaints.empty()) {
    return tl::unexpected(std::move(complaints));
  }
  return lists;
}

tl::expected<Settings, Complaints> load_config(const std::string& path) {
  Loaded loaded = path.empty() ? load_settings("{}", "built-in defaults")
                               : load_settings_file(path, filters::expression_fault);
  if (loaded) {
    return std::move(*loaded);
  }
  Complaints complaints;
  for (const Problem& problem : loaded.error()) {
    complaints.push_back(problem.text());
  }
  return tl::unexpected(std::move(complaints));
}

tl::expected<Rules, Complaints> load_rules(const Source& source) {
  auto settings = load_config(source.config);
  if (!settings) {
    return tl::unexpected(std::move(settings.error()));
  }
  if (!source.lists.empty()) {
    settings->policy = policy_of_lists(source.lists);
    settings->policy.third_party_hosts = source.third_party_hosts;
  }
  LoadedPolicy loaded = load_policy(settings->policy, settings->lists.directory);
  if (loaded.policy == nullptr) {
    return tl::unexpected(std::move(loaded.errors));
  }
  return Rules{std::move(*settings), std::move(loaded.policy), std::move(loaded.warnings)};
}

}  // namespace weir::cli
