// SPDX-License-Identifier: Apache-2.0
//
// The settings in force and what is made of them, but for the rules (snapshot.h). Immutable.
// Replaced as a whole by a reload; an exchange, a tunnel and a fill keep the one they began with.
// Every worker has a copy with a count of its own, so that counting never crosses cores.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <tl/expected.hpp>

#include "proxy/cache/freshness.h"
#include "proxy/config/settings.h"
#include "proxy/net/destination.h"
#include "proxy/observe/access_format.h"
#include "proxy/pipeline/password_file.h"

namespace weir {

class NameHistory;
class Offload;

struct Setup {
  Settings settings;               // without the policy
  OwnAddresses own;                // never dialled
  std::string pseudonym = "weir";  // in Via and Proxy-Status, unique to this process
  cache::Rules cache_rules;
  std::shared_ptr<AccessFormat> format;           // its worker's own; null: nothing is logged
  bool logs_devices = false;                      // the format shows who a device says it is
  std::shared_ptr<const PasswordFile> passwords;  // null: nobody is asked
  Offload* offload = nullptr;                     // hashes passwords
  NameHistory* names = nullptr;                   // null: no listener was ever transparent

  // A copy whose counts no other core touches.
  std::shared_ptr<const Setup> own_copy() const;

  // Makes ready what the settings name: reads the password file, compiles the log's format. The
  // pseudonym of `before` is kept while its name is (null: there was none). Whatever is wrong, each
  // a sentence with its remedy behind the setting's name.
  static tl::expected<Setup, std::vector<std::string>> make(const Settings& settings,
                                                            const Setup* before);
};

// The largest body kept in memory.
std::uint64_t memory_object(const Settings::Cache& cache);

// Whether the allow-list lets public addresses in and nothing else asks who they are. The loader
// has checked this for the listeners it knows; sockets handed over by a service manager it does
// not.
bool serves_strangers(const Settings& settings);

}  // namespace weir
