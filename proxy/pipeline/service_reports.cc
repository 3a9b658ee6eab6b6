// SPDX-License-Identifier: Apache-2.0
//
// See service_reports.h.
#include "proxy/pipeline/service_reports.h"

#include "proxy/base/diag.h"

namespace weir {
namespace {

// Three signs of life within the time in which one is expected.
constexpr int kSignsEach = 3;

std::string status_line(const std::string& text) {
  return "STATUS=" + printable(text) + "\n";
}

}  // namespace

ServiceReports::ServiceReports(const Notifier& notifier)
    : notifier_(notifier), interval_(notifier.watchdog() / kSignsEach) {}

void ServiceReports::logs_to(const std::string& path) const {
  if (notifier_.lineage().supervisor != 0 && path.find('\n') == path.npos) {
    notifier_.tell(std::string(kLog) + "=" + path + "\n");
  }
}

void ServiceReports::ready(const std::string& what) {
  what_ = what;
  notifier_.tell("READY=1\n" + status_line(what));
}

void ServiceReports::reloading(std::uint64_t ticket, Instant now) {
  ticket_ = ticket;
  if (!stopping_) {
    notifier_.tell("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(now.us) + "\n" +
                   status_line("reading the configuration anew"));
  }
}

void ServiceReports::reloaded(const ReloadReport& report) {
  ticket_.reset();
  if (!stopping_) {
    const std::string why = report.problems.empty() ? "" : ": " + report.problems.front();
    notifier_.tell("READY=1\n" + status_line(what_ + (report.taken ? ""
                                                                   : "; the last reload failed, "
                                                                     "nothing was changed" +
                                                                         why)));
  }
}

void ServiceReports::stopping() {
  stopping_ = true;
  notifier_.tell("STOPPING=1\n" + status_line("finishing what runs"));
}

void ServiceReports::look(Instant now, bool fresh) {
  if (interval_ > 0 && fresh && (!pinged_.set() || now - pinged_ >= interval_ / 2)) {
    pinged_ = now;
    notifier_.tell("WATCHDOG=1\n");
  }
}

}  // namespace weir
