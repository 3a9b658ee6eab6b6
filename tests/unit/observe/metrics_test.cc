// SPDX-License-Identifier: Apache-2.0
//
// The metrics table and its three texts: rows are well named, workers are summed, histograms
// cumulate, and the JSON is JSON.
#include "proxy/observe/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <thread>

#include <nlohmann/json.hpp>

#include "proxy/observe/listener_slots.h"
#include "tests/unit/observe/sample.h"

namespace weir {
namespace {

using testing::HasSubstr;

const SlotNames kNames{{"lan", "a \"b\"\\\n"}, {"ads"}};

std::string prometheus_of(const Metrics& a) {
  const Metrics* const sources[] = {&a};
  return metrics_prometheus(sources, kNames);
}

nlohmann::json json_of(const Metrics& a) {
  const Metrics* const sources[] = {&a};
  return nlohmann::json::parse(metrics_json(sources, kNames));
}

ListenerSlot listener(int slot) {
  return static_cast<ListenerSlot>(slot);
}

TEST(Metrics, AddUpOverWorkers) {
  Metrics a;
  Metrics b;
  a.add(metric::ClientAccepted, 3);
  b.add(metric::ClientAccepted);
  a.add(metric::ClientActive, 1);
  b.add(metric::ClientActive, -2);
  b.add(metric::DnsLookups, DnsLookup::Cached, 5);
  const Metrics* const both[] = {&a, &b};
  const std::string text = metrics_prometheus(both, kNames);
  EXPECT_THAT(text, HasSubstr("\nweir_client_connections_accepted_total 4\n"));
  EXPECT_THAT(text, HasSubstr("\nweir_client_connections_active -1\n"));
  EXPECT_THAT(text, HasSubstr("\nweir_dns_lookups_total{outcome=\"cached\"} 5\n"));
  EXPECT_THAT(text, HasSubstr("# TYPE weir_client_connections_active gauge\n"));
  EXPECT_EQ(b.value(metric::ClientActive), -2);
}

TEST(Metrics, PutATimeIntoTheSmallestBucketThatHoldsIt) {
  EXPECT_EQ(bucket_of(-1, kFine), 0u);
  EXPECT_EQ(bucket_of(128, kFine), 0u);
  EXPECT_EQ(bucket_of(129, kFine), 1u);
  for (const Scale& scale : {kFine, kWide}) {
    EXPECT_EQ(bucket_of(0, scale), 0u);
    for (std::size_t i = 0; i < scale.bounds; ++i) {
      EXPECT_EQ(bucket_of(scale.bound(i), scale), i);
      EXPECT_EQ(bucket_of(scale.bound(i) + 1, scale), i + 1);
    }
    EXPECT_EQ(bucket_of(INT64_MAX, scale), scale.bounds);
  }
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
  EXPECT_EQ(m.value(metric::Exchanges,
                    ExchangeBy{{listener(0), std::nullopt, StatusClass::Class2, std::nullopt}}),
            2u);
  EXPECT_EQ(m.value(metric::Failures, Failure::OriginCut), 1u);
  EXPECT_EQ(m.value(metric::Retries), 1u);
  EXPECT_EQ(m.value(metric::ClientBytes, Direction::Out), 2 * 5432u);
  EXPECT_EQ(m.value(metric::OriginBytes, Direction::In), 2 * 5400u);
  EXPECT_EQ(json_of(m)["weir_exchange_duration_seconds"]["count"], 1);
  EXPECT_EQ(status_class(0), StatusClass::None);
  EXPECT_EQ(status_class(999), StatusClass::None);
  EXPECT_EQ(status_class(404), StatusClass::Class4);
}

TEST(Metrics, DivideExchangesBySeveralLabelsAndWriteOnlyThoseThatWere) {
  Metrics m;
  Record r = test::sample_record();
  r.listener_slot = 1;
  r.decision = "route";
  r.cache = "stale";
  m.count(r);
  m.count(r);
  r.listener_slot = 2;  // nobody says what it is called
  m.count(r);
  const std::string text = prometheus_of(m);
  EXPECT_THAT(text, HasSubstr("\nweir_exchanges_total{listener=\"a \\\"b\\\"\\\\\\n\","
                              "decision=\"route\",status=\"2xx\",cache=\"stale\"} 2\n"));
  const std::size_t first = text.find("\nweir_exchanges_total{");
  EXPECT_EQ(text.find("\nweir_exchanges_total{", first + 1), std::string::npos);
  const auto json = json_of(m)["weir_exchanges_total"];
  EXPECT_EQ(json["a \"b\"\\\n"]["route"]["2xx"]["stale"], 2);
  EXPECT_EQ(json.size(), 1u);
  EXPECT_TRUE(json_of(Metrics())["weir_exchanges_total"].is_object());
}

TEST(Metrics, HaveACellForEachCombinationOfLabels) {
  std::set<std::size_t> seen;
  for (std::size_t slot = 0; slot < LabelRows<ListenerSlot>::kCells; ++slot) {
    for (int status = 0; status < 6; ++status) {
      for (int decision = -1; decision < 8; ++decision) {
        for (int cache = -1; cache < 7; ++cache) {
          seen.insert(label_index(ExchangeBy{
              {static_cast<ListenerSlot>(slot),
               decision < 0 ? std::nullopt : std::optional(static_cast<RuleDecision>(decision)),
               static_cast<StatusClass>(status),
               cache < 0 ? std::nullopt : std::optional(static_cast<CacheResult>(cache))}}));
        }
      }
    }
  }
  EXPECT_EQ(seen.size(), LabelRows<ExchangeBy>::kCells);
  EXPECT_EQ(*seen.rbegin(), LabelRows<ExchangeBy>::kCells - 1);
}

TEST(Metrics, MeasureStepsWhereTheyWereTaken) {
  Metrics m;
  Record r = test::sample_record();
  r.dns = 0;  // it was known
  r.queue = 5;
  m.count(r);
  m.observe(metric::StepTime, 3, Step::Judge);
  const std::string text = prometheus_of(m);
  EXPECT_THAT(text, HasSubstr("weir_step_duration_seconds_count{step=\"dns\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("weir_step_duration_seconds_count{step=\"queue\"} 1\n"));
  EXPECT_THAT(text,
              HasSubstr("weir_step_duration_seconds_bucket{step=\"judge\",le=\"4e-06\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("weir_step_duration_seconds_sum{step=\"connect\"} 0.02\n"));
  EXPECT_EQ(json_of(m)["weir_step_duration_seconds"]["first_byte"]["count"], 1);
  EXPECT_EQ(json_of(m)["weir_step_duration_seconds"]["body"]["count"], 0);
}

TEST(Metrics, OfListsAreNamedWhenTheyAreWritten) {
  Metrics m;
  m.set(metric::ListRules, 7, static_cast<ListSlot>(0));
  m.set(metric::ListRules, 8, static_cast<ListSlot>(1));  // of a list that is gone
  const std::string text = prometheus_of(m);
  EXPECT_THAT(text, HasSubstr("\nweir_list_rules{list=\"ads\"} 7\n# HELP"));
  EXPECT_EQ(json_of(m)["weir_list_rules"].size(), 1u);
}

TEST(ListenerSlots, GoByNameAndTheLastIsShared) {
  ListenerSlots slots;
  EXPECT_EQ(slots.slot("lan"), listener(0));
  EXPECT_EQ(slots.slot("wlan"), listener(1));
  EXPECT_EQ(slots.slot("lan"), listener(0));
  for (int i = 0; i < 40; ++i) {
    slots.slot("further " + std::to_string(i));
  }
  EXPECT_EQ(slots.slot("new"), listener(ListenerSlots::kMost - 1));
  EXPECT_EQ(slots.slot("further 1"), listener(3));
  EXPECT_EQ(slots.names().size(), ListenerSlots::kMost);
  EXPECT_EQ(slots.names().back(), "others");
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
