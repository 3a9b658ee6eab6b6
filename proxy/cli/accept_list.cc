// SPDX-License-Identifier: Apache-2.0
//
// `weir lists accept`: see lists.h. What the proxy keeps is changed under its lock; the proxy
// itself is not spoken to.
#include <sysexits.h>

#include <algorithm>

#include "proxy/cli/lists.h"
#include "proxy/cli/printable.h"
#include "proxy/cli/time_text.h"
#include "proxy/lists/folder.h"
#include "proxy/lists/store.h"

namespace weir::cli {
namespace {

using filters::ListDocument;

std::string quoted(const std::string& name) {
  return "\"" + printable(name) + "\"";
}

// The lists of the configuration that are downloaded.
std::string known_names(const std::vector<ListDocument>& lists) {
  std::string out;
  for (const ListDocument& list : lists) {
    if (list.file.empty()) {
      out += (out.empty() ? "" : ", ") + quoted(list.name);
    }
  }
  return out.empty() ? "It downloads none." : "It downloads " + out + ".";
}

std::string done_text(const ListDocument& list, const Kept& kept) {
  return printable(list.name) + ": the version of " + local_text(kept.held.fetched) + " with " +
         grouped(kept.held.rules) +
         " rules is the one to use now.\nIt was held back: " + printable(kept.held_reason) +
         ".\nA proxy that runs takes it when it reads its policy anew: run weir reload, or send it "
         "SIGHUP.\n";
}

}  // namespace

int accept_list(const AcceptOptions& options) {
  const auto settings = load_config(options.config);
  if (!settings) {
    complain(settings.error());
    return EX_CONFIG;
  }
  const auto& lists = settings->policy.lists;
  const auto list = std::ranges::find(lists, options.name, &ListDocument::name);
  if (list == lists.end() || !list->file.empty()) {
    const std::string what = list == lists.end() ? "The configuration has no list "
                                                 : "Only downloads are held back, not ";
    return fail(what + quoted(options.name) + ". " + known_names(lists), EX_USAGE);
  }
  ListStore store(lists_folder(settings->lists.directory));
  const auto kept = store.look(*list);
  if (!kept || !kept->held) {
    return fail("list " + quoted(list->name) + ": " +
                    (kept ? "no version of it is held back in " + store.folder() : kept.error()) +
                    ".",
                EX_DATAERR);
  }
  if (const auto done = store.accept(*list); !done) {
    return fail("list " + quoted(list->name) + ": " + done.error() +
                    ". Is this the user that the proxy runs as?",
                EX_CANTCREAT);
  }
  return print(done_text(*list, *kept));
}

}  // namespace weir::cli
