// SPDX-License-Identifier: Apache-2.0
//
// `weir gateway`: the scripts of iptables/, which are a part of this program, run by /bin/sh with
// the options of the command line and with what a configuration says. What the options mean and
// what is done by them is the scripts' business.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "proxy/config/settings.h"

namespace weir::cli {

struct GatewayOptions {
  std::string config;                // empty: nothing is known of Weir's settings
  std::string verb;                  // plan, up, status, doctor, down, guard or fail
  std::vector<std::string> words;    // "--lan", "br-lan": options as the script takes them
  std::vector<std::string> command;  // of guard: what to run
};

// One option of the script: for help and completion.
struct GatewayOption {
  const char* name;
  const char* type;
  const char* what;
};
const std::vector<GatewayOption>& gateway_options();

// The arguments of the script. `settings`: what the configuration says fills in what the command
// line leaves open; null without one. An `up` without options stays without, for it means "as the
// last time".
std::vector<std::string> gateway_arguments(const GatewayOptions& options, const Settings* settings);

// The text of the scripts.
std::string_view gateway_script();

// Becomes the script; returns an exit code of sysexits.h where that fails.
int gateway(const GatewayOptions& options);

}  // namespace weir::cli
