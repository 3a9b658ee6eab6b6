// SPDX-License-Identifier: Apache-2.0
//
// `weir check`: requests in, decisions out, one line each, as fast as they can be judged. For
// measuring the filters and comparing them with others; the proxy asks the same engine.
#pragma once

#include <string>

#include "proxy/cli/sources.h"

namespace weir::cli {

struct CheckOptions {
  std::string requests = "-";
  std::string decisions = "-";
  Source source;
  std::string at;  // empty: now
};

// Returns an exit code of sysexits.h: EX_DATAERR when some lines could not be judged.
int check(const CheckOptions& options);

}  // namespace weir::cli
