// SPDX-License-Identifier: Apache-2.0
//
// The routes of the admin interface: which there are, what they answer for a state made here, and
// what is no route.
#include "proxy/admin/api.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace weir::admin {
namespace {

using http::Method;
using testing::HasSubstr;

struct Fixture {
  Fixture() {
    status.pid = 7;
    status.now = {1000 * kSecond};
    status.started = {900 * kSecond};
    status.uptime = 100 * kSecond;
    status.listeners.push_back({"office", *Endpoint::parse("127.0.0.1:3128")});
    status.workers.resize(2);
    status.workers[1].connections = 3;
    state.started = true;
    state.status = [this] { return status; };
    state.metrics = [this] { return std::vector<const Metrics*>{&metrics}; };
    state.reload = [this] { return ++reloads; };
    state.reloaded = [this](std::uint64_t ticket) {
      return report.number >= ticket ? std::optional(report) : std::nullopt;
    };
  }
  Reply ask(Method method, std::string_view target, std::string_view host = "localhost") {
    Asked asked;
    asked.method = method;
    asked.target = target;
    asked.claims.host = host;
    return answer(asked, Site{Endpoint::parse("127.0.0.1:3180"), {}}, state);
  }
  nlohmann::json status_json() {
    return nlohmann::json::parse(ask(Method::Get, "/api/v1/status").body);
  }

