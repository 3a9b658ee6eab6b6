// SPDX-License-Identifier: Apache-2.0
//
// One list brought up to date: asked for, judged and stored. Takes nothing into use; that is the
// refresher's.
#pragma once

#include <string>

#include "proxy/lists/download.h"
#include "proxy/lists/store.h"
#include "proxy/observe/metrics.h"

namespace weir {

struct Updated {
  ListOutcome outcome = ListOutcome::Unchanged;
  std::string message;  // for the operator; empty: nothing that was not said before
};

class Updater {
 public:
  using List = filters::ListDocument;
  Updater(ListStore& store, Downloader& downloader) : store_(store), downloader_(downloader) {}

  // `now` is when the list is asked for.
  Updated update(const List& list, WallTime now);

 private:
  Updated unchanged(const List& list, const Kept& kept, const Downloaded& got, WallTime now);
  Updated judge(const List& list, const Kept& kept, Downloaded got, bool damaged, WallTime now);
  Updated stage(const List& list, const Kept& kept, Downloaded got, WallTime now);
  Updated failed(const List& list, const std::string& why);

  ListStore& store_;
  Downloader& downloader_;
};

}  // namespace weir
