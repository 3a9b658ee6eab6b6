// SPDX-License-Identifier: Apache-2.0
//
// See server.h. The control loop is Asio's: signals and timers, where nothing is hot.
#include "proxy/pipeline/server.h"

#include <grp.h>
#include <pwd.h>
#include <sys/random.h>
#include <sys/resource.h>
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
#include <fstream>

#include "proxy/base/diag.h"
#include "proxy/config/load.h"
#include "proxy/config/rules.h"
#include "proxy/config/schema.h"
#include "proxy/lists/load.h"
#include "proxy/pipeline/snapshot.h"
#include "proxy/pipeline/stack_trace.h"

namespace weir {
namespace {

constexpr unsigned kHashThreads = 2;
constexpr std::size_t kHashQueue = 256;
constexpr Micros kCutGrace = 2 * kSecond;

tl::unexpected<StartFault> fault(std::string what, int exit_code) {
  return tl::unexpected(StartFault{std::move(what), exit_code});
}

// Tells this process from every other Weir in a chain, and nobody anything else.
std::string make_pseudonym(const std::string& name) {
  std::uint32_t random = 0;
  [[maybe_unused]] const auto n = ::getrandom(&random, sizeof random, 0);
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string out = name + "-";
  for (int shift = 28; shift >= 0; shift -= 4) {
    out += kHex[random >> shift & 15];
  }
  return out;
}

// True when the allow-list lets public addresses in and nothing else asks who they are. The loader
// has checked this for the listeners it knows; sockets handed over by a service manager it does
// not.
bool serves_strangers(const Settings& settings) {
  return settings.auth.htpasswd_file.empty() && !settings.clients.open_proxy &&
         !std::all_of(settings.clients.allow.begin(), settings.clients.allow.end(),
                      is_inner_network);
}

// As many descriptors as this process may have. Nothing is sized from it.
void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
  }
}

// The group alone, for a process whose user stays.
std::string enter_group(const std::string& group) {
  const ::group* entry = ::getgrnam(group.c_str());
  if (entry == nullptr) {
    return "process.group: there is no group \"" + group + "\" on this machine";
  }
  return ::setgid(entry->gr_gid) == 0
             ? std::string()
             : "cannot enter group \"" + group + "\": " + std::strerror(errno) + "; start as root";
}

std::string drop_privileges(const std::string& user, const std::string& group) {
  const passwd* account = ::getpwnam(user.c_str());
  if (account == nullptr) {
    return "process.user: there is no user \"" + user + "\" on this machine";
  }
  const uid_t uid = account->pw_uid;
  gid_t gid = account->pw_gid;
  if (!group.empty()) {
    const ::group* entry = ::getgrnam(group.c_str());
    if (entry == nullptr) {
      return "process.group: there is no group \"" + group + "\" on this machine";
    }
    gid = entry->gr_gid;
  }
  if (::initgroups(user.c_str(), gid) != 0 || ::setgid(gid) != 0 || ::setuid(uid) != 0) {
    return "cannot become user \"" + user + "\": " + std::strerror(errno) +
           "; start as root, or leave process.user out";
  }
  return {};
}

// Tells of settings that are not taken into use by reading them anew.
void warn_of_others(Settings now, Settings in_use) {
  now.policy = in_use.policy = {};
  now.policy_files = in_use.policy_files = {};
  now.process.workers = in_use.process.workers;  // 0 has become a number
  if (effective_config(now) != effective_config(in_use)) {
    diag(Level::Warning, "settings other than the policy have changed; they need a restart");
  }
}

// The policy of the configuration as it is now.
tl::expected<filters::PolicyDocument, std::vector<std::string>> read_policy(
    const std::string& config, const Settings& in_use) {
  if (config.empty()) {
    return in_use.policy;
  }
  Loaded loaded = load_settings_file(config);
  if (!loaded) {
    std::vector<std::string> errors;
    for (const Problem& problem : loaded.error()) {
      errors.push_back(problem.text());
    }
    return tl::unexpected(std::move(errors));
  }
  warn_of_others(*loaded, in_use);
  return std::move(loaded->policy);
}

// Null when there is no policy.
tl::expected<std::shared_ptr<const Snapshot>, std::string> make_rules(
    std::shared_ptr<const filters::Policy> policy) {
  if (policy == nullptr) {
    return nullptr;
  }
  auto made = Snapshot::make(std::move(policy));
  if (!made) {
    return tl::unexpected(std::move(made).error());
  }
  return std::make_shared<const Snapshot>(std::move(*made));
}

Instant steady_now() {
  const auto at = std::chrono::steady_clock::now().time_since_epoch();
  return {std::chrono::duration_cast<std::chrono::microseconds>(at).count()};
}

WallTime wall_now() {
  const auto at = std::chrono::system_clock::now().time_since_epoch();
  return {std::chrono::duration_cast<std::chrono::microseconds>(at).count()};
}

