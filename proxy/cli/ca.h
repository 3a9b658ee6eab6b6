// SPDX-License-Identifier: Apache-2.0
//
// weir ca: the certificate authority that devices have to trust before their TLS can be looked
// into. `create` makes one, `show` tells how to recognise it and how to install it.
#pragma once

#include <cstdint>
#include <string>

namespace weir::cli {

struct CaOptions {
  enum class What : std::uint8_t { Create, Show };
  What what = What::Show;
  std::string directory = "/etc/weir/ca";  // of Create
  std::string name = "Weir";               // of Create: what devices list it by
  std::string certificate;                 // of Show; empty: the one of the configuration
  std::string config;
};

int ca(const CaOptions& options);

}  // namespace weir::cli
