// SPDX-License-Identifier: Apache-2.0
//
// See restarts.h.
#include "proxy/service/restarts.h"

#include <sysexits.h>

#include <algorithm>
#include <csignal>
#include <cstring>

namespace weir {
namespace {

constexpr Micros kFirstWait = 250 * kMillisecond;
constexpr Micros kLongestWait = 30 * kSecond;
constexpr std::uint32_t kDoublingsMost = 16;

// A configuration that was good before may be half written at the moment: that passes.
bool is_final(int exit_code, bool ever_ready) {
  return exit_code == EX_OK || exit_code == EX_USAGE || !ever_ready;
}

}  // namespace

Micros restart_wait(std::uint32_t deaths) {
  if (deaths <= 1) {
    return 0;
  }
  return std::min(kFirstWait << std::min(deaths - 2, kDoublingsMost), kLongestWait);
}

Restarts::Next Restarts::after(const ProcessEnd& end, const ProcessLife& life) {
  if (life.stopping) {
    const bool asked = end.signal == SIGTERM || end.signal == SIGINT;  // before it listens to them
    return {false, 0, end.signal == 0 || asked ? end.exit_code : EX_SOFTWARE};
  }
  if (end.signal == 0 && is_final(end.exit_code, life.ever_ready)) {
    return {false, 0, end.exit_code};
  }
  deaths_ = life.lived >= kLivedAWhile ? 1 : deaths_ + 1;
  ++count_;
  return {true, restart_wait(deaths_), 0};
}

std::string end_words(const ProcessEnd& end) {
  if (end.signal == 0) {
    return "ended with exit code " + std::to_string(end.exit_code);
  }
  const char* name = ::sigabbrev_np(end.signal);
  return "was killed by " +
         (name == nullptr ? "signal " + std::to_string(end.signal) : std::string("SIG") + name) +
         (end.core ? " (core dumped)" : "");
}

}  // namespace weir
