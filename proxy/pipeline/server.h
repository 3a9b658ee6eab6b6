// SPDX-License-Identifier: Apache-2.0
//
// The whole proxy in one process: listeners, workers on their threads, the log writer, and the
// control loop that waits for signals. start() can fail with a sentence for the operator; after it,
// wait() returns when the process should end.
//
// Signals: TERM and INT drain (a second one cuts), USR1 and HUP open the log files again.
// Owned by main, used on the main thread.
#pragma once

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <tl/expected.hpp>

#include "proxy/config/settings.h"
#include "proxy/net/bandwidth.h"
#include "proxy/net/listen.h"
#include "proxy/net/offload.h"
#include "proxy/observe/log_writer.h"
#include "proxy/pipeline/worker.h"

namespace weir {

// Why the server does not start, and with which exit code (sysexits.h).
struct StartFault {
  std::string what;
  int exit_code;
};

class Server {
 public:
  explicit Server(Settings settings);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  tl::expected<void, StartFault> start();
  // Until a signal ends it and the workers have drained. The exit code.
  int wait();

 private:
  class Control;
  tl::expected<void, StartFault> load_passwords();
  tl::expected<void, StartFault> load_rules();
  tl::expected<void, StartFault> open_listeners();
  tl::expected<void, StartFault> make_workers();
  tl::expected<void, StartFault> enter_process_state();
  void announce() const;
  void drain_workers();
  void stop_workers();
  void reopen_logs();
  void remove_pid_file() const;

  Shared shared_;
  ClientCount clients_;
  Bandwidth bandwidth_;
  std::unique_ptr<Offload> offload_;
  std::unique_ptr<LogWriter> log_writer_;
  std::vector<Listening> listening_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::vector<std::thread> threads_;
  std::atomic<unsigned> running_{0};
  std::unique_ptr<Control> control_;
};

}  // namespace weir
