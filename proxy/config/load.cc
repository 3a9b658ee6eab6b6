// SPDX-License-Identifier: Apache-2.0
//
// See load.h. tree.h makes a tree of the text, the table of settings reads it, and what no single
// value can know is judged at the end: rules.h for the settings, policy_names.h for the policy.
#include "proxy/config/load.h"

#include <algorithm>
#include <exception>
#include <iterator>
#include <utility>

#include "proxy/base/ascii.h"
#include "proxy/config/policy_files.h"
#include "proxy/config/policy_names.h"
#include "proxy/config/read.h"
#include "proxy/config/rules.h"
#include "proxy/config/settings_table.h"
#include "proxy/config/tree.h"

namespace weir {
namespace {

Settings defaults() {
  Settings settings;
  settings.clients.allow = loopback_ranges();
  settings.clients.allow.insert(settings.clients.allow.end(), private_ranges().begin(),
                                private_ranges().end());
  return settings;
}

// The settings of the tree and of the files that its policy names; `parts` says what stood where.
Settings read_settings(const Value& root, PolicyParts& parts) {
  Settings settings = defaults();
  Problems& problems = parts.front().problems;
  if (root.kind != ValueKind::Object) {
    problems.add(root.offset, {}, "the configuration must be an object.", "Write { ... }.");
  } else {
    read_members(root, "", "", &settings, problems);
    read_policy_files(settings, parts);
  }
  check_rules(settings, root, problems);
  check_policy(settings, parts);
  return settings;
}

Loaded load(std::string_view text, std::string_view file_name, ExpressionFault judge) {
  PolicyParts parts;
  PolicyPart& first = parts.emplace_back();
  first.file = file_name;
  first.text = text;
  first.path = "policy";
  first.problems.expression_fault = judge;
  Settings settings;
  if (const auto root = read_tree(text, first.problems)) {
    first.policy = root->find("policy");
    settings = read_settings(*root, parts);
    first.policy = nullptr;
  }
  std::vector<Problem> all;
  for (PolicyPart& part : parts) {
    auto found = part.problems.take(part.text, part.file);
    std::ranges::move(found, std::back_inserter(all));
  }
  if (!all.empty()) {
    return tl::unexpected(std::move(all));
  }
  return settings;
}

// What stands there, "listen[1].at"; null: nothing.
const Value* find_setting(const Value& root, std::string_view path) {
  const Value* at = &root;
  while (at != nullptr && !path.empty()) {
    const std::string_view step = path.substr(0, path.find_first_of(".[", 1));
    path.remove_prefix(step.size());
    if (step.starts_with('[')) {
      const auto index = parse_decimal(step.substr(1, step.find(']') - 1));
      at = index ? at->item(*index) : nullptr;
    } else {
      at = at->find(step.substr(step.starts_with('.') ? 1 : 0));
    }
  }
  return at;
}

tl::unexpected<std::vector<Problem>> only(std::string_view file, std::string message,
                                          std::string remedy) {
  Problem problem;
  problem.file = file;
  problem.message = std::move(message);
  problem.remedy = std::move(remedy);
  return tl::unexpected(std::vector<Problem>{std::move(problem)});
}

}  // namespace

Loaded load_settings(std::string_view text, std::string_view file_name, ExpressionFault judge) {
  try {
    return load(text, file_name, judge);
  } catch (const std::exception& error) {
    // Memory ran out, or the library broke its word; both are reported like any other problem.
    return only(file_name, std::string("could not be read: ") + error.what() + ".", {});
  }
}

Loaded load_settings_file(const std::string& path, ExpressionFault judge) {
  try {
    auto text = read_text_file(path);
    return text ? load_settings(*text, path, judge)
                : only(path, std::move(text.error().message), std::move(text.error().remedy));
  } catch (const std::exception& failure) {
    return only(path, std::string("could not be read: ") + failure.what() + ".", {});
  }
}

std::string place_of(const std::string& path, std::string_view setting) {
  const auto text = read_text_file(path);
  Problems found;
  const auto tree = text ? read_tree(*text, found) : std::nullopt;
  const Value* const at = tree ? find_setting(*tree, setting) : nullptr;
  if (at == nullptr) {
    return path;
  }
  found = {};
  found.add(at->offset, {}, {}, {});
  const Problem place = found.take(*text, path).front();
  return path + ":" + std::to_string(place.line) + ":" + std::to_string(place.column);
}

std::string placed(const std::string& path, const std::string& fault) {
  const std::string place = path.empty() ? "" : place_of(path, fault.substr(0, fault.find(':')));
  return place.empty() ? fault : place + ": " + fault;
}

}  // namespace weir
