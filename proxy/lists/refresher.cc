// SPDX-License-Identifier: Apache-2.0
//
// See refresher.h.
#include "proxy/lists/refresher.h"

#include <malloc.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <limits>
#include <utility>

#include "proxy/base/clock.h"
#include "proxy/base/diag.h"
#include "proxy/lists/due.h"
#include "proxy/lists/folder.h"

namespace weir {
namespace {

constexpr Micros kNever = std::numeric_limits<Micros>::max();
constexpr Micros kPatience = 5 * kSecond;  // with lists that are taken and not compiled yet
constexpr Micros kOldGone = 2 * kSecond;   // after a policy was replaced
constexpr int kNice = 10;                  // compiling gives way to serving

bool is_download(const filters::ListDocument& list) {
  return list.file.empty();
}

bool wants_downloads(const filters::PolicyDocument& document) {
  return says_anything(document) && std::ranges::any_of(document.lists, is_download);
}

void say(Level level, const std::vector<std::string>& texts) {
  for (const std::string& text : texts) {
    diag(level, text);
  }
}

void tell(const ConfigurationChange& change) {
  std::string names;
  for (const std::string& name : change.taken) {
    names += (names.empty() ? "" : ", ") + name;
  }
  diag(Level::Info, "configuration read anew, generation " + std::to_string(change.generation) +
                        (names.empty() ? ": no setting has changed" : ": changed " + names));
  for (const std::string& name : change.restart) {
    diag(Level::Warning, name + " has changed; it needs a restart and stays as it was until then");
  }
}

// Without the query, where secrets often are.
std::string source_of(const filters::ListDocument& list) {
  return is_download(list) ? list.url.substr(0, list.url.find('?')) : list.file;
}

WallTime written(const std::string& file) {
  struct stat found {};
  return ::stat(file.c_str(), &found) == 0 ? WallTime{found.st_mtim.tv_sec * kSecond} : WallTime{};
}

// What compiling needs goes back to the system when it is done. Left alone, the allocator learns
// from the first large piece that is freed to keep such pieces, and it never gives back the end of
// another thread's heap.
void give_large_pieces_back() {
  constexpr int kLarge = 1 << 20;
  ::mallopt(M_MMAP_THRESHOLD, kLarge);
  ::mallopt(M_TRIM_THRESHOLD, kLarge);
}

}  // namespace

Refresher::Refresher(const std::string& folder, Hooks hooks, Metrics& metrics)
    : store_(lists_folder(folder)), hooks_(std::move(hooks)), metrics_(metrics) {}

Refresher::~Refresher() {
  while (!stop(kPatience)) {
  }
}

LoadedPolicy Refresher::begin(Document document) {
  document_ = std::move(document);
  if (!says_anything(document_)) {
    return {};
  }
  claim(document_);
  fetch_required(document_);
  LoadedPolicy loaded = compile(document_);
  note_policy(loaded.policy.get());
  plan_all(false);
  publish();
  return loaded;
}

void Refresher::start() {
  give_large_pieces_back();
  // Signals are for the thread that waits for them.
  sigset_t all{};
  sigset_t before{};
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  ended_ = false;
  thread_ = std::thread([this] {
    ::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), kNice);
    run();
    const std::lock_guard lock(mutex_);
    ended_ = true;
    wake_.notify_one();
  });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

std::uint64_t Refresher::reload() {
  const std::lock_guard lock(mutex_);
  reload_ = true;
  wake_.notify_one();
  return ++tickets_;
}

ReloadReport Refresher::last_reload() {
  const std::lock_guard lock(mutex_);
  return report_;
}

ReloadReport Refresher::last_failure() {
  const std::lock_guard lock(mutex_);
  return failure_;
}

PolicyStatus Refresher::status() {
  const std::lock_guard lock(mutex_);
  return status_;
}

bool Refresher::stop(Micros patience) {
  if (!thread_.joinable()) {
    return true;
  }
  downloader_.stop();
  std::unique_lock lock(mutex_);
  stopped_ = true;
  wake_.notify_one();
  if (!wake_.wait_for(lock, std::chrono::microseconds(patience), [this] { return ended_; })) {
    return false;
  }
  lock.unlock();
  thread_.join();
  return true;
}

void Refresher::run() {
  while (true) {
    switch (wait_for_work()) {
      case Work::Stop:
        return;
      case Work::Reload:
        reload_now();
        break;
      case Work::Refresh:
        give_memory_back_if_due();
        refresh_due();
        publish();
        break;
    }
  }
}

