// SPDX-License-Identifier: Apache-2.0
//
// See api.h.
#include "proxy/admin/api.h"

#include <algorithm>

#include "proxy/admin/handlers.h"

namespace weir::admin {
namespace {

using http::Method;

constexpr Route kRoutes[] = {
    {Method::Get, "/", get_index, "What there is here, as text."},
    {Method::Get, "/metrics", get_metrics, "All metrics in the text format of Prometheus."},
    {Method::Get, "/healthz", get_health,
     "200 while every worker shows itself alive, else 503 and which does not. Also 200 while the "
     "proxy is starting or stopping."},
    {Method::Get, "/readyz", get_ready,
     "200 while new clients are served; 503 while the proxy is starting (lists are being compiled, "
     "the cache is being opened) or stopping."},
    {Method::Get, "/api/v1/status", get_status,
     "The state of the proxy as JSON: version, listeners, workers, policy and its lists, the last "
     "reload, and all metrics."},
    {Method::Post, "/api/v1/reload", post_reload,
     "Reads the configuration anew, as SIGHUP does, and says what came of it: 200, or 422 with all "
     "that is wrong."},
    {Method::Get, "/api/v1/cache/stats", get_cache_stats,
     "What is stored in memory and on disk, in numbers."},
    {Method::Get, "/api/v1/cache/entries", get_cache_entries,
     "What is stored, one line of JSON each: `host` (`.example.com` with all below it), `prefix` "
     "or "
     "`tag` choose, `limit` is 10000 unless said."},
    {Method::Get, "/api/v1/cache/entry", get_cache_entry,
     "All that is stored under `url`: heads, freshness, why it was stored, validators, tags."},
    {Method::Get, "/api/v1/cache/why", get_cache_why,
     "What a plain GET of `url` would get now, and which clause decides."},
    {Method::Post, "/api/v1/cache/purge", post_cache_purge,
     "Forgets `url`, or what `host`, `prefix` or `tag` chooses, or with `all` everything; with "
     "`dry_run` it only counts."},
};

// The methods that a path knows, as text; empty: there is no such path.
std::string_view methods_of(std::string_view path) {
  const auto has = [path](Method method) {
    return std::ranges::any_of(
        kRoutes, [&](const Route& r) { return r.path == path && r.method == method; });
  };
  const bool get = has(Method::Get);
  const bool post = has(Method::Post);
  const bool drop = has(Method::Delete);
  return get    ? post   ? drop ? "GET, HEAD, POST, DELETE" : "GET, HEAD, POST"
                  : drop ? "GET, HEAD, DELETE"
                         : "GET, HEAD"
         : post ? drop ? "POST, DELETE" : "POST"
         : drop ? "DELETE"
                : "";
}

Reply refuse_route(std::string_view path) {
  const std::string_view methods = methods_of(path);
  if (methods.empty()) {
    return refuse(404, "There is nothing at this path; / says what there is.");
  }
  Reply reply = refuse(405, "This path has no such method.");
  reply.allow = methods;
  return reply;
}

std::string_view word_of(Method method) {
  return method == Method::Get ? "GET" : method == Method::Post ? "POST" : "DELETE";
}

}  // namespace

std::span<const Route> routes() {
  return kRoutes;
}

Reply answer(const Asked& asked, const Site& site, AdminState& state) {
  const Method method = asked.method == Method::Head ? Method::Get : asked.method;
  if (auto refusal = object(site, asked.claims, method != Method::Get)) {
    return std::move(*refusal);
  }
  const std::size_t mark = std::min(asked.target.find('?'), asked.target.size());
  Request request;
  request.method = method;
  request.path = asked.target.substr(0, mark);
  request.query = asked.target.substr(std::min(mark + 1, asked.target.size()));
  request.body = asked.body;
  if (!request.path.starts_with('/') || !well_encoded(request.query)) {
    return refuse(400, "The target must be a path, and what follows \"?\" well encoded.");
  }
  const auto route = std::ranges::find_if(
      kRoutes, [&](const Route& r) { return r.path == request.path && r.method == method; });
  if (route == std::end(kRoutes)) {
    return refuse_route(request.path);
  }
  return state.started.load(std::memory_order_acquire) ? route->answer(request, state)
                                                       : still_starting(request);
}

std::string api_reference() {
  std::string out;
  for (const Route& route : kRoutes) {
    out.append("- `").append(word_of(route.method)).append(" ").append(route.path);
    out.append("`: ").append(route.about).append("\n");
  }
  return out;
}

}  // namespace weir::admin
