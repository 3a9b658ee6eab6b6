// SPDX-License-Identifier: Apache-2.0
//
// Real password hashes for tests, made by crypt(3) at the lowest cost it allows, so that a
// verification takes about a millisecond.
#pragma once

#include <crypt.h>

#include <memory>
#include <string>
#include <string_view>

namespace weir::test {

// `kind` is the prefix: "$2y$", "$2b$", "$2a$", "$y$", "$6$" or "$5$". With a fresh random salt.
inline std::string make_hash(const std::string& password, std::string_view kind) {
  const unsigned long cost = kind.starts_with("$2") ? 4 : kind == "$y$" ? 1 : 1000;
  const auto work = std::make_unique<crypt_data>();
  char setting[CRYPT_GENSALT_OUTPUT_SIZE];
  const std::string prefix(kind);
  if (::crypt_gensalt_rn(prefix.c_str(), cost, nullptr, 0, setting, sizeof setting) == nullptr) {
    return "";
  }
  const char* hash = ::crypt_r(password.c_str(), setting, work.get());
  return hash == nullptr ? "" : hash;
}

}  // namespace weir::test
