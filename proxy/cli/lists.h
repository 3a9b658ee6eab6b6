// SPDX-License-Identifier: Apache-2.0
//
// `weir lists`: what was made of each filter list: how many rules are in force, what a proxy cannot
// do, what is wrong, what is said twice, what other lists take back, and which version of a
// download is held back. How often each has hit is counted from an access log. `weir lists accept`
// takes a version that is held back into use.
#pragma once

#include <string>

#include "proxy/cli/sources.h"

namespace weir::cli {

struct ListsOptions {
  Source source;
  std::string log;  // an access log in Weir's JSON format; empty: hits are not counted
  bool json = false;
  bool verbose = false;  // every fault that was kept, not only the first
};

int lists(const ListsOptions& options);

struct AcceptOptions {
  std::string config;
  std::string name;  // of the list
};

int accept_list(const AcceptOptions& options);

}  // namespace weir::cli
