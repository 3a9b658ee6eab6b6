// SPDX-License-Identifier: Apache-2.0
//
// What joins this process to whoever started it: whom to tell, and the sockets that outlive us.
#pragma once

#include "proxy/net/kept_sockets.h"
#include "proxy/net/notify.h"

namespace weir {

struct Service {
  Notifier notifier = Notifier::from_environment();
  KeptSockets sockets{notifier};
};

// SIGHUP and SIGUSR1, which end a process that does not listen to them yet, wait until
// heed_signals(). That is for the thread which is to get them; threads that are begun before get
// none.
void hold_signals();
void heed_signals();

}  // namespace weir
