// SPDX-License-Identifier: Apache-2.0
//
// See status_text.h.
#include "proxy/cli/status_text.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <map>

#include "proxy/cli/figures.h"
#include "proxy/cli/json_reader.h"
#include "proxy/cli/printable.h"
#include "proxy/cli/time_text.h"

namespace weir::cli {
namespace {

constexpr std::size_t kLabelWidth = 15;

struct ListLine {
  std::string name;
  std::string source;
  double rules = 0;
  double age = -1;
  std::string failure;
  std::string held_back;
};

struct LeaseLine {
  std::string file;
  double leases = 0;
  std::string failure;
};

struct Status {
  std::string version;
  std::string state;
  std::string config;
  double pid = 0;
  double uptime = 0;
  double supervisor = 0;  // 0: none
  double restarts = 0;
  std::string last_end;
  double connections = 0;
  std::vector<std::string> listeners;
  std::map<std::string, unsigned> workers;  // by their state
  std::vector<LeaseLine> leases;
  bool has_policy = false;
  double rules = 0;
  double since = 0;
  std::vector<ListLine> lists;
  double generation = 0;
  double in_use_since = 0;
  bool has_reload = false;
  ReloadOutcome reload;
  double reload_at = 0;
  Figures figures;
  bool has_failure = false;
  ReloadOutcome failure;
  double failure_at = 0;
};

// Reads members into places of their own.
class Reader {
 public:
  explicit Reader(std::string_view json) : json_(json, arena_) {}

  bool number(double& into) {
    const auto raw = json_.raw();
    into = raw ? std::strtod(std::string(*raw).c_str(), nullptr) : into;  // null is 0
    return raw.has_value();
  }
  bool text(std::string& into) {
    const auto text = json_.text_or_null();
    into = text ? printable(*text) : into;
    return text.has_value();
  }
  bool flag(bool& into) {
    const auto raw = json_.raw();
    into = raw == "true";
    return raw.has_value();
  }
  bool texts(std::vector<std::string>& into) {
    return json_.items([&] { return text(into.emplace_back()); });
  }
  bool skip() { return json_.raw().has_value(); }
  bool is_object() { return json_.kind() == '{'; }

  bool reload(ReloadOutcome& into, double& at);
  bool listener(std::vector<std::string>& into);
  bool worker(std::map<std::string, unsigned>& into);
  bool lease(LeaseLine& into);
  bool list(ListLine& into);
  bool policy(Status& into);
  bool supervisor(Status& into);
  bool status(Status& into);
  std::string fault() { return json_.fault(); }

