// SPDX-License-Identifier: Apache-2.0
//
// Making a certificate authority for this proxy, and telling what one is: what an operator does
// once, before devices are taught to trust it.
#pragma once

#include <string>
#include <string_view>

#include <tl/expected.hpp>

#include "proxy/base/instant.h"

namespace weir::tls {

// Makes a P-256 key and a certificate that signs itself, good for ten years, for leaves alone
// (CA:TRUE, pathlen 0), and writes both; existing files are left alone, and are an error. The key's
// file is for its owner only. `name` is what devices list it by.
tl::expected<void, std::string> make_authority(const std::string& certificate_file,
                                               const std::string& key_file, std::string_view name,
                                               WallTime now);

struct AboutCertificate {
  std::string name;         // its subject, as one line
  std::string fingerprint;  // SHA-256, in pairs of hexadecimal digits
  WallTime from;
  WallTime until;
};
tl::expected<AboutCertificate, std::string> about_certificate(const std::string& file);

}  // namespace weir::tls
