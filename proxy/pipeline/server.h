// SPDX-License-Identifier: Apache-2.0
//
// The whole proxy in one process: listeners, workers on their threads, the log writer, and the
// control loop that waits for signals. start() can fail with a sentence for the operator; after it,
// wait() returns when the process should end.
//
// Signals: TERM and INT drain (a second one cuts), USR1 opens the log files again. HUP does, too;
// then the configuration is read anew and taken into use if nothing is wrong with it (reload.h),
// and new versions of filter lists are asked for. Owned by main, used on the main thread.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <tl/expected.hpp>

#include "proxy/config/settings.h"
#include "proxy/lists/refresher.h"
#include "proxy/net/bandwidth.h"
#include "proxy/net/lease_files.h"
#include "proxy/net/pid_file.h"
#include "proxy/net/service.h"
#include "proxy/observe/log_writer.h"
#include "proxy/pipeline/reload.h"
#include "proxy/pipeline/service_reports.h"
#include "proxy/pipeline/status.h"
#include "proxy/pipeline/watchdog.h"
#include "proxy/pipeline/worker.h"
#include "proxy/store/inventory.h"
#include "proxy/store/store.h"

namespace weir {

// Why the server does not start, and with which exit code (sysexits.h).
struct StartFault {
  std::string what;
  int exit_code;
};

class Server {
 public:
  // `config`: where the settings were read from, to read the policy anew; empty: nowhere.
  // `service` outlives this and has taken over its sockets.
  Server(Settings settings, std::string config, Service& service);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  tl::expected<void, StartFault> start();
  // After start(), when nothing else is yet to come: tells whoever started us.
  void ready();
  // Until a signal ends it and the workers have drained. The exit code.
  int wait();

  // Before start(): clients may not be connected to this address, though no listener here is
  // there.
  void never_dial(const Endpoint& at) { configuration_.never_dial(at); }

  // Any thread, between start() and the end of wait().
  ServerStatus status() const;
  // Of the workers and whoever else counts, in no order.
  std::vector<const Metrics*> metrics() const;
  // What SIGHUP does. Gives a ticket for reload_report().
  std::uint64_t reload();
  // Nothing while that reload goes on.
  std::optional<ReloadReport> reload_report(std::uint64_t ticket) const;
  // What is stored, as operators see it. Null: nothing is cached. Lives as long as the server.
  const store::Inventory* inventory() const { return inventory_.get(); }

 private:
  class Control;
  tl::expected<void, StartFault> make_setup();
  tl::expected<void, StartFault> load_authority();
  tl::expected<void, StartFault> load_rules();
  tl::expected<void, StartFault> open_cache();
  tl::expected<void, StartFault> open_listeners();
  tl::expected<void, StartFault> open_access_log();
  tl::expected<void, StartFault> make_workers();
  tl::expected<void, StartFault> enter_process_state();
  tl::expected<void, StartFault> open_log_anew();
  void announce() const;
  void look_after_loops();
  // False when none goes on.
  bool look_after_reload();
  void drain_workers();
  void stop_workers();
  void reopen_logs();
  void look_at_leases();
  Refresher::Hooks hooks();

  std::string config_;
  Service& service_;
  ServiceReports reports_;
  Configuration configuration_;
  std::uint32_t worker_count_ = 0;
  Shared shared_;
  ClientCount clients_;
  Bandwidth bandwidth_;
  ListenerSlots slots_;
  Metrics control_metrics_;              // written by the refresher's thread
  std::unique_ptr<store::Store> store_;  // null: nothing is cached
  std::unique_ptr<store::Inventory> inventory_;
  std::unique_ptr<LogWriter> log_writer_;
  std::vector<LogRing*> log_rings_;  // one per worker
  std::vector<std::unique_ptr<Worker>> workers_;
  std::vector<std::thread> threads_;
  std::atomic<unsigned> running_{0};
  std::atomic<bool> draining_{false};
  WallTime started_wall_;
  Instant started_;
  Watchdog watchdog_;
  std::unique_ptr<LeaseFiles> leases_;  // looked at by the control loop
  std::shared_ptr<PidFile> pid_file_;
  std::unique_ptr<Control> control_;
  std::unique_ptr<Refresher> refresher_;  // hands policies to the workers: it ends before them
};

}  // namespace weir
