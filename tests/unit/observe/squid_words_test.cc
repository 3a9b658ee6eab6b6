// SPDX-License-Identifier: Apache-2.0
//
// Which of Squid's words a record gets: one row for each way an exchange can go.
#include "proxy/observe/squid_words.h"

#include <gtest/gtest.h>

#include "tests/unit/observe/sample.h"

namespace weir {
namespace {

struct Case {
  std::string_view what;
  std::string_view expected;
  RecordKind kind = RecordKind::Exchange;
  ServedBy by = ServedBy::Origin;
  Failure failure = Failure::None;
  std::uint16_t status = 200;
  std::string_view cache = "";
  std::string_view rule = "";
  bool dialled = true;
};

constexpr auto kExchange = RecordKind::Exchange;
constexpr auto kTunnel = RecordKind::Tunnel;
constexpr auto kNobody = ServedBy::Nobody;
constexpr auto kUs = ServedBy::Us;
constexpr auto kOrigin = ServedBy::Origin;

const Case kCases[] = {
    {"forwarded", "TCP_MISS"},
    {"through a parent", "TCP_MISS", kExchange, ServedBy::Parent},
    {"client left", "TCP_MISS_ABORTED", kExchange, kOrigin, Failure::ClientGone},
    {"client stalled", "TCP_MISS_TIMEDOUT", kExchange, kOrigin, Failure::ClientStalled},
    {"origin cut", "TCP_MISS_ABORTED", kExchange, kOrigin, Failure::OriginCut},
    {"origin went silent", "TCP_MISS_TIMEDOUT", kExchange, kOrigin, Failure::OriginBodyTimeout},
    {"refused by origin", "TCP_MISS", kExchange, kUs, Failure::ConnectRefused, 502},
    {"no such name", "TCP_MISS", kExchange, kUs, Failure::DnsNotFound, 502, "", "", false},
    {"tunnel", "TCP_TUNNEL", kTunnel},
    {"tunnel idle", "TCP_TUNNEL_TIMEDOUT", kTunnel, kOrigin, Failure::TunnelIdle},
    {"tunnel failed", "TCP_TUNNEL", kTunnel, kUs, Failure::ConnectTimeout, 504},
    {"upgraded", "TCP_TUNNEL", RecordKind::Upgrade, kOrigin, Failure::None, 101},
    {"blocked", "TCP_DENIED", kExchange, kUs, Failure::Blocked, 403, "", "r", false},
    {"tunnel denied", "TCP_DENIED", kTunnel, kUs, Failure::PortDenied, 403, "", "", false},
    {"needs a user", "TCP_DENIED", kExchange, kUs, Failure::AuthRequired, 407, "", "", false},
    {"bad request", "NONE_NONE", RecordKind::BadRequest, kUs, Failure::BadField, 400, "", "",
     false},
    {"bad host", "NONE_NONE", kExchange, kUs, Failure::BadHost, 400, "", "", false},
    {"head late", "NONE_NONE_TIMEDOUT", RecordKind::BadRequest, kUs, Failure::HeadTimeout, 408, "",
     "", false},
    {"gone before asking", "NONE_NONE_ABORTED", RecordKind::BadRequest, kNobody, Failure::ClientCut,
     0, "", "", false},
    {"answered here", "NONE_NONE", kExchange, kUs, Failure::None, 200, "", "", false},
    {"redirected by rule", "TCP_REDIRECT", kExchange, kUs, Failure::None, 302, "", "r", false},
    {"hit", "TCP_HIT", kExchange, kUs, Failure::None, 200, "hit", "", false},
    {"hit, client left", "TCP_HIT_ABORTED", kExchange, kUs, Failure::ClientGone, 200, "hit", "",
     false},
    {"revalidated", "TCP_REFRESH_UNMODIFIED", kExchange, kOrigin, Failure::None, 200,
     "revalidated"},
    {"miss", "TCP_MISS", kExchange, kOrigin, Failure::None, 200, "miss"},
};

TEST(SquidWords, NameEveryWayAnExchangeCanGo) {
  for (const Case& c : kCases) {
    Record r = test::sample_record();
    r.kind = c.kind;
    r.served_by = c.by;
    r.failure = c.failure;
    r.status = c.status;
    r.cache = c.cache;
    r.rule = c.rule;
    r.destination.port = c.dialled ? 80 : 0;
    EXPECT_EQ(squid_result(r), c.expected) << c.what;
  }
}

TEST(SquidWords, HaveAResultForEveryFailure) {
  for (const FailureRow& row : failure_rows()) {
    Record r = test::sample_record();
    r.failure = row.id;
    EXPECT_TRUE(squid_result(r).starts_with("TCP_")) << row.name;
    r.kind = RecordKind::BadRequest;
    r.method = "";
    EXPECT_EQ(squid_result(r).starts_with("NONE_NONE"), row.fault != Fault::Policy) << row.name;
  }
}

TEST(SquidWords, HierarchyTellsDirectFromParentFromNone) {
  Record r = test::sample_record();
  EXPECT_EQ(squid_hierarchy(r), "HIER_DIRECT");
  r.parent = "upstream";
  EXPECT_EQ(squid_hierarchy(r), "FIRSTUP_PARENT");
  EXPECT_EQ(test::line_of(r, "%{hierarchy}/%{peer}"), "FIRSTUP_PARENT/upstream\n");
  r.parent = "";
  r.destination = {};
  EXPECT_EQ(squid_hierarchy(r), "HIER_NONE");
}

}  // namespace
}  // namespace weir