  ServerStatus status;
  Metrics metrics;
  ReloadReport report;
  std::uint64_t reloads = 0;
  AdminState state;
};

TEST(Routes, AreAnsweredByPathAndMethod) {
  Fixture f;
  const struct {
    Method method;
    const char* target;
    int status;
  } table[] = {
      {Method::Get, "/", 200},
      {Method::Head, "/", 200},
      {Method::Get, "/metrics", 200},
      {Method::Get, "/metrics?name[]=x", 200},
      {Method::Get, "/healthz", 200},
      {Method::Get, "/readyz", 200},
      {Method::Get, "/api/v1/status", 200},
      {Method::Get, "/api/v1/reload", 405},
      {Method::Post, "/metrics", 405},
      {Method::Delete, "/healthz", 405},
      {Method::Options, "/metrics", 405},
      {Method::Other, "/metrics", 405},
      {Method::Connect, "localhost:3180", 400},
      {Method::Get, "http://localhost/metrics", 400},
      {Method::Get, "*", 400},
      {Method::Get, "", 400},
      {Method::Get, "/metrics?a=%zz", 400},
      {Method::Get, "/metrics?a=%2", 400},
      {Method::Get, "/metrics/", 404},
      {Method::Get, "//metrics", 404},
      {Method::Get, "/api/../metrics", 404},
      {Method::Get, "/%6detrics", 404},
  };
  for (const auto& line : table) {
    EXPECT_EQ(f.ask(line.method, line.target).status, line.status) << line.target;
  }
  EXPECT_EQ(f.ask(Method::Get, "/api/v1/reload").allow, "POST");
  EXPECT_EQ(f.ask(Method::Post, "/metrics").allow, "GET, HEAD");
}

TEST(Routes, AreRefusedUnderAForeignName) {
  Fixture f;
  for (const Route& route : routes()) {
    EXPECT_EQ(f.ask(route.method, route.path, "evil.example").status, 421) << route.path;
  }
  EXPECT_EQ(f.reloads, 0u);
}

TEST(Routes, AreAllInTheDocumentation) {
  Fixture f;
  for (const Route& route : routes()) {
    EXPECT_THAT(api_reference(), HasSubstr(std::string(route.path) + "`: "));
    EXPECT_THAT(f.ask(Method::Get, "/").body, HasSubstr(std::string(route.path) + "`: "));
  }
}

TEST(Health, IsGoodWhileEveryWorkerShowsItself) {
  Fixture f;
  f.status.workers[1].silent = kStalled;
  EXPECT_EQ(f.ask(Method::Get, "/healthz").body, "ok\n");
  f.status.workers[1].silent = 7 * kSecond;
  EXPECT_EQ(f.ask(Method::Get, "/healthz").status, 503);
  EXPECT_EQ(f.ask(Method::Get, "/healthz").body, "worker 1 has not shown itself alive for 7 s\n");
  f.status.workers[1].ended = true;  // there is nothing left for it to do
  EXPECT_EQ(f.ask(Method::Get, "/healthz").status, 200);
}

TEST(Readiness, BeginsWhenTheServerHasStarted) {
  Fixture f;
  f.state.started = false;
  f.state.status = nullptr;  // nobody may be asked yet
  f.state.metrics = nullptr;
  EXPECT_EQ(f.ask(Method::Get, "/readyz").status, 503);
  EXPECT_EQ(f.ask(Method::Get, "/readyz").body, "starting\n");
  EXPECT_EQ(f.ask(Method::Get, "/healthz").status, 200);
  EXPECT_EQ(f.ask(Method::Get, "/healthz").body, "starting\n");
  for (const Route& route : routes()) {
    if (route.path != "/healthz") {
      EXPECT_EQ(f.ask(route.method, route.path).status, 503) << route.path;
    }
    EXPECT_EQ(f.ask(route.method, route.path, "evil.example").status, 421) << route.path;
  }
  EXPECT_EQ(f.ask(Method::Get, "/nothing").status, 404);
  EXPECT_EQ(f.reloads, 0u);
}

TEST(Readiness, EndsWhenTheProxyIsStopping) {
  Fixture f;
  EXPECT_EQ(f.ask(Method::Get, "/readyz").status, 200);
  f.status.draining = true;
  EXPECT_EQ(f.ask(Method::Get, "/readyz").status, 503);
  EXPECT_EQ(f.ask(Method::Get, "/healthz").status, 200);
}

TEST(Metrics, HoldThoseOfTheServerAndOfTheProcess) {
  Fixture f;
  f.metrics.add(metric::ClientAccepted, 5);
  const Reply reply = f.ask(Method::Get, "/metrics");
  EXPECT_EQ(reply.media_type, "text/plain; version=0.0.4; charset=utf-8");
  EXPECT_THAT(reply.body, HasSubstr("\nweir_client_connections_accepted_total 5\n"));
  EXPECT_THAT(reply.body, HasSubstr("\nweir_build_info{version=\"" WEIR_VERSION "\"} 1\n"));
  EXPECT_THAT(reply.body, HasSubstr("\nprocess_max_fds "));
  EXPECT_GT(f.state.own.value(metric::ProcessResident), 1 << 20);
  EXPECT_GT(f.state.own.value(metric::ProcessFds), 2);
  EXPECT_GE(f.state.own.value(metric::ProcessThreads), 1);
  EXPECT_GT(f.state.own.value(metric::ProcessStart), 1'600'000'000 * kSecond);
}

TEST(Metrics, HoldWhatTheServerSaysOfItself) {
  Fixture f;
  f.status.workers[1].silent = 7 * kSecond;
  f.status.counted_listeners = {"office"};
  f.status.policy.rules = 4;
  f.status.policy.since = {1500 * kSecond};
  f.status.policy.lists.push_back(
      {"ads", "https://lists.example/ads", 12, {400 * kSecond}, {500 * kSecond}, "", "too small"});
  Record record;
  record.status = 204;
  f.metrics.count(record);
  std::string text = f.ask(Method::Get, "/metrics").body;
  for (const char* line :
       {"weir_workers{state=\"alive\"} 1", "weir_workers{state=\"stalled\"} 1",
        "weir_config_last_reload_successful 1", "weir_policy_rules 4",
        "weir_policy_loaded_timestamp_seconds 1500", "weir_list_rules{list=\"ads\"} 12",
        "weir_list_changed_timestamp_seconds{list=\"ads\"} 400",
        "weir_list_checked_timestamp_seconds{list=\"ads\"} 500",
        "weir_list_held_back{list=\"ads\"} 1", "weir_list_failing{list=\"ads\"} 0",
        "weir_exchanges_total{listener=\"office\",decision=\"none\",status=\"2xx\",cache=\"none\"} "
        "1"}) {
    EXPECT_THAT(text, HasSubstr("\n" + std::string(line) + "\n"));
  }
  f.status.reload.number = 1;
  f.status.policy.lists.clear();
  text = f.ask(Method::Get, "/metrics").body;
  EXPECT_THAT(text, HasSubstr("\nweir_config_last_reload_successful 0\n"));
  EXPECT_THAT(text, testing::Not(HasSubstr("list=\"ads\"")));
}

TEST(StatusJson, TellsWhatThereIs) {
  Fixture f;
  f.status.config = "a \"b\".json";
  f.status.policy.in_use = true;
  f.status.policy.rules = 4;
  f.status.policy.lists.push_back(
      {"ads", "https://lists.example/ads", 12, {400 * kSecond}, {}, "no \xff route", ""});
  f.status.policy.lists.push_back({"late", "late.txt", 0, {}, {}, "", "too small"});
  const auto json = f.status_json();
  EXPECT_EQ(json["version"], WEIR_VERSION);
  EXPECT_EQ(json["config"], "a \"b\".json");
  EXPECT_EQ(json["state"], "running");
  EXPECT_EQ(json["listeners"][0]["at"], "127.0.0.1:3128");
  EXPECT_EQ(json["workers"][1]["state"], "alive");
  EXPECT_EQ(json["connections"], 3);
  EXPECT_EQ(json["uptime_seconds"], 100.0);
  EXPECT_EQ(json["policy"]["rules"], 4);
  EXPECT_EQ(json["policy"]["lists"][0]["age_seconds"], 600.0);
  EXPECT_EQ(json["policy"]["lists"][0]["failure"], "no \xef\xbf\xbd route");
  EXPECT_TRUE(json["policy"]["lists"][1]["age_seconds"].is_null());
  EXPECT_EQ(json["policy"]["lists"][1]["held_back"], "too small");
  EXPECT_TRUE(json["reload"].is_null());
  EXPECT_EQ(json["metrics"]["weir_client_connections_accepted_total"], 0);
}

TEST(Reload, IsAnsweredWhenItsOutcomeIsKnown) {
  Fixture f;
  const Reply reply = f.ask(Method::Post, "/api/v1/reload");
  ASSERT_TRUE(reply.later);
  EXPECT_EQ(f.reloads, 1u);
  EXPECT_FALSE(reply.later());
  f.report = {1, {5 * kSecond}, false, {"weir.json:3:1: no"}, {}, {}};
  const auto told = reply.later();
  ASSERT_TRUE(told);
  EXPECT_EQ(told->status, 422);
  const auto json = nlohmann::json::parse(told->body);
  EXPECT_EQ(json["outcome"], "failed");
  EXPECT_EQ(json["problems"][0], "weir.json:3:1: no");
  f.report = {2, {6 * kSecond}, true, {}, {}, {}};
  EXPECT_EQ(f.ask(Method::Post, "/api/v1/reload").later()->status, 200);
  f.status.reload = f.report;
  EXPECT_EQ(f.status_json()["reload"]["outcome"], "taken");
}

TEST(Parameters, AreDecodedAndTakenByName) {
  Request request;
  request.query = "a=1&b=x%20y+z&flag&empty=&a=2&%63=%26";
  EXPECT_EQ(request.parameter("a"), "1");
  EXPECT_EQ(request.parameter("b"), "x y z");
  EXPECT_EQ(request.parameter("flag"), "");
  EXPECT_EQ(request.parameter("empty"), "");
  EXPECT_EQ(request.parameter("c"), "&");
  EXPECT_EQ(request.parameter("d"), std::nullopt);
  EXPECT_EQ(request.number("a", 9, 10), 1u);
  EXPECT_EQ(request.number("d", 9, 10), 9u);
  EXPECT_EQ(request.number("b", 9, 10), std::nullopt);
  EXPECT_EQ(request.number("a", 9, 0), std::nullopt);
}

}  // namespace
}  // namespace weir::admin
