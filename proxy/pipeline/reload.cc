// SPDX-License-Identifier: Apache-2.0
//
// See reload.h.
#include "proxy/pipeline/reload.h"

#include <fcntl.h>
#include <sysexits.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <future>
#include <utility>

#include "filters/policy/patterns.h"
#include "proxy/base/clock.h"
#include "proxy/base/diag.h"
#include "proxy/config/changes.h"
#include "proxy/config/load.h"
#include "proxy/pipeline/snapshot.h"
#include "proxy/pipeline/tried_file.h"

namespace weir {
namespace {

constexpr unsigned kHashThreads = 2;
constexpr std::size_t kHashQueue = 256;
constexpr std::chrono::seconds kPatience{1};  // with workers that take a configuration over

void append(std::vector<std::string>& to, const std::vector<std::string>& more) {
  to.insert(to.end(), more.begin(), more.end());
}

// Null when there is no policy.
tl::expected<std::shared_ptr<const Snapshot>, std::vector<std::string>> snapshot_of(
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

std::string open_proxy_trouble(const Settings& settings,
                               const std::vector<Listeners::One>& listeners) {
  for (const Listeners::One& one : listeners) {
    if (!one.at.address.is_loopback() && serves_strangers(settings)) {
      return "clients.allow: on " + one.at.text() +
             " this would be an open proxy: set auth.htpasswd_file, allow only inner networks in "
             "clients.allow, or write clients.open_proxy: true if it is meant";
    }
  }
  return {};
}

// Empty, or why the operator's log could not be written there.
std::string log_trouble(const std::string& path) {
  if (path == "stderr" || path == "stdout") {
    return {};
  }
  constexpr mode_t kMode = 0640;
  constexpr int kHow = O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
  const int fd = ::open(path.c_str(), kHow, kMode);
  if (fd < 0) {
    return "log.path: cannot open the log " + path + ": " + std::strerror(errno);
  }
  ::close(fd);
  return {};
}

LogWriter::Options log_options(const Settings::AccessLog& from) {
  LogWriter::Options out;
  out.path = from.path;
  out.rotate_bytes = from.rotate_bytes;
  out.rotate_keep = from.rotate_keep;
  return out;
}

}  // namespace

struct Configuration::Next {
  std::optional<Settings> settings;  // nothing: only lists are new
  SettingChanges changes;
  std::shared_ptr<const Setup> setup;
  std::shared_ptr<const Snapshot> rules;
  std::unique_ptr<Listeners::Change> listeners;
  std::unique_ptr<TriedFile> log;
  std::unique_ptr<TriedFile> access_log;
};

Configuration::Configuration(Settings settings, std::string file, KeptSockets& sockets)
    : file_(std::move(file)),
      settings_(std::make_shared<const Settings>(std::move(settings))),
      listeners_(sockets) {
  generation_.since = wall_now();
}

Configuration::~Configuration() = default;

std::shared_ptr<const Settings> Configuration::settings() const {
  const std::lock_guard lock(mutex_);
  return settings_;
}

Configuration::Generation Configuration::generation() const {
  const std::lock_guard lock(mutex_);
  return generation_;
}

tl::expected<void, std::string> Configuration::open_log() const {
  const std::lock_guard lock(mutex_);
  const Settings::Log& log = settings_->log;
  const auto opened = diag_open(log.path, parse_level(log.level).value_or(Level::Info));
  return opened ? opened : tl::unexpected(placed(file_, "log.path: " + opened.error()));
}

Configuration::Problems Configuration::placed_all(const Problems& faults) const {
  Problems out;
  for (const std::string& fault : faults) {
    out.push_back(placed(file_, fault));
  }
  return out;
}

Configuration::Problems Configuration::unreadable() const {
  const auto now = settings();
  std::vector<std::string> files{file_, now->auth.htpasswd_file};
  for (const filters::RuleDocument& rule : now->policy.rules) {
    files.push_back(rule.file);
  }
  Problems out;
  std::ranges::sort(files);
  const auto rest = std::ranges::unique(files);
  files.erase(rest.begin(), rest.end());
  for (const std::string& file : files) {
    if (!file.empty() && ::access(file.c_str(), R_OK) != 0) {
      out.push_back(file + " can be read no more (" + std::strerror(errno) +
                    "), so every reload will be refused: give process.user the right to read it");
    }
  }
  return out;
}

Configuration::Problems Configuration::make_setup() {
  auto made = Setup::make(*settings_, nullptr);
  if (!made) {
    return placed_all(made.error());
  }
  setup_ = std::make_shared<const Setup>(std::move(*made));
  return {};
}

// What a setup knows of the process.
void Configuration::fill_in(Setup& setup, const std::vector<Listeners::One>& listeners) {
  setup.own.listeners = never_dialled_;
  setup.own.interfaces = read_interface_addresses();
  setup.names = setup_->names;  // sessions may outlive the last transparent listener
  for (const Listeners::One& one : listeners) {
    setup.own.listeners.push_back(one.at);
    if (one.mode != ListenMode::Forward) {
      setup.names = &names_;
    }
  }
  if (setup.passwords != nullptr && offload_ == nullptr) {
    offload_ = std::make_unique<Offload>(kHashThreads, kHashQueue);
  }
  setup.offload = offload_.get();
}

tl::expected<void, Listeners::Fault> Configuration::open_listeners(unsigned workers) {
  auto opened = listeners_.begin(settings_->listeners, workers);
  if (!opened) {
    return tl::unexpected(
        Listeners::Fault{placed(file_, opened.error().what), opened.error().exit_code});
  }
  if (std::string why = open_proxy_trouble(*settings_, (*opened)->next()); !why.empty()) {
    return tl::unexpected(Listeners::Fault{placed(file_, why), EX_CONFIG});
  }
  listeners_.commit(**opened);
  Setup setup = *setup_;
  fill_in(setup, (*opened)->next());
  setup_ = std::make_shared<const Setup>(std::move(setup));
  first_listeners_ = std::move(*opened);
  return {};
}

Configuration::Problems Configuration::make_rules(const LoadedPolicy& loaded) {
  auto rules = snapshot_of(loaded.policy);
  if (!rules) {
    return rules.error();
  }
  rules_ = std::move(*rules);
  return {};
}

Adoption Configuration::first_listeners(std::size_t worker) {
  Adoption out;
  first_listeners_->give(worker, out);
  return out;
}

void Configuration::started(const Others& others) {
  others_ = others;
  rules_ = nullptr;
  first_listeners_ = nullptr;
}

void Configuration::stop_hashing() {
  if (offload_ != nullptr) {
    offload_->stop();
  }
}

tl::expected<filters::PolicyDocument, Configuration::Problems> Configuration::read() {
  next_ = std::make_unique<Next>();
  if (file_.empty()) {
    next_->settings = *settings_;
    return settings_->policy;
  }
  Loaded loaded = load_settings_file(file_, filters::expression_fault);
  if (!loaded) {
    next_ = nullptr;
    Problems problems;
    for (const Problem& problem : loaded.error()) {
      problems.push_back(problem.text());
    }
    return tl::unexpected(std::move(problems));
  }
  next_->changes = compare_settings(*settings_, *loaded);
  next_->settings = after_reload(*settings_, *loaded);
  return next_->settings->policy;
}

Configuration::Problems Configuration::prepare_settings(Next& next) {
  Problems problems;
  const Settings& settings = *next.settings;
  auto setup = Setup::make(settings, setup_.get());
  if (!setup) {
    append(problems, setup.error());
  }
  if (settings.log.path != settings_->log.path) {
    next.log = std::make_unique<TriedFile>(settings.log.path);
    if (std::string why = log_trouble(settings.log.path); !why.empty()) {
      problems.push_back(std::move(why));
    }
  }
  if (settings.access_log.path != settings_->access_log.path) {
    next.access_log = std::make_unique<TriedFile>(settings.access_log.path);
    if (std::string why = LogWriter::can_open(settings.access_log.path); !why.empty()) {
      problems.push_back("access_log.path: " + why);
    }
  }
  auto listeners = listeners_.plan(settings.listeners);
  if (!listeners) {
    append(problems, listeners.error());
  } else if (std::string why = open_proxy_trouble(settings, (*listeners)->next()); !why.empty()) {
    problems.push_back(std::move(why));
  }
  if (problems.empty()) {
    fill_in(*setup, (*listeners)->next());
    next.setup = std::make_shared<const Setup>(std::move(*setup));
    next.listeners = std::move(*listeners);
  }
  return placed_all(problems);
}

Configuration::Problems Configuration::prepare(const LoadedPolicy& loaded) {
  if (next_ == nullptr) {
    next_ = std::make_unique<Next>();
  }
  Problems problems = loaded.errors;
  if (problems.empty()) {
    auto rules = snapshot_of(loaded.policy);
    if (rules) {
      next_->rules = std::move(*rules);
    } else {
      append(problems, rules.error());
    }
  }
  if (next_->settings) {
    append(problems, prepare_settings(*next_));
  }
  if (!problems.empty()) {
    next_ = nullptr;
  }
  return problems;
}

// Returns when all have taken it, so that whoever is told of a reload finds it in force. One that
// stands still, or has ended, is not waited for long.
void Configuration::give_to_workers(Next& next) {
  std::vector<std::future<void>> taken;
  for (std::size_t i = 0; i < others_.workers->size(); ++i) {
    Adoption adoption;
    adoption.done = std::make_shared<std::promise<void>>();
    taken.push_back(adoption.done->get_future());
    adoption.in_force = {next.setup, next.rules};
    if (next.listeners != nullptr) {
      next.listeners->give(i, adoption);
    }
    (*others_.workers)[i]->adopt(adoption);
  }
  const auto until = std::chrono::steady_clock::now() + kPatience;
  for (const auto& one : taken) {
    one.wait_until(until);
  }
}

// What is not a worker's.
void Configuration::take_settings(Next& next) {
  const std::shared_ptr<const Settings> before = settings_;
  const Settings& now = *next.settings;
  const auto& changed = next.changes.taken;
  const auto touches = [&](std::string_view section) {
    return std::ranges::any_of(changed,
                               [&](const std::string& name) { return name.starts_with(section); });
  };
  if (touches("access_log.")) {
    others_.log->change(log_options(now.access_log));
  }
  if (others_.store != nullptr && touches("cache.memory")) {
    others_.store->resize(now.cache.memory, memory_object(now.cache));
  }
  if (listeners_.inherited() && touches("listen")) {
    diag(Level::Warning,
         "the listening sockets are the service manager's: \"listen\" changes none");
  }
  listeners_.commit(*next.listeners);
  setup_ = next.setup;
  {
    const std::lock_guard lock(mutex_);
    settings_ = std::make_shared<const Settings>(std::move(*next.settings));
    ++generation_.number;
    generation_.since = wall_now();
  }
  if (touches("log.")) {
    if (const auto opened = open_log(); !opened) {
      diag(Level::Error, opened.error());  // it could be opened a moment ago
    }
  }
}

ConfigurationChange Configuration::commit() {
  const std::unique_ptr<Next> next = std::move(next_);
  ConfigurationChange out;
  give_to_workers(*next);
  for (TriedFile* const tried : {next->log.get(), next->access_log.get()}) {
    if (tried != nullptr) {
      tried->keep();
    }
  }
  if (next->settings) {
    take_settings(*next);
    out.taken = next->changes.taken;
    out.restart = next->changes.restart;
  }
  out.generation = generation().number;
  return out;
}

}  // namespace weir
