// SPDX-License-Identifier: Apache-2.0
//
// See status_json.h.
#include "proxy/admin/status_json.h"

#include "proxy/observe/json_writer.h"

namespace weir::admin {
namespace {

constexpr int kDecimals = 3;

void length(JsonWriter& json, std::string_view name, Micros length) {
  json.name(name).real(static_cast<double>(length) / static_cast<double>(kSecond), kDecimals);
}

void time(JsonWriter& json, std::string_view name, WallTime at) {
  if (at.us == 0) {
    return json.name(name).null();
  }
  length(json, name, at.us);
}

void text_or_null(JsonWriter& json, std::string_view name, const std::string& text) {
  json.name(name);
  text.empty() ? json.null() : json.text(text);
}

void texts(JsonWriter& json, std::string_view name, const std::vector<std::string>& items) {
  json.name(name).open_list();
  for (const std::string& item : items) {
    json.text(item);
  }
  json.close_list();
}

void reload(JsonWriter& json, const ReloadReport& report) {
  json.open_object();
  json.name("outcome").text(report.taken ? "taken" : "failed");
  time(json, "at", report.at);
  texts(json, "problems", report.problems);
  texts(json, "warnings", report.warnings);
  texts(json, "changed", report.change.taken);
  texts(json, "needs_restart", report.change.restart);
  json.close_object();
}

void reload_or_null(JsonWriter& json, std::string_view name, const ReloadReport& report) {
  json.name(name);
  report.number == 0 ? json.null() : reload(json, report);
}

void list(JsonWriter& json, const ListStatus& list, WallTime now) {
  json.open_object();
  json.name("name").text(list.name);
  json.name("source").text(list.source);
  json.name("rules").number(list.rules);
  time(json, "changed", list.changed);
  if (list.changed.us == 0) {
    json.name("age_seconds").null();
  } else {
    length(json, "age_seconds", now.us - list.changed.us);
  }
  time(json, "checked", list.checked);
  text_or_null(json, "failure", list.failure);
  text_or_null(json, "held_back", list.held_back);
  json.close_object();
}

void policy(JsonWriter& json, const PolicyStatus& policy, WallTime now) {
  json.name("policy").open_object();
  json.name("in_use").flag(policy.in_use);
  time(json, "since", policy.since);
  json.name("rules").number(policy.rules);
  json.name("groups").number(policy.groups);
  json.name("schedules").number(policy.schedules);
  json.name("lists").open_list();
  for (const ListStatus& each : policy.lists) {
    list(json, each, now);
  }
  json.close_list();
  json.close_object();
}

void listeners(JsonWriter& json, const ServerStatus& status) {
  json.name("listeners").open_list();
  for (const ListenerStatus& listener : status.listeners) {
    json.open_object();
    json.name("name").text(listener.name);
    json.name("at").text(listener.at.text());
    json.close_object();
  }
  json.close_list();
}

// Null when nobody watches over this process but perhaps the system.
void supervisor(JsonWriter& json, const Lineage& lineage) {
  json.name("supervisor");
  if (lineage.supervisor == 0) {
    return json.null();
  }
  json.open_object();
  json.name("pid").number(static_cast<std::uint64_t>(lineage.supervisor));
  json.name("restarts").number(lineage.restarts);
  text_or_null(json, "last_end", lineage.last_end);
  json.close_object();
}

void workers(JsonWriter& json, const ServerStatus& status) {
  std::int64_t connections = 0;
  json.name("workers").open_list();
  for (const WorkerStatus& worker : status.workers) {
    connections += worker.connections;
    json.open_object();
    json.name("state").text(worker.ended ? "ended" : worker.stalled() ? "stalled" : "alive");
    length(json, "silent_seconds", worker.silent);
    json.name("connections").number(static_cast<std::uint64_t>(worker.connections));
    json.close_object();
  }
  json.close_list();
  json.name("connections").number(static_cast<std::uint64_t>(connections));
}

void leases(JsonWriter& json, const ServerStatus& status) {
  json.name("leases").open_list();
  for (const LeaseFileReport& file : status.leases) {
    json.open_object();
    json.name("file").text(file.path);
    json.name("leases").number(file.leases);
    text_or_null(json, "failure", file.failure);
    json.close_object();
  }
  json.close_list();
}

}  // namespace

std::string reload_json(const ReloadReport& report) {
  JsonWriter json;
  reload(json, report);
  return json.written() + "\n";
}

std::string status_json(const ServerStatus& status, std::string_view metrics) {
  JsonWriter json;
  json.open_object();
  json.name("version").text(WEIR_VERSION);
  json.name("pid").number(status.pid);
  text_or_null(json, "config", status.config);
  time(json, "now", status.now);
  time(json, "started", status.started);
  length(json, "uptime_seconds", status.uptime);
  json.name("state").text(status.draining ? "stopping" : "running");
  supervisor(json, status.lineage);
  listeners(json, status);
  workers(json, status);
  leases(json, status);
  policy(json, status.policy, status.now);
  json.name("generation").number(status.generation);
  time(json, "in_use_since", status.in_use_since);
  reload_or_null(json, "reload", status.reload);
  reload_or_null(json, "failed_reload", status.failure);
  json.name("metrics").raw(metrics.substr(0, metrics.find_last_of('}') + 1));
  json.close_object();
  return json.written() + "\n";
}

}  // namespace weir::admin
