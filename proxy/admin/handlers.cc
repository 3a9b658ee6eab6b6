// SPDX-License-Identifier: Apache-2.0
//
// See handlers.h.
#include "proxy/admin/handlers.h"

#include "proxy/admin/api.h"
#include "proxy/admin/process_figures.h"
#include "proxy/admin/server_figures.h"
#include "proxy/admin/status_json.h"

namespace weir::admin {
namespace {

// What the text format of Prometheus calls itself.
constexpr std::string_view kPrometheus = "text/plain; version=0.0.4; charset=utf-8";

Reply text(std::uint16_t status, std::string body) {
  Reply reply;
  reply.status = status;
  reply.media_type = kText;
  reply.body = std::move(body);
  return reply;
}

// Everything there is to read at this moment.
struct Figures {
  ServerStatus status;
  std::vector<const Metrics*> sources;
  SlotNames names;
};

Figures all_figures(AdminState& state) {
  Figures out{state.status(), state.metrics(), {}};
  state.own.set(metric::BuildInfo, 1, BuildVersion::This);
  count_process(state.own);
  count_server(state.own, out.status);
  if (state.cache != nullptr) {
    count_cache(state.own, state.cache->memory_stats(), state.cache->disk_stats());
  }
  out.sources.push_back(&state.own);
  out.names = names_of(out.status);
  return out;
}

Reply told(const ReloadReport& report) {
  Reply reply;
  reply.status = report.taken ? 200 : 422;
  reply.body = reload_json(report);
  return reply;
}

}  // namespace

// Before the server has started there is nothing to ask: it is alive, and not ready.
Reply still_starting(const Request& request) {
  if (request.path == "/healthz") {
    return text(200, "starting\n");
  }
  return request.path == "/readyz" ? text(503, "starting\n")
                                   : refuse(503, "The proxy is still starting.");
}

Reply get_index(const Request&, AdminState&) {
  return text(200, "Weir " WEIR_VERSION "\n\n" + api_reference());
}

Reply get_metrics(const Request&, AdminState& state) {
  const Figures figures = all_figures(state);
  Reply reply = text(200, metrics_prometheus(figures.sources, figures.names));
  reply.media_type = kPrometheus;
  return reply;
}

Reply get_health(const Request&, AdminState& state) {
  const ServerStatus status = state.status();
  std::string sick;
  for (std::size_t i = 0; i < status.workers.size(); ++i) {
    const WorkerStatus& worker = status.workers[i];
    if (worker.stalled()) {
      sick += "worker " + std::to_string(i) + " has not shown itself alive for " +
              std::to_string(worker.silent / kSecond) + " s\n";
    }
  }
  return sick.empty() ? text(200, "ok\n") : text(503, std::move(sick));
}

Reply get_ready(const Request&, AdminState& state) {
  return state.status().draining ? text(503, "stopping\n") : text(200, "ok\n");
}

Reply get_status(const Request&, AdminState& state) {
  const Figures figures = all_figures(state);
  Reply reply;
  reply.body = status_json(figures.status, metrics_json(figures.sources, figures.names));
  return reply;
}

Reply post_reload(const Request&, AdminState& state) {
  const std::uint64_t ticket = state.reload();
  Reply reply;
  reply.later = [&state, ticket]() -> std::optional<Reply> {
    const auto report = state.reloaded(ticket);
    return report ? std::optional(told(*report)) : std::nullopt;
  };
  return reply;
}

}  // namespace weir::admin
