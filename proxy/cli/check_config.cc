// SPDX-License-Identifier: Apache-2.0
//
// See check_config.h.
#include "proxy/cli/check_config.h"

#include <sysexits.h>

#include <cstdio>

#include "proxy/cli/sources.h"
#include "proxy/config/schema.h"

namespace weir::cli {
namespace {

int print(const std::string& text) {
  const bool whole = std::fwrite(text.data(), 1, text.size(), stdout) == text.size();
  return whole && std::fflush(stdout) == 0 ? EX_OK : EX_IOERR;
}

}  // namespace

int check_config(const CheckConfigOptions& options) {
  if (options.schema) {
    return print(settings_schema() + "\n");
  }
  if (options.reference) {
    return print(settings_reference());
  }
  if (options.defaults) {
    return print(default_config());
  }
  Source source;
  source.config = options.config;
  const auto loaded = load_policy(source);
  if (!loaded) {
    complain(loaded.error());
    return EX_CONFIG;
  }
  complain(loaded->missing);
  if (options.effective) {
    return print(effective_config(loaded->settings));
  }
  return print((options.config.empty() ? "built-in defaults" : options.config) + ": ok\n");
}

}  // namespace weir::cli
