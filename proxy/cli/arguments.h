// SPDX-License-Identifier: Apache-2.0
//
// The command line: which command, with what options, and the help. The only file that knows the
// library for it.
#pragma once

#include <cstdint>
#include <string>

#include <tl/expected.hpp>

#include "proxy/base/instant.h"
#include "proxy/cli/ca.h"
#include "proxy/cli/cache.h"
#include "proxy/cli/check.h"
#include "proxy/cli/check_config.h"
#include "proxy/cli/explain.h"
#include "proxy/cli/gateway.h"
#include "proxy/cli/lists.h"
#include "proxy/cli/replay.h"
#include "proxy/cli/running.h"

namespace weir::cli {

// A worker's stack is logged after 5 s; whoever ended it sooner would take that away.
constexpr Micros kLeastStalledLimit = 7 * kSecond;

struct Arguments {
  enum class Command : std::uint8_t {
    Run,
    CheckConfig,
    Check,
    Explain,
    Replay,
    Lists,
    Status,
    Health,
    Reload,
    AcceptList,
    Cache,
    Ca,
    Gateway,
    Completion
  };
  Command command = Command::Run;
  std::string config;                   // of Run
  bool supervise = false;               // of Run
  Micros stalled_limit = 30 * kSecond;  // of Run, with supervise; 0: none
  CheckConfigOptions check_config;
  CheckOptions check;
  ExplainOptions explain;
  ReplayOptions replay;
  ListsOptions lists;
  RunningOptions running;  // of Status, Health and Reload
  AcceptOptions accept;
  CacheOptions cache;
  CaOptions ca;
  GatewayOptions gateway;
  std::string completion;  // the script for a shell
};

// What to do; or, when the line asked for help or was wrong, which has then been said, the exit
// code.
tl::expected<Arguments, int> parse_arguments(int argc, char** argv);

}  // namespace weir::cli
