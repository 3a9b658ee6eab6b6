// SPDX-License-Identifier: Apache-2.0
//
// The configuration in use, and how another one takes its place. read() reads the files, prepare()
// makes ready all that the new configuration needs (passwords, log files, listening sockets, pages
// and rewriters) and says what is wrong with any of it, commit() takes it into use: it cannot fail.
// Until then nothing has changed. A new version of a list goes the same way, without the reading.
//
// A reload runs on the refresher's thread. What an exchange holds is in setup.h and snapshot.h.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include <tl/expected.hpp>

#include "proxy/config/settings.h"
#include "proxy/lists/load.h"
#include "proxy/lists/report.h"
#include "proxy/net/name_history.h"
#include "proxy/net/offload.h"
#include "proxy/observe/log_writer.h"
#include "proxy/pipeline/listeners.h"
#include "proxy/pipeline/setup.h"
#include "proxy/store/store.h"

namespace weir {

class Configuration {
 public:
  using Problems = std::vector<std::string>;

  // `file`: where the settings were read from; empty: nowhere, and every reading gives them again.
  // `sockets` outlives this.
  Configuration(Settings settings, std::string file, KeptSockets& sockets);
  ~Configuration();

  // Any thread.
  std::shared_ptr<const Settings> settings() const;
  std::vector<Listeners::One> listeners() const { return listeners_.all(); }
  struct Generation {
    std::uint64_t number = 1;  // of configurations in use; the first is the start's
    WallTime since;
  };
  Generation generation() const;
  // Opens the operator's log as the settings in use say; else why not, with the setting's place.
  tl::expected<void, std::string> open_log() const;

  // Files that a reload would read and this process may not: a sentence for each.
  Problems unreadable() const;

  // At the start, in this order; what is wrong with a setting is told with its place. Clients may
  // not be connected to this address, though no listener here is there.
  void never_dial(const Endpoint& at) { never_dialled_.push_back(at); }
  Problems make_setup();
  tl::expected<void, Listeners::Fault> open_listeners(unsigned workers);
  Problems make_rules(const LoadedPolicy& loaded);
  // What workers begin with.
  InForce in_force() const { return {setup_, rules_}; }
  Adoption first_listeners(std::size_t worker);
  // From then on commit() tells them. `store` may be null.
  struct Others {
    std::vector<std::unique_ptr<Worker>>* workers = nullptr;
    LogWriter* log = nullptr;
    store::Store* store = nullptr;
  };
  void started(const Others& others);
  void stop_hashing();

  // The thread that reloads. The policy of the configuration as it is now, or all that is wrong.
  tl::expected<filters::PolicyDocument, Problems> read();
  // For the policy that came of it, or of new lists alone. Any problem drops what was read.
  Problems prepare(const LoadedPolicy& loaded);
  ConfigurationChange commit();

 private:
  struct Next;
  Problems prepare_settings(Next& next);
  Problems placed_all(const Problems& faults) const;
  void take_settings(Next& next);
  void give_to_workers(Next& next);
  void fill_in(Setup& setup, const std::vector<Listeners::One>& listeners);

  const std::string file_;
  mutable std::mutex mutex_;
  std::shared_ptr<const Settings> settings_;  // guarded by mutex_
  Generation generation_;                     // guarded by mutex_
  std::shared_ptr<const Setup> setup_;
  std::shared_ptr<const Snapshot>
      rules_;  // until the workers have it, or it would outlive them all
  std::vector<Endpoint> never_dialled_;
  Listeners listeners_;
  std::unique_ptr<Listeners::Change> first_listeners_;
  NameHistory names_;
  std::unique_ptr<Offload> offload_;  // null: nobody was ever asked for a password
  Others others_;
  std::unique_ptr<Next> next_;
};

}  // namespace weir
