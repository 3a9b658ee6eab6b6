// SPDX-License-Identifier: Apache-2.0
//
// See server.h. The control loop is Asio's: signals and timers, where nothing is hot.
#include "proxy/pipeline/server.h"

#include <sysexits.h>
#include <unistd.h>

#include <algorithm>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/signal_set.hpp>
#include <asio/steady_timer.hpp>
#include <chrono>
#include <csignal>
#include <cstring>

#include "proxy/base/clock.h"
#include "proxy/base/diag.h"
#include "proxy/config/load.h"
#include "proxy/lists/load.h"
#include "proxy/net/privileges.h"
#include "proxy/pipeline/inside.h"
#include "proxy/pipeline/stack_trace.h"

namespace weir {
namespace {

constexpr Micros kCutGrace = 2 * kSecond;
constexpr Micros kReloadLook = 20 * kMillisecond;  // whether it has ended

tl::unexpected<StartFault> fault(std::string what, int exit_code) {
  return tl::unexpected(StartFault{std::move(what), exit_code});
}

std::string lines_of(const std::vector<std::string>& texts) {
  std::string all;
  for (const std::string& text : texts) {
    all += (all.empty() ? "" : "\n") + text;
  }
  return all;
}

}  // namespace

// Signals and the two timers of shutting down.
class Server::Control {
 public:
  explicit Control(Server& server)
      : server_(server),
        stop_signals_(io_, SIGTERM, SIGINT),
        log_signals_(io_, SIGUSR1, SIGHUP),
        timer_(io_),
        watch_timer_(io_),
        reload_timer_(io_) {
    wait_for_stop();
    wait_for_reopen();
    watch();
  }
  void run() {
    heed_signals();
    io_.run();
  }
  // Any thread.
  void workers_are_done() {
    asio::post(io_, [this] { io_.stop(); });
  }
  // Any thread.
  void reload_began(std::uint64_t ticket) {
    asio::post(io_, [this, ticket] {
      server_.reopen_logs();
      server_.reports_.reloading(ticket, steady_now());
      wait_for_reload();
    });
  }

 private:
  void wait_for_stop() {
    stop_signals_.async_wait([this](const std::error_code& error, int) {
      if (!error) {
        ++stops_;
        stops_ == 1 ? drain() : cut();
        wait_for_stop();
      }
    });
  }
  void wait_for_reopen() {
    log_signals_.async_wait([this](const std::error_code& error, int signal) {
      if (!error) {
        if (signal == SIGHUP) {
          server_.reload();
        } else {
          server_.reopen_logs();
        }
        wait_for_reopen();
      }
    });
  }
  void watch() {
    server_.look_after_loops();
    server_.look_at_leases();
    watch_timer_.expires_after(std::chrono::microseconds(server_.reports_.pause()));
    watch_timer_.async_wait([this](const std::error_code& error) {
      if (!error) {
        watch();
      }
    });
  }
  void wait_for_reload() {
    if (server_.look_after_reload()) {
      reload_timer_.expires_after(std::chrono::microseconds(kReloadLook));
      reload_timer_.async_wait([this](const std::error_code& error) {
        if (!error) {
          wait_for_reload();
        }
      });
    }
  }
  void drain() {
    diag(Level::Info, "stopping: finishing what runs; a second signal ends it at once");
    server_.drain_workers();
    after(server_.configuration_.settings()->timeouts.shutdown, [this] { cut(); });
  }
  void cut() {
    diag(Level::Info, "stopping now");
    server_.stop_workers();
    after(kCutGrace, [this] { io_.stop(); });
  }
  template <class Then>
  void after(Micros wait, Then then) {
    timer_.expires_after(std::chrono::microseconds(wait));
    timer_.async_wait([then](const std::error_code& error) {
      if (!error) {
        then();
      }
    });
  }

