// SPDX-License-Identifier: Apache-2.0
//
// The commands about a proxy that runs: `weir status`, `weir health` and `weir reload`, through its
// admin interface.
#pragma once

#include "proxy/cli/admin_client.h"

namespace weir::cli {

struct RunningOptions {
  AdminSource source;
  bool json = false;   // status
  bool ready = false;  // health
};

// Exit codes: 0; 69 (EX_UNAVAILABLE) when there is no answer; 78 (EX_CONFIG) when the configuration
// does not say whom to ask. health: 1 for anything but good health, or readiness if that is asked
// for. reload: 78 when the configuration was not taken into use.
int status(const RunningOptions& options);
int health(const RunningOptions& options);
int reload(const RunningOptions& options);

}  // namespace weir::cli
