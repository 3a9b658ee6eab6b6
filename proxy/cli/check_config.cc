// SPDX-License-Identifier: Apache-2.0
//
// See check_config.h.
#include "proxy/cli/check_config.h"

#include <sysexits.h>

#include "proxy/cli/printable.h"
#include "proxy/cli/sources.h"
#include "proxy/config/schema.h"
#include "proxy/observe/metrics.h"

namespace weir::cli {
int check_config(const CheckConfigOptions& options) {
  if (options.schema) {
    return print(settings_schema() + "\n");
  }
  if (options.reference) {
    return print(settings_reference());
  }
  if (options.metrics) {
    return print(metrics_reference());
  }
  if (options.defaults) {
    return print(default_config());
  }
  Source source;
  source.config = options.config;
  const auto rules = load_rules(source);
  if (!rules) {
    complain(rules.error());
    return EX_CONFIG;
  }
  complain(rules->warnings);
  if (options.effective) {
    return print(effective_config(rules->settings));
  }
  return print((options.config.empty() ? "built-in defaults" : options.config) + ": ok\n");
}

}  // namespace weir::cli