  Server& server_;
  asio::io_context io_{1};
  asio::signal_set stop_signals_;
  asio::signal_set log_signals_;
  asio::steady_timer timer_;
  asio::steady_timer watch_timer_;
  asio::steady_timer reload_timer_;
  int stops_ = 0;
};

Server::Server(Settings settings, std::string config, Service& service)
    : config_(std::move(config)),
      service_(service),
      reports_(service.notifier),
      configuration_(std::move(settings), config_, service.sockets),
      pid_file_(std::make_shared<PidFile>()),
      refresher_(std::make_unique<Refresher>(configuration_.settings()->lists.directory, hooks(),
                                             control_metrics_)) {}

Server::~Server() = default;

tl::expected<void, StartFault> Server::make_setup() {
  const auto problems = configuration_.make_setup();
  return problems.empty() ? tl::expected<void, StartFault>() : fault(lines_of(problems), EX_CONFIG);
}

tl::expected<void, StartFault> Server::load_authority() {
  const std::string why = prepare_inside(configuration_.settings()->tls, shared_, wall_now());
  return why.empty() ? tl::expected<void, StartFault>() : fault(placed(config_, why), EX_CONFIG);
}

// A disk that cannot be used is no reason not to start: the operator is told.
tl::expected<void, StartFault> Server::open_cache() {
  const Settings::Cache cache = configuration_.settings()->cache;
  if (cache.memory == 0) {
    return {};
  }
  store::StoreLimits limits;
  limits.memory = cache.memory;
  limits.memory_object = memory_object(cache);
  if (!cache.directory.empty()) {
    limits.disk.emplace();
    limits.disk->directory = cache.directory;
    limits.disk->bytes = cache.disk;
    limits.disk->largest = cache.disk_object;
  }
  store_ = std::make_unique<store::Store>(limits);
  if (const auto opened = store_->open_disk(); !opened) {
    diag(Level::Warning, opened.error() + "; answers are kept in memory only");
  }
  inventory_ = std::make_unique<store::Inventory>(store_->memory, store_->disk(), store_->reasons);
  shared_.store = store_.get();
  return {};
}

tl::expected<void, StartFault> Server::load_rules() {
  const LoadedPolicy loaded = refresher_->begin(configuration_.settings()->policy);
  for (const std::string& warning : loaded.warnings) {
    diag(Level::Warning, warning);
  }
  const auto problems = loaded.errors.empty() ? configuration_.make_rules(loaded) : loaded.errors;
  return problems.empty() ? tl::expected<void, StartFault>() : fault(lines_of(problems), EX_CONFIG);
}

Refresher::Hooks Server::hooks() {
  Refresher::Hooks out;
  out.read = [this] { return configuration_.read(); };
  out.prepare = [this](const LoadedPolicy& loaded) { return configuration_.prepare(loaded); };
  out.commit = [this] {
    ConfigurationChange change = configuration_.commit();
    reports_.logs_to(configuration_.settings()->log.path);
    return change;
  };
  return out;
}

tl::expected<void, StartFault> Server::open_listeners() {
  const auto opened = configuration_.open_listeners(worker_count_);
  return opened ? tl::expected<void, StartFault>()
                : fault(opened.error().what, opened.error().exit_code);
}

tl::expected<void, StartFault> Server::open_access_log() {
  const Settings::AccessLog log = configuration_.settings()->access_log;
  LogWriter::Options options;
  options.path = log.path;
  options.rotate_bytes = log.rotate_bytes;
  options.rotate_keep = log.rotate_keep;
  log_writer_ = std::make_unique<LogWriter>(options);
  for (std::uint32_t i = 0; i < worker_count_; ++i) {
    log_rings_.push_back(log_writer_->add_ring(log.queue_bytes));
  }
  if (const auto started = log_writer_->start(); !started) {
    return fault(placed(config_, "access_log.path: " + started.error()), EX_CANTCREAT);
  }
  return {};
}

tl::expected<void, StartFault> Server::make_workers() {
  for (std::uint32_t i = 0; i < worker_count_; ++i) {
    workers_.push_back(std::make_unique<Worker>(shared_, configuration_.in_force(), log_rings_[i]));
    for (NewListener& listener : configuration_.first_listeners(i).open) {
      workers_.back()->add_listener(std::move(listener));
    }
  }
  configuration_.started({&workers_, log_writer_.get(), store_.get()});
  return {};
}

tl::expected<void, StartFault> Server::enter_process_state() {
  const Settings::Process process = configuration_.settings()->process;
  if (!process.pid_file.empty()) {
    // Who is to be told to stop.
    const pid_t supervisor = service_.notifier.lineage().supervisor;
    if (!pid_file_->write(process.pid_file, supervisor != 0 ? supervisor : ::getpid())) {
      return fault(placed(config_, "process.pid_file: cannot write " + process.pid_file + ": " +
                                       std::strerror(errno)),
                   EX_CANTCREAT);
    }
    if (supervisor != 0) {
      pid_file_->leave();
    }
    service_.early_stop.take_along([file = pid_file_] { file->remove(); });
  }
  if (const auto dropped = drop_privileges(process.user, process.group); !dropped) {
    return fault(placed(config_, dropped.error()), EX_NOPERM);
  }
  return process.becomes_another() ? open_log_anew() : tl::expected<void, StartFault>();
}

// As whom we have become: see main.cc.
tl::expected<void, StartFault> Server::open_log_anew() {
  if (const auto opened = configuration_.open_log(); !opened) {
    return fault(opened.error() +
                     "; it is opened as process.user: give it to that user, or set log.path to "
                     "\"stderr\"",
                 EX_CANTCREAT);
  }
  for (const std::string& trouble : configuration_.unreadable()) {
    diag(Level::Warning, trouble);
  }
  // What watches over us does not write to this log.
  if (const std::string& before = service_.notifier.lineage().last_end; !before.empty()) {
    diag(Level::Warning, "the worker process before this one " + before);
  }
  return {};
}

void Server::announce() const {
  for (const Listeners::One& one : configuration_.listeners()) {
    diag(Level::Info, "listening on " + one.at.text());
  }
}

tl::expected<void, StartFault> Server::start() {
  std::signal(SIGPIPE, SIG_IGN);
  raise_descriptor_limit();
  worker_count_ = configuration_.settings()->process.workers;
  if (worker_count_ == 0) {
    worker_count_ = std::max(1U, std::thread::hardware_concurrency());
  }
  control_metrics_.add(metric::Restarts, service_.notifier.lineage().restarts);
  shared_.sockets_kept = service_.notifier.listened_to() && service_.sockets.strangers().empty();
  shared_.clients = &clients_;
  shared_.bandwidth = &bandwidth_;
  shared_.slots = &slots_;
  // What needs privileges comes first. Lists are kept, and read again later, without them.
  for (const auto step : {&Server::make_setup, &Server::load_authority, &Server::open_listeners,
                          &Server::enter_process_state, &Server::open_access_log,
                          &Server::load_rules, &Server::open_cache, &Server::make_workers}) {
    if (auto done = (this->*step)(); !done) {
      pid_file_->remove();
      return done;
    }
  }
  service_.early_stop.end();  // what takes long is done, and clients may come
  prepare_stack_traces();
  leases_ = std::make_unique<LeaseFiles>(configuration_.settings()->clients.leases);
  look_at_leases();
  started_ = steady_now();
  started_wall_ = wall_now();
  control_ = std::make_unique<Control>(*this);
  running_ = static_cast<unsigned>(workers_.size());
  for (const auto& worker : workers_) {
    threads_.emplace_back([this, w = worker.get()] {
      ::pthread_setname_np(::pthread_self(), "worker");
      w->run();
      if (--running_ == 0) {
        control_->workers_are_done();
      }
    });
    watchdog_.watch(worker->heart, threads_.back().native_handle());
  }
  refresher_->start();
  announce();
  return {};
}

int Server::wait() {
  control_->run();
  const bool drained = running_ == 0;
  const bool ended = refresher_->stop(kCutGrace);
  if (!drained || !ended) {
    // Something does not end. Its thread cannot be joined; what was logged is kept, then we go.
    diag(Level::Warning,
         drained ? "a policy was being compiled" : "some connections did not end in time");
    log_writer_->stop();
    pid_file_->remove();
    std::_Exit(EX_OK);
  }
  for (std::thread& thread : threads_) {
    thread.join();
  }
  configuration_.stop_hashing();
  if (store_) {
    inventory_->close();
    store_->close_disk();
  }
  log_writer_->stop();
  pid_file_->remove();
  diag(Level::Info, "stopped");
  return EX_OK;
}

void Server::ready() {
  reports_.logs_to(configuration_.settings()->log.path);
  reports_.ready("serving clients on " + std::to_string(configuration_.listeners().size()) +
                 " listeners with " + std::to_string(workers_.size()) + " workers");
}

void Server::look_after_loops() {
  const Instant now = steady_now();
  watchdog_.look(now);
  reports_.look(now, std::ranges::all_of(workers_, [&](const auto& worker) {
                  const Instant last = worker->heart.last();
                  return worker->heart.ended() ||
                         now - (last.set() ? last : started_) <= ServiceReports::kFresh;
                }));
}

bool Server::look_after_reload() {
  const auto ticket = reports_.reload_under_way();
  const auto report = ticket ? reload_report(*ticket) : std::nullopt;
  if (report) {
    reports_.reloaded(*report);
  }
  return ticket && !report;
}

void Server::drain_workers() {
  draining_ = true;
  reports_.stopping();
  for (const auto& worker : workers_) {
    worker->drain();
  }
}

void Server::stop_workers() {
  for (const auto& worker : workers_) {
    worker->stop();
  }
}

ServerStatus Server::status() const {
  const Instant now = steady_now();
  ServerStatus out;
  out.now = wall_now();
  out.started = started_wall_;
  out.uptime = now - started_;
  out.pid = static_cast<std::uint32_t>(::getpid());
  out.lineage = service_.notifier.lineage();
  out.config = config_;
  out.draining = draining_;
  for (const Listeners::One& one : configuration_.listeners()) {
    out.listeners.push_back({one.name, one.at});
  }
  out.counted_listeners = slots_.names();
  out.bandwidth_buckets = bandwidth_.size();
  for (const auto& worker : workers_) {
    const Instant last = worker->heart.last();
    WorkerStatus& status = out.workers.emplace_back();
    status.silent = std::max(now - (last.set() ? last : started_), Micros{0});
    status.ended = worker->heart.ended();
    status.connections = std::max(worker->metrics.value(metric::ClientActive), std::int64_t{0});
  }
  out.leases = leases_->report();
  out.policy = refresher_->status();
  out.reload = refresher_->last_reload();
  out.failure = refresher_->last_failure();
  const Configuration::Generation generation = configuration_.generation();
  out.generation = generation.number;
  out.in_use_since = generation.since;
  return out;
}

std::vector<const Metrics*> Server::metrics() const {
  std::vector<const Metrics*> out{&control_metrics_, &watchdog_.metrics(), &log_writer_->metrics()};
  for (const auto& worker : workers_) {
    out.push_back(&worker->metrics);
  }
  return out;
}

std::uint64_t Server::reload() {
  const std::uint64_t ticket = refresher_->reload();
  control_->reload_began(ticket);
  return ticket;
}

std::optional<ReloadReport> Server::reload_report(std::uint64_t ticket) const {
  ReloadReport report = refresher_->last_reload();
  return report.number >= ticket ? std::optional(std::move(report)) : std::nullopt;
}

void Server::look_at_leases() {
  if (const auto table = leases_->look(wall_now())) {
    for (const auto& worker : workers_) {
      if (threads_.empty()) {
        worker->devices.adopt(table);
      } else {
        worker->adopt(table);
      }
    }
  }
}

void Server::reopen_logs() {
  log_writer_->reopen();
  if (const auto opened = configuration_.open_log(); !opened) {
    diag(Level::Error, opened.error());
  }
  diag(Level::Info, "log files opened again");
}

}  // namespace weir
