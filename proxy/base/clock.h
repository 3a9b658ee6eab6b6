// SPDX-License-Identifier: Apache-2.0
//
// The clocks, for those who have no event loop to tell them the time: the threads that control,
// refresh and supervise, and commands. Whatever decides takes the time as a parameter.
#pragma once

#include <chrono>

#include "proxy/base/instant.h"

namespace weir {

inline Instant steady_now() {
  const auto at = std::chrono::steady_clock::now().time_since_epoch();
  return {std::chrono::duration_cast<std::chrono::microseconds>(at).count()};
}

inline WallTime wall_now() {
  const auto at = std::chrono::system_clock::now().time_since_epoch();
  return {std::chrono::duration_cast<std::chrono::microseconds>(at).count()};
}

}  // namespace weir