 private:
  Arena arena_;
  JsonReader json_;
};

bool Reader::reload(ReloadOutcome& into, double& at) {
  return json_.members([&](std::string_view name) {
    std::string outcome;
    if (name == "outcome") {
      const bool good = text(outcome);
      into.taken = outcome == "taken";
      return good;
    }
    return name == "at"              ? number(at)
           : name == "problems"      ? texts(into.problems)
           : name == "warnings"      ? texts(into.warnings)
           : name == "changed"       ? texts(into.changed)
           : name == "needs_restart" ? texts(into.needs_restart)
                                     : skip();
  });
}

bool Reader::listener(std::vector<std::string>& into) {
  std::string called;
  std::string at;
  const bool good = json_.members([&](std::string_view name) {
    return name == "name" ? text(called) : name == "at" ? text(at) : skip();
  });
  into.push_back(called + " " + at);
  return good;
}

bool Reader::worker(std::map<std::string, unsigned>& into) {
  std::string state;
  const bool good =
      json_.members([&](std::string_view name) { return name == "state" ? text(state) : skip(); });
  ++into[state];
  return good;
}

bool Reader::lease(LeaseLine& into) {
  return json_.members([&](std::string_view name) {
    return name == "file"      ? text(into.file)
           : name == "leases"  ? number(into.leases)
           : name == "failure" ? text(into.failure)
                               : skip();
  });
}

bool Reader::list(ListLine& into) {
  return json_.members([&](std::string_view name) {
    if (name == "age_seconds") {
      const bool known = json_.kind() == '0';
      double age = 0;
      const bool good = number(age);
      into.age = known ? age : -1;
      return good;
    }
    return name == "name"        ? text(into.name)
           : name == "source"    ? text(into.source)
           : name == "rules"     ? number(into.rules)
           : name == "failure"   ? text(into.failure)
           : name == "held_back" ? text(into.held_back)
                                 : skip();
  });
}

bool Reader::policy(Status& into) {
  return json_.members([&](std::string_view name) {
    if (name == "lists") {
      return json_.items([&] { return list(into.lists.emplace_back()); });
    }
    return name == "in_use"  ? flag(into.has_policy)
           : name == "rules" ? number(into.rules)
           : name == "since" ? number(into.since)
                             : skip();
  });
}

bool Reader::supervisor(Status& into) {
  return json_.members([&](std::string_view name) {
    return name == "pid"        ? number(into.supervisor)
           : name == "restarts" ? number(into.restarts)
           : name == "last_end" ? text(into.last_end)
                                : skip();
  });
}

bool Reader::status(Status& into) {
  return json_.members([&](std::string_view name) {
    if (name == "supervisor" && is_object()) {
      return supervisor(into);
    }
    if (name == "listeners") {
      return json_.items([&] { return listener(into.listeners); });
    }
    if (name == "workers") {
      return json_.items([&] { return worker(into.workers); });
    }
    if (name == "leases") {
      return json_.items([&] { return lease(into.leases.emplace_back()); });
    }
    if (name == "reload" && is_object()) {
      into.has_reload = true;
      return reload(into.reload, into.reload_at);
    }
    if (name == "failed_reload" && is_object()) {
      into.has_failure = true;
      return reload(into.failure, into.failure_at);
    }
    return name == "version"          ? text(into.version)
           : name == "state"          ? text(into.state)
           : name == "config"         ? text(into.config)
           : name == "pid"            ? number(into.pid)
           : name == "uptime_seconds" ? number(into.uptime)
           : name == "connections"    ? number(into.connections)
           : name == "generation"     ? number(into.generation)
           : name == "in_use_since"   ? number(into.in_use_since)
           : name == "policy"         ? policy(into)
           : name == "metrics"        ? into.figures.read(json_)
                                      : skip();
  });
}

std::string count(double number) {
  return grouped(static_cast<std::uint64_t>(std::max(number, 0.0)));
}

std::string clock_text(double seconds) {
  return local_text(WallTime{static_cast<Micros>(seconds * static_cast<double>(kSecond))});
}

std::string row(std::string_view label, const std::string& value) {
  return padded(label, kLabelWidth) + value + "\n";
}

std::string worker_words(const std::map<std::string, unsigned>& workers) {
  std::string out;
  for (const auto& [state, number] : workers) {
    out += (out.empty() ? "" : ", ") + std::to_string(number) + " " + state;
  }
  return out;
}

std::string failure_rows(std::string_view label, const ReloadOutcome& failure, double at) {
  std::string out = row(label, "failed at " + clock_text(at));
  for (const std::string& problem : failure.problems) {
    out += row("", problem);
  }
  return out;
}

std::string lease_rows(const std::vector<LeaseLine>& files) {
  std::string out;
  for (const LeaseLine& file : files) {
    out += row(out.empty() ? "devices" : "",
               file.file + (file.failure.empty()
                                ? ": " + counted(static_cast<std::uint64_t>(file.leases), "lease")
                                : " " + file.failure));
  }
  return out;
}

std::string reload_rows(const Status& status) {
  std::string out;
  if (status.has_reload && !status.reload.taken) {
    return failure_rows("last reload", status.reload, status.reload_at);
  }
  if (status.has_reload) {
    out = row("last reload", "taken into use at " + clock_text(status.reload_at) + ", generation " +
                                 count(status.generation));
    for (const std::string& name : status.reload.needs_restart) {
      out += row("", name + " has changed; it needs a restart");
    }
  }
  if (status.has_failure) {
    out += failure_rows("before that", status.failure, status.failure_at);
  }
  return out;
}

std::string supervisor_row(const Status& status) {
  if (status.supervisor == 0) {
    return {};
  }
  return row("supervisor",
             "process " + std::to_string(static_cast<std::uint64_t>(status.supervisor)) + ", " +
                 count(status.restarts) + " restarts" +
                 (status.last_end.empty() ? "" : "; the one before " + status.last_end));
}

std::string list_rows(const std::vector<ListLine>& lists) {
  std::string out;
  for (const ListLine& list : lists) {
    const std::string age = list.age < 0 ? "not there" : rough_length(list.age) + " old";
    out += row(out.empty() ? "lists" : "",
               list.name + ": " + count(list.rules) + " rules, " + age + ", " + list.source);
    out += list.failure.empty() ? "" : row("", "  not refreshed: " + list.failure);
    out += list.held_back.empty() ? "" : row("", "  a new version is held back: " + list.held_back);
  }
  return out;
}

}  // namespace

std::string rough_length(double seconds) {
  const std::pair<double, const char*> units[] = {{86400, " days"}, {3600, " h"}, {60, " min"}};
  for (const auto& [length, name] : units) {
    if (seconds >= 2 * length) {
      return std::to_string(static_cast<std::uint64_t>(seconds / length)) + name;
    }
  }
  return std::to_string(static_cast<std::uint64_t>(std::max(seconds, 0.0))) + " s";
}

ReloadOutcome read_reload(std::string_view json) {
  ReloadOutcome out;
  double at = 0;
  Reader(json).reload(out, at);
  return out;
}

std::string reload_text(const ReloadOutcome& outcome) {
  std::string names;
  for (const std::string& name : outcome.changed) {
    names += (names.empty() ? "" : ", ") + name;
  }
  std::string out = "reloaded\n";
  out += names.empty() ? "" : "changed: " + names + "\n";
  for (const std::string& name : outcome.needs_restart) {
    out += "not changed: " + name + " needs a restart\n";
  }
  return out;
}

tl::expected<std::string, std::string> status_text(std::string_view json) {
  Status status;
  Reader reader(json);
  if (!reader.status(status)) {
    return tl::unexpected(reader.fault());
  }
  std::string out = "weir " + status.version + ", process " +
                    std::to_string(static_cast<std::uint64_t>(status.pid)) + ", " + status.state +
                    " for " + rough_length(status.uptime) + "\n";
  out += supervisor_row(status);
  out += row("configuration", status.config.empty() ? "built-in defaults" : status.config);
  for (const std::string& listener : status.listeners) {
    out += row(listener == status.listeners.front() ? "listening" : "", listener);
  }
  out += row("workers", worker_words(status.workers));
  out += row("clients",
             count(status.connections) + " connections now, " +
                 count(status.figures.sum("weir_exchanges_total")) + " requests so far, " +
                 count(status.figures.sum("weir_failures_total")) + " of them refused or failed");
  out += lease_rows(status.leases);
  for (const auto& [label, text] : figure_rows(status.figures)) {
    out += row(label, text);
  }
  out +=
      row("policy", status.has_policy ? counted(static_cast<std::uint64_t>(status.rules), "rule") +
                                            ", since " + clock_text(status.since)
                                      : "none");
  return out + reload_rows(status) + list_rows(status.lists);
}

}  // namespace weir::cli
