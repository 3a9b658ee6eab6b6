// SPDX-License-Identifier: Apache-2.0
//
// See check_config.h.
#include "proxy/cli/check_config.h"

#include <sysexits.h>

#include "proxy/base/clock.h"
#include "proxy/cli/printable.h"
#include "proxy/cli/sources.h"
#include "proxy/cli/time_text.h"
#include "proxy/config/schema.h"
#include "proxy/observe/metrics.h"
#include "proxy/tls/authority.h"
#include "proxy/tls/contexts.h"

namespace weir::cli {
namespace {

// What is wrong with the files that TLS is looked into with; empty: nothing.
std::string trouble_with(const Settings::Tls& settings) {
  if (settings.ca_certificate.empty()) {
    return {};
  }
  const auto authority = tls::Authority::load(settings.ca_certificate, settings.ca_key, wall_now());
  const auto contexts = tls::Contexts::make(settings.origin_ca);
  return !authority ? authority.error() : !contexts ? contexts.error() : std::string();
}

}  // namespace

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
  if (const std::string why = trouble_with(rules->settings.tls); !why.empty()) {
    complain(why);
    return EX_CONFIG;
  }
  if (options.effective) {
    return print(effective_config(rules->settings));
  }
  return print((options.config.empty() ? "built-in defaults" : options.config) + ": ok\n");
}

}  // namespace weir::cli
