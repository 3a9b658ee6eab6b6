// SPDX-License-Identifier: Apache-2.0
//
// See policy_files.h.
#include "proxy/config/policy_files.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <utility>

#include "proxy/config/read.h"
#include "proxy/config/settings_table.h"
#include "proxy/config/tree.h"

namespace weir {

using filters::PolicyDocument;

namespace {

namespace fs = std::filesystem;

constexpr std::array<std::string_view, 4> kMembers = {"groups", "schedules", "lists", "rules"};

// Where weir.json lies; empty when it was named without a folder.
fs::path folder_of(const std::string& file_name) {
  const fs::path path(file_name);
  std::error_code error;
  return path.has_parent_path() ? fs::absolute(path, error).parent_path() : fs::path();
}

void make_absolute(std::string& path, const fs::path& folder) {
  if (!path.empty() && !folder.empty() && fs::path(path).is_relative()) {
    path = (folder / path).lexically_normal().string();
  }
}

// Where items stand, of which the offsets are known so far. They come in the order of the text.
template <class Item>
void settle_places(std::vector<Item>& items, const PolicyPart& part) {
  std::uint32_t line = 1;
  std::size_t at = 0;
  for (Item& item : items) {
    const std::size_t offset = std::min<std::size_t>(item.line, part.text.size());
    line += static_cast<std::uint32_t>(
        std::count(part.text.begin() + static_cast<std::ptrdiff_t>(at),
                   part.text.begin() + static_cast<std::ptrdiff_t>(offset), '\n'));
    at = offset;
    item.line = line;
    item.file = part.file;
  }
}

// Lines, which are offsets so far, and paths.
void settle(PolicyDocument& document, const PolicyPart& part, const fs::path& folder) {
  settle_places(document.schedules, part);
  settle_places(document.rules, part);
  for (filters::RuleDocument& rule : document.rules) {
    for (filters::Action& action : rule.actions) {
      make_absolute(action.page, folder);
    }
  }
  for (filters::ListDocument& list : document.lists) {
    make_absolute(list.file, folder);
  }
}

template <class Item>
void append(std::vector<Item>& to, std::vector<Item>& from) {
  to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
}

void append(PolicyDocument& to, PolicyDocument& from) {
  append(to.groups, from.groups);
  append(to.schedules, from.schedules);
  append(to.lists, from.lists);
  append(to.rules, from.rules);
}

void read_member(const Member& member, Settings& into, Problems& problems) {
  const SettingRow* row = find_setting("policy." + member.name);
  if (row != nullptr && std::ranges::find(kMembers, member.name) != kMembers.end()) {
    return row->store(&into, Reading{*row, member.value, step("", member.name), problems});
  }
  if (member.name == "$schema") {
    return;
  }
  const std::string_view near = nearest(member.name, {kMembers.begin(), kMembers.end()});
  problems.add(member.offset, step("", member.name),
               row != nullptr ? "is for the configuration itself."
                              : "there is nothing of this name in a policy file.",
               row == nullptr && !near.empty() ? "Did you mean " + quote(near) + "?"
                                               : "Known here: groups, schedules, lists, rules.");
}

// The tree of one file, or a problem: in the file, or where weir.json names it.
bool open_part(PolicyPart& part, const fs::path& path, const std::string& where, std::size_t offset,
               Problems& problems) {
  auto text = read_text_file(path.string());
  if (!text) {
    problems.add(offset, where, text.error().message, text.error().remedy);
    return false;
  }
  part.file = path.string();
  part.text = std::move(*text);
  part.root = read_tree(part.text, part.problems);
  if (part.root && part.root->kind != ValueKind::Object) {
    part.problems.add(part.root->offset, {}, "a policy file must be an object.",
                      "Write { \"rules\": [ ... ] }.");
    part.root.reset();
  }
  part.policy = part.root ? &*part.root : nullptr;
  return part.policy != nullptr;
}

}  // namespace

void read_policy_files(Settings& settings, PolicyParts& parts) {
  PolicyPart& first = parts.front();
  const fs::path folder = folder_of(first.file);
  settle(settings.policy, first, folder);
  const Value* files = first.policy == nullptr ? nullptr : first.policy->find("files");
  for (std::size_t i = 0; files != nullptr && i < settings.policy_files.size(); ++i) {
    const Value* name = files->kind == ValueKind::List ? files->item(i) : files;
    PolicyPart& part = parts.emplace_back();
    part.problems.expression_fault = first.problems.expression_fault;
    const std::size_t offset = name != nullptr ? name->offset : files->offset;
    if (!open_part(part, folder / settings.policy_files[i], step("policy.files", i), offset,
                   first.problems)) {
      continue;
    }
    Settings read;
    for (const Member& member : part.policy->members) {
      read_member(member, read, part.problems);
    }
    settle(read.policy, part, folder);
    append(settings.policy, read.policy);
  }
}

}  // namespace weir
