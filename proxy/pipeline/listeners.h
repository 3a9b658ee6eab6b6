// SPDX-License-Identifier: Apache-2.0
//
// Where the process listens: the sockets of all workers, opened at the start or handed over by a
// service manager, and what a reload changes of them. Nothing is closed here and nothing begins to
// accept: the workers do both, when they are told (Worker::adopt). New sockets are bound before
// anything changes, so that a reload which cannot have them changes nothing.
//
// The thread that reloads; all() from any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <tl/expected.hpp>

#include "proxy/config/settings.h"
#include "proxy/net/kept_sockets.h"
#include "proxy/net/listen.h"
#include "proxy/pipeline/worker.h"

namespace weir {

class Listeners {
 public:
  // `sockets` outlives this.
  explicit Listeners(KeptSockets& sockets) : sockets_(sockets) {}

  struct One {
    std::uint32_t id = 0;
    Settings::Listener written;  // what the settings say of it
    Endpoint at;                 // as bound
    std::string name;
    ListenMode mode = ListenMode::Forward;
  };

  // Sockets on their way to the workers. Those that nobody takes are closed.
  class Change {
   public:
    Change() = default;
    ~Change();
    Change(const Change&) = delete;
    Change& operator=(const Change&) = delete;
    const std::vector<One>& next() const { return next_; }
    // What the worker of that number has to open and close. Once for each worker: it owns the
    // sockets from then on.
    void give(std::size_t worker, Adoption& to);

   private:
    friend class Listeners;
    struct Opened {
      NewListener common;
      std::vector<int> fds;   // one for each worker; none: those of another listener
      bool new_here = false;  // opened by a reload: whoever keeps them must hear if it fails
    };
    std::vector<One> next_;
    std::vector<Opened> opened_;
    std::vector<std::uint32_t> closed_;
  };

  // Why the start cannot have its sockets; "listen[1]: ..." where a setting is at fault.
  struct Fault {
    std::string what;
    int exit_code;
  };

  // For the start: sockets of the service manager if there are any, else as the settings say.
  tl::expected<std::unique_ptr<Change>, Fault> begin(const std::vector<Settings::Listener>& wanted,
                                                     unsigned workers);
  // What leads from what is open to what is wanted. Whatever is wrong, each "listen[1]: " and a
  // sentence with its remedy; then nothing remains open that was not before.
  tl::expected<std::unique_ptr<Change>, std::vector<std::string>> plan(
      const std::vector<Settings::Listener>& wanted);
  // The workers have been given the change.
  void commit(const Change& change);

  std::vector<One> all() const;
  // The sockets are a service manager's: the settings have no say.
  bool inherited() const { return inherited_; }

 private:
  std::string open_one(const Settings::Listener& wanted, Change& into);
  const One* heir_of(const Settings::Listener& wanted, const Change& change,
                     const std::vector<Settings::Listener>& all_wanted) const;

  KeptSockets& sockets_;
  mutable std::mutex mutex_;
  std::vector<One> open_;  // changed under mutex_, by the thread that reloads alone
  std::uint32_t last_id_ = 0;
  unsigned workers_ = 0;
  bool inherited_ = false;
  bool running_ = false;  // the first change has been committed
};

}  // namespace weir
