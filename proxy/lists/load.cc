// SPDX-License-Identifier: Apache-2.0
//
// See load.h.
#include "proxy/lists/load.h"

#include "filters/lists/read_list.h"

namespace weir {
namespace {

using filters::List;
using filters::ListDocument;

// Takes one list in. A list that cannot be had is an error where it is a file or required, and
// empty with a warning where it has only not been downloaded.
void take(const ListDocument& document, const std::string& folder, std::vector<List>& lists,
          LoadedPolicy& out) {
  const bool download = document.file.empty();
  const std::string path = download ? folder + "/" + document.name + ".list" : document.file;
  auto read = filters::read_list_file(path, document.format, document.max_bytes);
  List list;
  if (read) {
    list = std::move(*read);
  } else {
    const std::string said = "list \"" + document.name + "\": " + path + ": " + read.error();
    (download && !document.required ? out.warnings : out.errors).push_back(said);
    list.format = filters::ListFormat::Domains;
  }
  list.name = document.name;
  list.dry_run = document.dry_run;
  list.index = static_cast<std::uint16_t>(lists.size());
  lists.push_back(std::move(list));
}

}  // namespace

bool says_anything(const filters::PolicyDocument& document) {
  return !document.rules.empty() || !document.allow_by_default;
}

LoadedPolicy load_policy(const filters::PolicyDocument& document, const std::string& folder) {
  LoadedPolicy out;
  std::vector<List> lists;
  for (const ListDocument& list : document.lists) {
    take(list, folder, lists, out);
  }
  if (!out.errors.empty()) {
    return out;
  }
  auto compiled = filters::Policy::compile(document, std::move(lists));
  if (compiled) {
    out.policy = std::move(*compiled);
    return out;
  }
  for (const filters::Policy::Problem& problem : compiled.error()) {
    const std::string line = problem.line == 0 ? "" : ":" + std::to_string(problem.line);
    out.errors.push_back(problem.file + line + ": " + problem.message);
  }
  return out;
}

}  // namespace weir
