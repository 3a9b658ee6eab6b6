// SPDX-License-Identifier: Apache-2.0
//
// What joins this process to whoever started it: whom to tell, and the sockets that outlive us.
#pragma once

#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "proxy/net/kept_sockets.h"
#include "proxy/net/notify.h"

namespace weir {

// While a process starts, which may take minutes: ends it at once with exit code 0 when TERM or INT
// comes, with a line in the log. Those signals must be held.
class EarlyStop {
 public:
  EarlyStop() = default;
  ~EarlyStop() { end(); }
  EarlyStop(const EarlyStop&) = delete;
  EarlyStop& operator=(const EarlyStop&) = delete;

  void begin();
  // Whatever signal comes from now on is left to others. To be called again does nothing.
  void end();
  // What removes a file that is to go with the process; on another thread. Any thread.
  void take_along(std::function<void()> removal);

 private:
  void wait();

  std::mutex mutex_;
  std::vector<std::function<void()>> removals_;  // guarded by mutex_
  int ended_ = -1;                               // an event
  std::thread thread_;
};

struct Service {
  Notifier notifier = Notifier::from_environment();
  KeptSockets sockets{notifier};
  EarlyStop early_stop;
};

// TERM, INT, HUP and USR1, which end a process that does not listen to them yet, wait until
// heed_signals(). That is for the thread which is to get them; threads that are begun before get
// none.
void hold_signals();
void heed_signals();

}  // namespace weir
