// SPDX-License-Identifier: Apache-2.0
//
// What whoever started us is told in the course of a life: ready, reloading and ready again,
// stopping, and every so often that all loops still turn (sd_notify(3)). It decides what is said
// and when; the time and the state of the loops come in. Control thread only, but for ready() and
// logs_to().
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>

#include "proxy/base/instant.h"
#include "proxy/lists/report.h"
#include "proxy/net/notify.h"

namespace weir {

// Between two looks at the loops when a sign of life is due every `interval` (0: none is asked
// for).
constexpr Micros pause_between_looks(Micros interval) {
  constexpr Micros kShortest = 20 * kMillisecond;
  return interval > 0 ? std::clamp(interval / 2, kShortest, kSecond) : kSecond;
}

class ServiceReports {
 public:
  // A loop that beat within this time is alive; they beat every second.
  static constexpr Micros kFresh = 2 * kSecond + 500 * kMillisecond;

  // `notifier` outlives this.
  explicit ServiceReports(const Notifier& notifier);

  // Where the operator's log goes from now on, for a supervisor that writes there, too. Any thread.
  void logs_to(const std::string& path) const;
  // Clients are served. `what`: a phrase for people.
  void ready(const std::string& what);
  // The configuration is read anew; `ticket` as Server::reload() gave it.
  void reloading(std::uint64_t ticket, Instant now);
  // The reload whose end is yet to be told.
  std::optional<std::uint64_t> reload_under_way() const { return ticket_; }
  void reloaded(const ReloadReport& report);
  void stopping();
  // To be called again after pause(). `fresh`: all loops have beaten within kFresh.
  void look(Instant now, bool fresh);
  Micros pause() const { return pause_between_looks(interval_); }

 private:
  const Notifier& notifier_;
  Micros interval_ = 0;  // between two signs of life; 0: none is asked for
  Instant pinged_;
  std::optional<std::uint64_t> ticket_;
  std::string what_;
  bool stopping_ = false;
};

}  // namespace weir
