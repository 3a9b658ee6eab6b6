// SPDX-License-Identifier: Apache-2.0
//
// See ca.h.
#include "proxy/cli/ca.h"

#include <sys/stat.h>
#include <sysexits.h>

#include <cerrno>
#include <cstring>

#include "proxy/base/clock.h"
#include "proxy/cli/printable.h"
#include "proxy/cli/sources.h"
#include "proxy/cli/time_text.h"
#include "proxy/tls/make_authority.h"

namespace weir::cli {
namespace {

constexpr const char* kInstall =
    R"(
Install the certificate (never the key) on the devices of your groups with "trusts_ca": true:
  Debian     cp FILE /usr/local/share/ca-certificates/weir.crt; update-ca-certificates
  Windows    certutil -addstore Root FILE
  macOS      security add-trusted-cert -d -r trustRoot -k /Library/Keychains/System.keychain FILE
  iOS        open FILE; Settings, Profile downloaded; then General, About, Certificate Trust Settings
  Android    Settings, Security, Install a certificate, CA certificate (apps may ignore it)
  Firefox    Settings, Privacy and Security, View Certificates, Authorities, Import
Compare the fingerprint there. Whoever has the key can read all that these devices do.
)";

int show(const std::string& file) {
  const auto about = tls::about_certificate(file);
  if (!about) {
    complain(about.error());
    return EX_NOINPUT;
  }
  return print("certificate  " + file + "\nname         " + about->name + "\nfingerprint  " +
               about->fingerprint + "\nvalid from   " + utc_text(about->from) + "\nvalid until  " +
               utc_text(about->until) + "\n" + kInstall);
}

int create(const CaOptions& options) {
  const std::string certificate = options.directory + "/weir-ca.pem";
  const std::string key = options.directory + "/weir-ca.key";
  if (::mkdir(options.directory.c_str(), 0755) != 0 && errno != EEXIST) {
    complain("cannot create " + options.directory + ": " + std::strerror(errno));
    return EX_CANTCREAT;
  }
  if (const auto made = tls::make_authority(certificate, key, options.name, wall_now()); !made) {
    complain(made.error());
    return EX_CANTCREAT;
  }
  const int shown = show(certificate);
  return shown != EX_OK ? shown
                        : print("\nIn the configuration:\n  \"tls\": {\"ca_certificate\": \"" +
                                certificate + "\", \"ca_key\": \"" + key + "\"}\n");
}

}  // namespace

int ca(const CaOptions& options) {
  if (options.what == CaOptions::What::Create) {
    return create(options);
  }
  if (!options.certificate.empty()) {
    return show(options.certificate);
  }
  const auto settings = load_config(options.config);
  if (!settings) {
    complain(settings.error());
    return EX_CONFIG;
  }
  if (settings->tls.ca_certificate.empty()) {
    complain("tls.ca_certificate is not set; make an authority with: weir ca create");
    return EX_CONFIG;
  }
  return show(settings->tls.ca_certificate);
}

}  // namespace weir::cli
