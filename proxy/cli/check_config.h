// SPDX-License-Identifier: Apache-2.0
//
// `weir check-config`: everything that is wrong with a configuration, its policy and its lists
// included, said before anything runs by it; and what the settings are, as schema, reference,
// default file or as they will be used.
#pragma once

#include <string>

namespace weir::cli {

struct CheckConfigOptions {
  std::string config;
  bool schema = false;
  bool reference = false;
  bool metrics = false;
  bool defaults = false;
  bool effective = false;
};

// Returns an exit code of sysexits.h.
int check_config(const CheckConfigOptions& options);

}  // namespace weir::cli
