// SPDX-License-Identifier: Apache-2.0
//
// `weir explain`: what the rules say of one request and why, told by the engine that the proxy
// uses.
#pragma once

#include <string>
#include <vector>

#include "proxy/cli/sources.h"

namespace weir::cli {

struct ExplainOptions {
  std::string url;
  std::string client;
  std::string user;
  std::string at;
  std::string method;
  std::vector<std::string> fields;  // "Name: value"
  std::string listener;
  std::string destination;
  unsigned status = 0;
  std::vector<std::string> response_fields;
  Source source;
  bool json = false;
};

// EX_OK for every request that was judged, blocked or not.
int explain(const ExplainOptions& options);

}  // namespace weir::cli
