// SPDX-License-Identifier: Apache-2.0
//
// What a running proxy says of itself, for people: whole, of another version, and not ours at all.
#include "proxy/cli/status_text.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <ctime>

namespace weir::cli {
namespace {

class StatusText : public testing::Test {
 protected:
  StatusText() {
    ::setenv("TZ", "UTC", 1);
    ::tzset();
  }
  ~StatusText() override {
    ::unsetenv("TZ");
    ::tzset();
  }
};

TEST_F(StatusText, TellsEverything) {
  const auto text = status_text(R"({"version":"1.2.3","pid":77,"config":"weir.json",
    "uptime_seconds":7300.5,"state":"running","new":{"a":[1,null]},
    "listeners":[{"name":"a","at":"127.0.0.1:3128"},{"name":"b","at":"[::1]:3128"}],
    "workers":[{"state":"alive"},{"state":"stalled"},{"state":"alive"}],"connections":12,
    "policy":{"in_use":true,"since":1767355200.0,"rules":3,"lists":[
      {"name":"ads","source":"https://lists.example/a","rules":12345,"age_seconds":200000.0,
       "failure":"no \u001b[2J route","held_back":"too small"},
      {"name":"b","source":"b.txt","rules":0,"age_seconds":null,"failure":null,"held_back":null}]},
    "reload":{"outcome":"failed","at":1767355200.0,"problems":["weir.json:3:1: no"],"warnings":[]},
    "metrics":{"weir_exchanges_total":{"lan":{"allow":{"2xx":{"hit":1000,"miss":3000}},
        "block":{"4xx":{"none":2}}}},"weir_failures_total":{"blocked":2},
      "weir_exchange_duration_seconds":{"count":100,"sum_seconds":1.5,
        "buckets":{"0.000128":40,"0.000256":58,"1.048576":1,"+Inf":1}},
      "weir_cache_objects":{"memory":1500,"disk":20},"weir_cache_bytes":{"memory":1048576,"disk":0},
      "weir_cache_limit_bytes":{"memory":2097152,"disk":1073741824},
      "weir_origin_connections_open":12,"weir_origin_connections_idle":8,
      "weir_tunnels_active":{"connect":2,"tls":1},"weir_loop_stalls_total":1,
      "process_resident_memory_bytes":41943040,"process_open_fds":70,"process_max_fds":1024,
      "process_cpu_seconds_total":12.345,"weir_access_log_records_dropped_total":1}})");
  EXPECT_EQ(
      text.value_or("?"),
      "weir 1.2.3, process 77, running for 2 h\n"
      "configuration  weir.json\n"
      "listening      a 127.0.0.1:3128\n"
      "               b [::1]:3128\n"
      "workers        2 alive, 1 stalled\n"
      "clients        12 connections now, 4,002 requests so far, 2 of them refused or failed\n"
      "answers        4,000 2xx, 0 3xx, 2 4xx, 0 5xx\n"
      "               half within 0.256 ms, 99 of 100 within 1.05 s\n"
      "rules          2 requests blocked, 0.05 % of all\n"
      "cache          in memory 1,500 answers, 1.0 MiB of 2.0 MiB\n"
      "               on disk 20 answers, 0 B of 1.0 GiB\n"
      "               25 % of 4,000 requests that it takes part in are answered from it\n"
      "origins        12 connections, 8 of them idle; 0 requests waiting for one\n"
      "tunnels        3 open\n"
      "process        40.0 MiB of memory, 70 of 1,024 descriptors, 12.3 s of processor time\n"
      "               workers stood still 1 times\n"
      "access log     1 records dropped\n"
      "policy         3 rules, since 2026-01-02 12:00:00 +0000\n"
      "last reload    failed at 2026-01-02 12:00:00 +0000\n"
      "               weir.json:3:1: no\n"
      "lists          ads: 12,345 rules, 2 days old, https://lists.example/a\n"
      "                 not refreshed: no \\x1b[2J route\n"
      "                 a new version is held back: too small\n"
      "               b: 0 rules, not there, b.txt\n");
}

TEST_F(StatusText, LeavesOutWhatIsMissing) {
  EXPECT_EQ(status_text("{}").value_or("?").find("weir , process 0"), 0u);
  EXPECT_FALSE(status_text("ok\n"));
  EXPECT_FALSE(status_text(R"({"workers":7})"));
  EXPECT_FALSE(status_text(R"({"version":"1")"));
}

TEST_F(StatusText, TellsTheOutcomeOfAReload) {
  const ReloadOutcome good = read_reload(R"({"outcome":"taken","problems":[],"warnings":["w"]})");
  EXPECT_TRUE(good.taken);
  EXPECT_EQ(good.warnings, std::vector<std::string>{"w"});
  const ReloadOutcome bad = read_reload(R"({"outcome":"failed","problems":["a","b"]})");
  EXPECT_FALSE(bad.taken);
  EXPECT_EQ(bad.problems.size(), 2u);
  EXPECT_FALSE(read_reload("nonsense").taken);
}

TEST_F(StatusText, TellsLengthsRoughly) {
  const std::pair<double, const char*> table[] = {
      {0, "0 s"},        {-3, "0 s"},   {119.9, "119 s"}, {120, "2 min"},
      {7199, "119 min"}, {7200, "2 h"}, {172799, "47 h"}, {172800, "2 days"}};
  for (const auto& [seconds, words] : table) {
    EXPECT_EQ(rough_length(seconds), words);
  }
}

}  // namespace
}  // namespace weir::cli
