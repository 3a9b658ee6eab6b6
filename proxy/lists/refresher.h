// SPDX-License-Identifier: Apache-2.0
//
// Keeps the policy in use up to date, on a thread of its own: downloads lists that are missing or
// due, stages and stores them, compiles the whole policy anew aside and hands it over; and does the
// same with a configuration that was changed, when told to. Whatever fails is said in the
// operator's log and leaves the policy in use as it was. Workers never wait for any of it.
//
// Another process may keep the folder already: then this one reads what is there and downloads
// nothing.
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include <tl/expected.hpp>

#include "proxy/lists/download.h"
#include "proxy/lists/load.h"
#include "proxy/lists/report.h"
#include "proxy/lists/store.h"
#include "proxy/lists/update.h"
#include "proxy/observe/metrics.h"

namespace weir {

class Refresher {
 public:
  using Document = filters::PolicyDocument;
  using List = filters::ListDocument;
  // Called on the refresher's thread.
  struct Hooks {
    // The configuration as it is now: its policy, or everything that is wrong with it.
    std::function<tl::expected<Document, std::vector<std::string>>()> read;
    // Makes ready what was compiled (null: there are no rules any more), and whatever else was read
    // since. Gives what was wrong with the compiling and with all else; nothing: all can be used.
    std::function<std::vector<std::string>(const LoadedPolicy&)> prepare;
    // Takes into use what was made ready.
    std::function<ConfigurationChange()> commit;
  };
  // `folder`: the setting lists.directory. `metrics` belongs to the refresher's thread once it
  // runs.
  Refresher(const std::string& folder, Hooks hooks, Metrics& metrics);
  ~Refresher();

  // Before start(), on the caller's thread: the policy to begin with. Tries once to download lists
  // that are required and not there.
  LoadedPolicy begin(Document document);
  void start();

  // Any thread: reads the configuration anew and asks for new versions of all lists. Gives a
  // ticket: last_reload() tells of this one once its number is not below it.
  std::uint64_t reload();
  // Any thread.
  ReloadReport last_reload();
  // The last one that failed; number 0: none did.
  ReloadReport last_failure();
  PolicyStatus status();
  // The thread that started it. Ends at once unless it is compiling: false if it still is after
  // `patience`; then nothing remains but to end the process.
  bool stop(Micros patience);

 private:
  struct Due {
    Instant at;
    unsigned failures = 0;
  };

  enum class Work : std::uint8_t { Stop, Reload, Refresh };
  void run();
  Work wait_for_work();
  Micros until_due() const;
  bool stopping();
  bool interrupted();  // by a stop or a reload

  void claim(const Document& document);
  void fetch_required(const Document& document);
  void reload_now();
  void publish();
  ListStatus status_of(const List& list) const;
  LoadedPolicy compile(const Document& document);
  void note_policy(const filters::Policy* policy);
  std::vector<std::string> try_reload();
  std::vector<std::string> take_into_use(const Document& document);

  void give_memory_back_if_due();
  void refresh_due();
  ListOutcome refresh(const List& list);
  void rebuild();
  void plan(const List& list, ListOutcome outcome);
  void plan_all(bool at_once);

  ListStore store_;
  Hooks hooks_;
  Metrics& metrics_;
  Downloader downloader_;
  Updater updater_{store_, downloader_};
  Document document_;                                // of the policy in use
  bool in_use_ = false;                              // there are rules
  WallTime since_;                                   // when the policy was taken into use
  std::map<std::string, std::uint32_t> list_rules_;  // of the policy in use, by list
  bool claimed_ = false;
  Instant trim_;                    // when the policy before is gone; 0: it is
  std::map<std::string, Due> due_;  // by the list's name
  std::vector<List> fresh_;         // taken, and not in the policy in use yet
  std::mt19937 chance_{std::random_device{}()};

  std::mutex mutex_;
  std::condition_variable wake_;
  bool reload_ = false;                // guarded by mutex_
  std::uint64_t tickets_ = 0;          // guarded by mutex_
  std::uint64_t serving_ = 0;          // the newest ticket that the present reload answers
  std::vector<std::string> warnings_;  // of the last policy that was compiled
  ConfigurationChange change_;         // what the last commit told
  ReloadReport report_;                // guarded by mutex_
  ReloadReport failure_;               // guarded by mutex_
  PolicyStatus status_;                // guarded by mutex_
  bool stopped_ = false;               // guarded by mutex_
  bool ended_ = true;                  // guarded by mutex_
  std::thread thread_;
};

}  // namespace weir