Refresher::Work Refresher::wait_for_work() {
  const Micros wait = until_due();
  std::unique_lock lock(mutex_);
  const auto called = [this] { return reload_ || stopped_; };
  if (wait == kNever) {
    wake_.wait(lock, called);
  } else {
    wake_.wait_for(lock, std::chrono::microseconds(wait), called);
  }
  if (stopped_) {
    return Work::Stop;
  }
  serving_ = tickets_;
  return std::exchange(reload_, false) ? Work::Reload : Work::Refresh;
}

bool Refresher::stopping() {
  const std::lock_guard lock(mutex_);
  return stopped_;
}

bool Refresher::interrupted() {
  const std::lock_guard lock(mutex_);
  return stopped_ || reload_;
}

Micros Refresher::until_due() const {
  Micros soonest = trim_.set() ? std::max(trim_ - steady_now(), Micros{0}) : kNever;
  for (const auto& [name, due] : due_) {
    soonest = std::min(soonest, std::max(due.at - steady_now(), Micros{0}));
  }
  return soonest;
}

void Refresher::claim(const Document& document) {
  if (claimed_ || !wants_downloads(document)) {
    return;
  }
  const auto claimed = store_.claim();
  claimed_ = claimed.has_value();
  if (!claimed) {
    diag(Level::Warning, "lists are not downloaded: " + claimed.error());
  }
}

// One attempt each, bounded by the list's own timeout.
void Refresher::fetch_required(const Document& document) {
  for (const List& list : document.lists) {
    std::string warning;
    if (claimed_ && is_download(list) && list.required && !store_.read_current(list, warning)) {
      refresh(list);
    }
  }
}

LoadedPolicy Refresher::compile(const Document& document) {
  const Instant began = steady_now();
  LoadedPolicy loaded = load_policy(document, store_.folder());
  metrics_.observe(metric::StepTime, steady_now() - began, Step::Compile);
  return loaded;
}

void Refresher::note_policy(const filters::Policy* policy) {
  list_rules_.clear();
  if (policy != nullptr) {
    for (const filters::ListReport& report : policy->list_reports()) {
      list_rules_[report.name] = report.rules;
    }
  }
  in_use_ = policy != nullptr;
  since_ = wall_now();
}

ListStatus Refresher::status_of(const List& list) const {
  ListStatus out;
  out.name = list.name;
  out.source = source_of(list);
  const auto rules = list_rules_.find(list.name);
  out.rules = rules == list_rules_.end() ? 0 : rules->second;
  if (!is_download(list)) {
    out.changed = written(list.file);
    return out;
  }
  const auto kept = store_.look(list);
  if (!kept) {
    out.failure = kept.error();
    return out;
  }
  out.changed = kept->current ? kept->current.fetched : WallTime{};
  out.checked = kept->checked;
  out.failure = kept->failure;
  out.held_back = kept->held ? kept->held_reason : "";
  return out;
}

// What is told of the policy in use and its lists.
void Refresher::publish() {
  PolicyStatus now_in_use;
  now_in_use.in_use = in_use_;
  now_in_use.since = since_;
  if (in_use_) {
    now_in_use.rules = document_.rules.size();
    now_in_use.groups = document_.groups.size();
    now_in_use.schedules = document_.schedules.size();
    for (const List& list : document_.lists) {
      now_in_use.lists.push_back(status_of(list));
    }
  }
  const std::lock_guard lock(mutex_);
  status_ = std::move(now_in_use);
}

void Refresher::reload_now() {
  warnings_.clear();
  const Instant began = steady_now();
  const auto errors = try_reload();
  metrics_.observe(metric::StepTime, steady_now() - began, Step::Reload);
  metrics_.add(metric::PolicyReloads,
               errors.empty() ? ReloadOutcome::Taken : ReloadOutcome::Failed);
  if (!errors.empty()) {
    say(Level::Error, errors);
    diag(Level::Error,
         "nothing was changed: the policy stays as it was, and so does every setting");
  }
  plan_all(true);
  publish();
  const std::lock_guard lock(mutex_);
  report_ = {serving_, wall_now(), errors.empty(), errors, warnings_, {}};
  if (errors.empty()) {
    report_.change = change_;
  } else {
    failure_ = report_;
  }
}

