// SPDX-License-Identifier: Apache-2.0
//
// `weir replay`: the requests of an access log judged by a draft of the policy, to see what it
// would change before anybody is affected.
#pragma once

#include <cstddef>
#include <string>

#include "proxy/cli/sources.h"

namespace weir::cli {

struct ReplayOptions {
  std::string log;  // "-": standard input
  Source source;
  std::string format = "auto";
  std::size_t limit = 20;  // rows of each table
  bool json = false;
};

int replay(const ReplayOptions& options);

}  // namespace weir::cli
