// SPDX-License-Identifier: Apache-2.0
//
// See load.h.
#include "proxy/lists/load.h"

#include <malloc.h>

#include "filters/lists/read_list.h"
#include "proxy/lists/folder.h"
#include "proxy/lists/stage.h"
#include "proxy/lists/store.h"

namespace weir {
namespace {

using filters::List;
using filters::ListDocument;
using ReadList = tl::expected<List, std::string>;

// An error says what is wrong and where.
ReadList read_file(const ListDocument& document) {
  auto read = filters::read_list_file(document.file, document.format, document.max_bytes);
  if (!read) {
    return tl::unexpected(document.file + ": " + read.error());
  }
  if (const std::string why = why_canary(document, *read); !why.empty()) {
    return tl::unexpected(document.file + ": " + why +
                          ". Take that line out, or the name out of canaries");
  }
  return read;
}

ReadList read_kept(const ListDocument& document, const ListStore& store,
                   std::vector<std::string>& warnings) {
  std::string warning;
  auto bytes = store.read_current(document, warning);
  if (!bytes) {
    return tl::unexpected(std::move(bytes).error());
  }
  if (!warning.empty()) {
    warnings.push_back("list \"" + document.name + "\": " + warning);
  }
  return filters::read_list_text(std::move(*bytes), document.format, document.max_bytes);
}

// Takes one list in. A list that cannot be had is an error where it is a file or required, and
// empty with a warning where it has only not been downloaded.
void take(const ListDocument& document, const ListStore& store, std::vector<List>& lists,
          LoadedPolicy& out) {
  const bool download = document.file.empty();
  auto read = download ? read_kept(document, store, out.warnings) : read_file(document);
  List list;
  if (read) {
    list = std::move(*read);
  } else if (download && !document.required) {
    out.warnings.push_back("list \"" + document.name + "\": " + read.error() +
                           "; it counts as empty");
    list.format = filters::ListFormat::Domains;
  } else {
    out.errors.push_back("list \"" + document.name + "\": " + read.error());
    list.format = filters::ListFormat::Domains;  // empty, so that the rest can be looked at
  }
  list.name = document.name;
  list.dry_run = document.dry_run;
  list.index = static_cast<std::uint16_t>(lists.size());
  lists.push_back(std::move(list));
}

std::string text_of(const filters::Policy::Problem& problem) {
  const std::string line = problem.line == 0 ? "" : ":" + std::to_string(problem.line);
  return problem.file.empty() ? problem.message : problem.file + line + ": " + problem.message;
}

}  // namespace

bool says_anything(const filters::PolicyDocument& document) {
  return !document.rules.empty() || !document.allow_by_default;
}

LoadedPolicy load_policy(const filters::PolicyDocument& document, const std::string& folder) {
  LoadedPolicy out;
  const ListStore store(lists_folder(folder));
  std::vector<List> lists;
  for (const ListDocument& list : document.lists) {
    take(list, store, lists, out);
  }
  auto compiled = filters::Policy::compile(document, std::move(lists));
  give_memory_back();
  if (compiled) {
    out.policy = out.errors.empty() ? std::move(*compiled) : nullptr;
    return out;
  }
  for (const filters::Policy::Problem& problem : compiled.error()) {
    out.errors.push_back(text_of(problem));
  }
  return out;
}

void give_memory_back() {
  ::malloc_trim(0);
}

}  // namespace weir
