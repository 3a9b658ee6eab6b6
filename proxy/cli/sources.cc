// SPDX-License-Identifier: Apache-2.0
//
// See sources.h.
#include "proxy/cli/sources.h"

#include <cstdio>
#include <utility>

#include "filters/lists/read_list.h"
#include "proxy/config/load.h"

namespace weir::cli {
namespace {

filters::List empty_list() {
  filters::List list;
  list.format = filters::ListFormat::Domains;
  return list;
}

tl::expected<filters::List, std::string> read_list(const filters::ListDocument& document) {
  if (document.file.empty()) {
    return tl::unexpected(document.url + " has not been downloaded");
  }
  return filters::read_list_file(document.file, document.format, document.max_bytes)
      .map_error(
          [&](const std::string& why) { return "cannot use " + document.file + ": " + why; });
}

std::string problem_text(const filters::Policy::Problem& problem) {
  std::string out = problem.file;
  if (problem.line != 0) {
    out += ":" + std::to_string(problem.line);
  }
  return out.empty() ? problem.message : out + ": " + problem.message;
}

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

ReadLists read_policy_lists(const filters::PolicyDocument& policy,
                            [[maybe_unused]] const Settings& settings) {
  ReadLists out;
  for (const filters::ListDocument& document : policy.lists) {
    auto read = read_list(document);
    if (!read) {
      const std::string what = "list " + document.name + ": " + read.error();
      if (document.required) {
        out.complaints.push_back(what + ".");
      } else {
        out.missing.push_back(what + "; it is taken as empty.");
      }
    }
    filters::List list = read ? std::move(*read) : empty_list();
    list.index = static_cast<std::uint16_t>(out.lists.size());
    list.name = document.name;
    list.dry_run = document.dry_run;
    out.lists.push_back(std::move(list));
  }
  return out;
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
    list.required = true;
    policy.lists.push_back(std::move(list));
  }
  policy.rules.push_back(block_what_they_block(policy.lists));
  return policy;
}

tl::expected<Settings, Complaints> load_config(const std::string& path) {
  Loaded loaded =
      path.empty() ? load_settings("{}", "built-in defaults") : load_settings_file(path);
  if (loaded) {
    return std::move(*loaded);
  }
  Complaints complaints;
  for (const Problem& problem : loaded.error()) {
    complaints.push_back(problem.text());
  }
  return tl::unexpected(std::move(complaints));
}

tl::expected<LoadedPolicy, Complaints> load_policy(const Source& source) {
  auto settings = load_config(source.config);
  if (!settings) {
    return tl::unexpected(std::move(settings.error()));
  }
  if (!source.lists.empty()) {
    settings->policy = policy_of_lists(source.lists);
    settings->policy.third_party_hosts = source.third_party_hosts;
  }
  ReadLists read = read_policy_lists(settings->policy, *settings);
  if (!read.complaints.empty()) {
    return tl::unexpected(std::move(read.complaints));
  }
  auto compiled = filters::Policy::compile(settings->policy, std::move(read.lists));
  if (!compiled) {
    Complaints complaints;
    for (const filters::Policy::Problem& problem : compiled.error()) {
      complaints.push_back(problem_text(problem));
    }
    return tl::unexpected(std::move(complaints));
  }
  return LoadedPolicy{std::move(*settings), std::move(*compiled), std::move(read.missing)};
}

}  // namespace weir::cli