std::string lines_of(const std::vector<std::string>& texts) {
  std::string all;
  for (const std::string& text : texts) {
    all += (all.empty() ? "" : "\n") + text;
  }
  return all;
}

std::uint32_t seconds(Micros length) {
  return static_cast<std::uint32_t>(length / kSecond);
}

cache::Rules rules_of(const Settings::Cache& from) {
  cache::Rules out;
  out.heuristic_percent = from.heuristic_percent;
  out.heuristic_limit = seconds(from.heuristic_limit);
  out.lifetime_limit = seconds(from.lifetime_limit);
  out.negative_lifetime = seconds(from.negative_lifetime);
  out.stale_on_error_limit = seconds(from.stale_on_error);
  out.serve_stale_on_error = from.stale_on_error > 0;
  return out;
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
        watch_timer_(io_) {
    wait_for_stop();
    wait_for_reopen();
    watch();
  }
  void run() { io_.run(); }
  // Any thread.
  void workers_are_done() {
    asio::post(io_, [this] { io_.stop(); });
  }
  // Any thread.
  void reopen() {
    asio::post(io_, [this] { server_.reopen_logs(); });
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
    server_.watchdog_.look(steady_now());
    server_.look_at_leases();
    watch_timer_.expires_after(std::chrono::microseconds(Watchdog::kInterval));
    watch_timer_.async_wait([this](const std::error_code& error) {
      if (!error) {
        watch();
      }
    });
  }
  void drain() {
    diag(Level::Info, "stopping: finishing what runs; a second signal ends it at once");
    server_.drain_workers();
    after(server_.shared_.settings.timeouts.shutdown, [this] { cut(); });
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
  int stops_ = 0;
};

Server::Server(Settings settings, std::string config) : config_(std::move(config)) {
  shared_.settings = std::move(settings);
  refresher_ =
      std::make_unique<Refresher>(shared_.settings.lists.directory, hooks(), control_metrics_);
}

Server::~Server() = default;

tl::expected<void, StartFault> Server::load_passwords() {
  const std::string& path = shared_.settings.auth.htpasswd_file;
  if (path.empty()) {
    return {};
  }
  const PasswordFile::Loaded loaded = PasswordFile::load(path);
  for (const std::string& warning : loaded.warnings) {
    diag(Level::Warning, warning);
  }
  if (!loaded.problems.empty()) {
    return fault(lines_of(loaded.problems), EX_CONFIG);
  }
  shared_.passwords = loaded.file;
  offload_ = std::make_unique<Offload>(kHashThreads, kHashQueue);
  shared_.offload = offload_.get();
  return {};
}

// A disk that cannot be used is no reason not to start: the operator is told.
tl::expected<void, StartFault> Server::open_cache() {
  const Settings::Cache& cache = shared_.settings.cache;
  if (cache.memory == 0) {
    return {};
  }
  store::StoreLimits limits;
  limits.memory = cache.memory;
  limits.memory_object = std::min(cache.memory_object, cache.memory / 8);
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
  shared_.cache_rules = rules_of(cache);
  return {};
}

tl::expected<void, StartFault> Server::load_rules() {
  const LoadedPolicy loaded = refresher_->begin(shared_.settings.policy);
  for (const std::string& warning : loaded.warnings) {
    diag(Level::Warning, warning);
  }
  if (!loaded.errors.empty()) {
    return fault(lines_of(loaded.errors), EX_CONFIG);
  }
  auto rules = make_rules(loaded.policy);
  if (!rules) {
    return fault(rules.error(), EX_CONFIG);
  }
  shared_.rules = std::move(*rules);
  return {};
}

Refresher::Hooks Server::hooks() {
  Refresher::Hooks out;
  out.adopt =
      [this](std::shared_ptr<const filters::Policy> policy) -> tl::expected<void, std::string> {
    const auto rules = make_rules(std::move(policy));
    if (!rules) {
      return tl::unexpected(rules.error());
    }
    for (const auto& worker : workers_) {
      worker->adopt(*rules);
    }
    return {};
  };
  out.read = [this] { return read_policy(config_, shared_.settings); };
  return out;
}

tl::expected<void, StartFault> Server::open_listeners() {
  const auto count = static_cast<unsigned>(shared_.settings.process.workers);
  auto inherited = inherited_listeners(count);
  if (!inherited) {
    return fault(inherited.error(), EX_USAGE);
  }
  listening_ = std::move(*inherited);
  if (listening_.empty()) {
    for (const Settings::Listener& listener : shared_.settings.listeners) {
      auto one = listen_at(listener.at, count);
      if (!one) {
        return fault(one.error(), EX_UNAVAILABLE);
      }
      one->name = listener.name;
      one->mode = listener.mode;
      if (auto ready = make_transparent(*one); !ready) {
        return fault(ready.error(), EX_NOPERM);
      }
      listening_.push_back(std::move(*one));
    }
  }
  for (const Listening& one : listening_) {
    never_dial(one.at);
    if (one.mode != ListenMode::Forward) {
      shared_.names = &names_;
    }
    if (!one.at.address.is_loopback() && serves_strangers(shared_.settings)) {
      return fault(
          "on " + one.at.text() +
              " this would be an open proxy: set auth.htpasswd_file, allow only inner "
              "networks in clients.allow, or write clients.open_proxy: true if it is meant",
          EX_CONFIG);
    }
  }
  shared_.own.interfaces = read_interface_addresses();
  return {};
}

tl::expected<void, StartFault> Server::open_access_log() {
  const Settings::AccessLog& log = shared_.settings.access_log;
  LogWriter::Options options;
  options.path = log.path;
  options.rotate_bytes = log.rotate_bytes;
  options.rotate_keep = log.rotate_keep;
  log_writer_ = std::make_unique<LogWriter>(options);
  for (std::uint32_t i = 0; i < shared_.settings.process.workers; ++i) {
    log_rings_.push_back(log_writer_->add_ring(log.queue_bytes));
  }
  if (const auto started = log_writer_->start(); !started) {
    return fault(started.error(), EX_CANTCREAT);
  }
  return {};
}

tl::expected<void, StartFault> Server::make_workers() {
  const auto format = AccessFormat::compile(shared_.settings.access_log.format);
  if (!format) {
    return fault("access_log.format: " + format.error(), EX_CONFIG);
  }
  for (std::uint32_t i = 0; i < shared_.settings.process.workers; ++i) {
    workers_.push_back(std::make_unique<Worker>(shared_, *format, log_rings_[i]));
    for (const Listening& one : listening_) {
      workers_.back()->add_listener(one.fds[i], one.at, one.name, one.mode);
    }
  }
  shared_.rules = nullptr;  // theirs now, or it would outlive every reload
  return {};
}

tl::expected<void, StartFault> Server::enter_process_state() {
  const Settings::Process& process = shared_.settings.process;
  if (!process.pid_file.empty()) {
    std::ofstream file(process.pid_file, std::ios::trunc);
    pid_file_written_ = true;
    file << ::getpid() << "\n";
    if (!file.flush()) {
      return fault("process.pid_file: cannot write " + process.pid_file, EX_CANTCREAT);
    }
  }
  std::string why;
  if (!process.user.empty()) {
    why = drop_privileges(process.user, process.group);
  } else if (!process.group.empty()) {
    why = enter_group(process.group);
  }
  if (!why.empty()) {
    return fault(why, EX_NOPERM);
  }
  return {};
}

void Server::announce() const {
  for (const Listening& one : listening_) {
    diag(Level::Info, "listening on " + one.at.text());
  }
}

tl::expected<void, StartFault> Server::start() {
  std::signal(SIGPIPE, SIG_IGN);
  raise_descriptor_limit();
  if (shared_.settings.process.workers == 0) {
    shared_.settings.process.workers = std::max(1U, std::thread::hardware_concurrency());
  }
  shared_.pseudonym = make_pseudonym(shared_.settings.http.via);
  shared_.clients = &clients_;
  shared_.bandwidth = &bandwidth_;
  shared_.slots = &slots_;
  // What needs privileges comes first. Lists are kept, and read again later, without them.
  for (const auto step : {&Server::load_passwords, &Server::open_listeners,
                          &Server::open_access_log, &Server::enter_process_state,
                          &Server::load_rules, &Server::open_cache, &Server::make_workers}) {
    if (auto done = (this->*step)(); !done) {
      remove_pid_file();
      return done;
    }
  }
  prepare_stack_traces();
  leases_ = std::make_unique<LeaseFiles>(shared_.settings.clients.leases);
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
    remove_pid_file();
    std::_Exit(EX_OK);
  }
  for (std::thread& thread : threads_) {
    thread.join();
  }
  if (offload_) {
    offload_->stop();
  }
  if (store_) {
    inventory_->close();
    store_->close_disk();
  }
  log_writer_->stop();
  remove_pid_file();
  diag(Level::Info, "stopped");
  return EX_OK;
}

void Server::remove_pid_file() {
  if (pid_file_written_) {
    ::unlink(shared_.settings.process.pid_file.c_str());
  }
}

void Server::drain_workers() {
  draining_ = true;
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
  out.config = config_;
  out.draining = draining_;
  for (const Listening& one : listening_) {
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
  control_->reopen();
  return refresher_->reload();
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
  const Settings::Log& log = shared_.settings.log;
  if (const auto opened = diag_open(log.path, parse_level(log.level).value_or(Level::Info));
      !opened) {
    diag(Level::Error, opened.error());
  }
  diag(Level::Info, "log files opened again");
}

}  // namespace weir
