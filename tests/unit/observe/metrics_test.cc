// SPDX-License-Identifier: Apache-2.0
//
// The metrics table and its three texts: rows are well named, workers are summed, histograms
// cumulate, and the JSON is JSON.
#include "proxy/observe/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>

#include <nlohmann/json.hpp>

#include "tests/unit/observe/sample.h"

namespace weir {
namespace {

using testing::HasSubstr;

std::string prometheus_of(const Metrics& a) {
  const Metrics* const sources[] = {&a};
  return metrics_prometheus(sources);
}

nlohmann::json json_of(const Metrics& a) {
  const Metrics* const sources[] = {&a};
  return nlohmann::json::parse(metrics_json(sources));
}

TEST(Metrics, AddUpOverWorkers) {
  Metrics a;
  Metrics b;
  a.add(metric::ClientAccepted, 3);
  b.add(metric::ClientAccepted);
  a.add(metric::ClientActive, 1);
  b.add(metric::ClientActive, -2);
  b.add(metric::DnsLookups, DnsOutcome::Cached, 5);
  const Metrics* const both[] = {&a, &b};
  const std::string text = metrics_prometheus(both);
  EXPECT_THAT(text, HasSubstr("\nweir_client_connections_accepted_total 4\n"));
  EXPECT_THAT(text, HasSubstr("\nweir_client_connections_active -1\n"));
  EXPECT_THAT(text, HasSubstr("\nweir_dns_lookups_total{outcome=\"cached\"} 5\n"));
  EXPECT_THAT(text, HasSubstr("# TYPE weir_client_connections_active gauge\n"));
  EXPECT_EQ(b.value(metric::ClientActive), -2);
}

TEST(Metrics, PutATimeIntoTheSmallestBucketThatHoldsIt) {
  EXPECT_EQ(bucket_of(-1), 0u);
  EXPECT_EQ(bucket_of(0), 0u);
  EXPECT_EQ(bucket_of(128), 0u);
  EXPECT_EQ(bucket_of(129), 1u);
  EXPECT_EQ(bucket_of(256), 1u);
  EXPECT_EQ(bucket_of(257), 2u);
  EXPECT_EQ(bucket_of(Micros{1} << 27), kBounds - 1);
  EXPECT_EQ(bucket_of((Micros{1} << 27) + 1), kBounds);
  EXPECT_EQ(bucket_of(INT64_MAX), kBounds);
}

TEST(Metrics, HistogramsCumulateAndEndInAll) {
  Metrics m;
  m.observe(metric::TotalTime, 100);
  m.observe(metric::TotalTime, 200);
  m.observe(metric::TotalTime, 1000 * kSecond);
  const std::string text = prometheus_of(m);
  EXPECT_THAT(text, HasSubstr("weir_exchange_duration_seconds_bucket{le=\"0.000128\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("weir_exchange_duration_seconds_bucket{le=\"0.000256\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("weir_exchange_duration_seconds_bucket{le=\"134.217728\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("weir_exchange_duration_seconds_bucket{le=\"+Inf\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("weir_exchange_duration_seconds_sum 1000.0003\n"));
  EXPECT_THAT(text, HasSubstr("weir_exchange_duration_seconds_count 3\n"));
  const auto json = json_of(m)["weir_exchange_duration_seconds"];
  EXPECT_EQ(json["count"], 3);
  EXPECT_EQ(json["buckets"]["0.000256"], 1);
}

TEST(Metrics, CountARecordOnce) {
  Metrics m;
  Record r = test::sample_record();
  r.retried = true;
  r.failure = Failure::OriginCut;
  m.count(r);
  m.count(test::sample_tunnel());
  EXPECT_EQ(m.value(metric::Exchanges, StatusClass::Class2), 2u);
  EXPECT_EQ(m.value(metric::Failures, Failure::OriginCut), 1u);
  EXPECT_EQ(m.value(metric::Retries), 1u);
  EXPECT_EQ(m.value(metric::Tunnels), 1u);
  EXPECT_EQ(m.value(metric::ClientBytes, Direction::Out), 2 * 5432u);
  EXPECT_EQ(m.value(metric::OriginBytes, Direction::In), 2 * 5400u);
  EXPECT_EQ(json_of(m)["weir_exchange_duration_seconds"]["count"], 1);
  EXPECT_EQ(status_class(0), StatusClass::None);
  EXPECT_EQ(status_class(999), StatusClass::None);
  EXPECT_EQ(status_class(404), StatusClass::Class4);
}

TEST(Metrics, HaveALabelForEveryFailure) {
  Metrics m;
  for (const FailureRow& row : failure_rows()) {
    m.add(metric::Failures, row.id);
  }
  const auto failures = json_of(m)["weir_failures_total"];
  EXPECT_EQ(failures.size(), failure_rows().size());
  for (const FailureRow& row : failure_rows()) {
    EXPECT_EQ(failures[std::string(row.word)], 1) << row.name;
  }
}

TEST(Metrics, AreNamedByTheRules) {
  const Metrics empty;
  const auto object = json_of(empty);
  const std::string text = prometheus_of(empty);
  EXPECT_THAT(text, testing::EndsWith("\n"));
  for (const auto& [name, value] : object.items()) {
    EXPECT_THAT(name, testing::MatchesRegex("(weir|process)_[a-z_]+"));
    const bool counter = text.find("# TYPE " + name + " counter\n") != std::string::npos;
    EXPECT_EQ(counter, name.ends_with("_total")) << name;
    EXPECT_THAT(metrics_reference(), HasSubstr("`" + name + "`"));
    EXPECT_THAT(text, HasSubstr("# HELP " + name + " "));
  }
}

TEST(Metrics, MayBeReadWhileAWorkerCounts) {
  Metrics m;
  std::thread worker([&m] {
    for (int i = 0; i < 100'000; ++i) {
      m.add(metric::ClientAccepted);
    }
  });
  std::uint64_t last = 0;
  while (last < 100'000) {
    const std::uint64_t now = m.value(metric::ClientAccepted);
    ASSERT_GE(now, last);
    last = now;
  }
  worker.join();
}

}  // namespace
}  // namespace weir
