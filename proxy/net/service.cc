// SPDX-License-Identifier: Apache-2.0
//
// See service.h.
#include "proxy/net/service.h"

#include <csignal>

namespace weir {
namespace {

void mask(int how) {
  sigset_t set{};
  sigemptyset(&set);
  sigaddset(&set, SIGHUP);
  sigaddset(&set, SIGUSR1);
  ::pthread_sigmask(how, &set, nullptr);
}

}  // namespace

void hold_signals() {
  mask(SIG_BLOCK);
}

void heed_signals() {
  mask(SIG_UNBLOCK);
}

}  // namespace weir
