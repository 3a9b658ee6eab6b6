// SPDX-License-Identifier: Apache-2.0
//
// See check_config.h.
#include "proxy/cli/check_config.h"

#include <sysexits.h>

#include "proxy/base/clock.h"
#include "proxy/cli/printable.h"
#include "proxy/cli/sources.h"
#include "proxy/cli/time_text.h"
#include "proxy/config/load.h"
#include "proxy/config/schema.h"
#include "proxy/config/text_rules.h"
#include "proxy/lists/load.h"
#include "proxy/observe/metrics.h"
#include "proxy/pipeline/password_file.h"
#include "proxy/pipeline/snapshot.h"
#include "proxy/tls/authority.h"
#include "proxy/tls/contexts.h"

namespace weir::cli {
namespace {

// What is wrong with files that settings name: "setting: what". Those of rules and lists are told
// by who compiles them.
Complaints trouble_with_files(const Settings& settings) {
  Complaints out;
  if (!settings.auth.htpasswd_file.empty()) {
    const auto loaded = PasswordFile::load(settings.auth.htpasswd_file);
    complain(loaded.warnings);
    for (const std::string& problem : loaded.problems) {
      out.push_back("auth.htpasswd_file: " + problem);
    }
  }
  const Settings::Tls& tls = settings.tls;
  if (!tls.ca_certificate.empty()) {
    const auto made = tls::Authority::load(tls.ca_certificate, tls.ca_key, wall_now());
    if (!made) {
      out.push_back(made.error());
    }
  }
  if (!tls.ca_certificate.empty() || !tls.origin_ca.empty()) {
    const auto made = tls::Contexts::make(tls.origin_ca);
    if (!made) {
      out.push_back(made.error());
    }
  }
  return out;
}

// "setting: what" with where that setting stands.
void complain_of(const std::string& config, const Complaints& troubles) {
  for (const std::string& trouble : troubles) {
    complain(placed(config, trouble));
  }
}

Complaints warnings_of(const Settings& settings) {
  const auto admin = parse_admin_address(settings.admin.listen);
  if (!admin || admin->kind != AdminAddress::Kind::Tcp || admin->at.address.is_loopback()) {
    return {};
  }
  return {"admin.listen: warning: " + admin->at.text() +
          " can be reached from other machines and asks for no password. Write 127.0.0.1:3180, or "
          "unix:/run/weir/admin.sock."};
}

// All that is wrong beyond the settings themselves. True: nothing.
bool all_can_be_used(const Settings& settings, const std::string& config) {
  const Complaints files = trouble_with_files(settings);
  complain_of(config, files);
  const LoadedPolicy loaded = load_policy(settings.policy, settings.lists.directory);
  complain(loaded.errors);
  complain(loaded.warnings);
  const Complaints rules = Snapshot::trouble_with(settings.policy);
  complain(rules);
  return files.empty() && loaded.errors.empty() && rules.empty();
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
  const auto settings = load_config(options.config);
  if (!settings) {
    complain(settings.error());
    return EX_CONFIG;
  }
  complain_of(options.config, warnings_of(*settings));
  if (!all_can_be_used(*settings, options.config)) {
    return EX_CONFIG;
  }
  if (options.effective) {
    return print(effective_config(*settings));
  }
  return print((options.config.empty() ? "built-in defaults" : options.config) + ": ok\n");
}

}  // namespace weir::cli
