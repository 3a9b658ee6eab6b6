// SPDX-License-Identifier: Apache-2.0
//
// See keyed_hash.h. Drawn once, from the system, so that nobody outside can prepare collisions.
#include "filters/keyed_hash.h"

#include <random>

namespace weir::filters {
namespace {

std::uint64_t draw() {
  std::random_device device;
  const std::uint64_t drawn = std::uint64_t{device()} << 32 | device();
  return drawn % (kHashPrime - 2) + 2;
}

}  // namespace

std::uint64_t hash_point() {
  static const std::uint64_t point = draw();
  return point;
}

const std::array<std::uint64_t, kHashPowers>& hash_powers() {
  static const auto powers = [] {
    std::array<std::uint64_t, kHashPowers> out;
    std::uint64_t power = 1;
    for (std::uint64_t& each : out) {
      each = power = hash_step(power, hash_point(), 0);
    }
    return out;
  }();
  return powers;
}

}  // namespace weir::filters
