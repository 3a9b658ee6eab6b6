// SPDX-License-Identifier: Apache-2.0
//
// An authority in a folder of its own, for tests of TLS; it goes with the test.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>

#include "proxy/tls/authority.h"
#include "proxy/tls/contexts.h"
#include "proxy/tls/make_authority.h"

namespace weir::tls {

inline WallTime wall_now() {
  const auto at = std::chrono::system_clock::now().time_since_epoch();
  return {std::chrono::duration_cast<std::chrono::microseconds>(at).count()};
}

struct Place {
  explicit Place(WallTime made = wall_now()) {
    std::string pattern = "/tmp/weir-tls-XXXXXX";
    folder = ::mkdtemp(pattern.data());
    certificate = folder + "/ca.pem";
    key = folder + "/ca.key";
    EXPECT_TRUE(make_authority(certificate, key, "Test", made));
  }
  ~Place() { std::filesystem::remove_all(folder); }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;

  std::shared_ptr<const Authority> load(WallTime now = wall_now()) const {
    auto out = Authority::load(certificate, key, now);
    EXPECT_TRUE(out) << (out ? "" : out.error());
    return out ? *out : nullptr;
  }

  std::string folder;
  std::string certificate;
  std::string key;
};

}  // namespace weir::tls