// Why not; nothing: the policy of the configuration as it is now is in use.
std::vector<std::string> Refresher::try_reload() {
  auto document = hooks_.read();
  if (!document) {
    return document.error();
  }
  claim(*document);
  if (says_anything(*document)) {
    fetch_required(*document);
  }
  if (auto errors = take_into_use(*document); !errors.empty()) {
    return errors;
  }
  document_ = std::move(*document);
  tell(change_);
  diag(Level::Info, "policy read anew: " + std::to_string(document_.rules.size()) + " rules, " +
                        std::to_string(document_.lists.size()) + " lists");
  return {};
}

// Compiles aside and hands over. What is wrong; nothing: it is in use.
std::vector<std::string> Refresher::take_into_use(const Document& document) {
  LoadedPolicy loaded;
  if (says_anything(document)) {
    loaded = compile(document);
    say(Level::Warning, loaded.warnings);
    warnings_ = loaded.warnings;
  }
  if (auto errors = hooks_.prepare(loaded); !errors.empty()) {
    return errors;
  }
  change_ = hooks_.commit();
  note_policy(loaded.policy.get());
  fresh_.clear();
  trim_ = steady_now() + kOldGone;
  return {};
}

// Workers let go of the policy before once they have taken the new one.
void Refresher::give_memory_back_if_due() {
  if (trim_.set() && trim_ <= steady_now()) {
    give_memory_back();
    trim_ = {};
  }
}

void Refresher::refresh_due() {
  Instant begun = steady_now();
  for (const List& list : document_.lists) {
    const auto found = due_.find(list.name);
    if (found == due_.end() || steady_now() < found->second.at) {
      continue;
    }
    if (refresh(list) == ListOutcome::Taken) {
      fresh_.push_back(list);
    }
    if (interrupted()) {
      return;  // what is fresh is compiled at the reload, or at the next start
    }
    // One slow server must not keep the other lists out of use.
    if (!fresh_.empty() && steady_now() - begun > kPatience) {
      rebuild();
      begun = steady_now();
    }
  }
  if (!fresh_.empty()) {
    rebuild();
  }
}

ListOutcome Refresher::refresh(const List& list) {
  const Instant began = steady_now();
  const Updated updated = updater_.update(list, wall_now());
  metrics_.observe(metric::StepTime, steady_now() - began, Step::ListUpdate);
  metrics_.add(metric::ListDownloads, updated.outcome);
  const bool good =
      updated.outcome == ListOutcome::Taken || updated.outcome == ListOutcome::Unchanged;
  if (!updated.message.empty() && !stopping()) {
    diag(good ? Level::Info : Level::Warning, updated.message);
  }
  plan(list, updated.outcome);
  return updated.outcome;
}

void Refresher::rebuild() {
  const std::vector<List> taken = fresh_;
  const auto errors = take_into_use(document_);
  if (errors.empty()) {
    diag(Level::Info, "policy compiled anew with " + std::to_string(taken.size()) + " new lists");
    return;
  }
  // Else the next start would fail by them.
  say(Level::Error, errors);
  for (const List& list : taken) {
    const auto done = store_.revert(list, "the policy cannot be compiled with it");
    diag(Level::Error, "list \"" + list.name + "\": " +
                           (done ? "taken back" : "cannot be taken back: " + done.error()));
  }
  fresh_.clear();
}

void Refresher::plan(const List& list, ListOutcome outcome) {
  Due& due = due_[list.name];
  due.failures = outcome == ListOutcome::Failed ? due.failures + 1 : 0;
  const auto kept = store_.look(list);
  const bool have_one = kept && (kept->current || kept->held);
  due.at = steady_now() +
           wait_after(list, have_one, due.failures, static_cast<std::uint32_t>(chance_()));
}

// Anew for the lists of the policy in use.
void Refresher::plan_all(bool at_once) {
  const std::map<std::string, Due> old = std::exchange(due_, {});
  if (!claimed_ || !says_anything(document_)) {
    return;
  }
  for (const List& list : document_.lists) {
    if (is_download(list)) {
      const Kept kept = store_.look(list).value_or(Kept{});
      const Micros wait =
          at_once ? 0
                  : wait_at_start(list, kept, wall_now(), static_cast<std::uint32_t>(chance_()));
      const auto before = old.find(list.name);
      due_[list.name] = {steady_now() + wait, before == old.end() ? 0 : before->second.failures};
    }
  }
}

}  // namespace weir
