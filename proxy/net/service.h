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

}  // namespace weir
