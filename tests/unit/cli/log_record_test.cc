// SPDX-License-Identifier: Apache-2.0
//
// Access logs read back: lines of Weir's and of Squid's, and lines that are neither.
#include "proxy/cli/log_record.h"

#include <gtest/gtest.h>

#include "proxy/observe/access_format.h"

namespace weir::cli {
namespace {

struct Read {
  std::string text;  // which the record views
  Arena arena;
  LogRecord record;
  bool good = false;

  explicit Read(std::string_view line, LogFormat format = LogFormat::Auto) : text(line) {
    good = read_log_line(format, text, arena, record);
  }
};

Record sample() {
  Record r;
  r.started = WallTime{1'767'322'984'567'000};
  r.client = *Endpoint::parse("192.168.1.20:50000");
  r.listener = *Endpoint::parse("127.0.0.1:3128");
  r.listener_name = "office";
  r.destination = *Endpoint::parse("93.184.216.34:80");
  r.served_by = ServedBy::Origin;
  r.user = "mia";
  r.method = "GET";
  r.url = "http://example.com/a\"b\\c?d=e";
  r.version = "HTTP/1.1";
  r.status = 200;
  r.content_type = "text/html; charset=utf-8";
  r.referer = "http://example.org/\xc3\xa9";
  r.user_agent = "browser \"x\"";
  r.total = 1'500'000;
  return r;
}

std::string line_of(std::string_view format, const Record& record) {
  auto compiled = AccessFormat::compile(format);
  std::string room(AccessFormat::kMostLine, '\0');
  std::string line(compiled->write(record, room));
  line.pop_back();  // the newline
  return line;
}

TEST(LogRecord, ReadsBackWhatWeirWrites) {
  for (const char* format : {"squid", "combined", "json"}) {
    const std::string line = line_of(format, sample());
    const Read read(line);
    SCOPED_TRACE(line);
    ASSERT_TRUE(read.good);
    EXPECT_EQ(read.record.client, "192.168.1.20");
    EXPECT_EQ(read.record.user, "mia");
    EXPECT_EQ(read.record.method, "GET");
    EXPECT_EQ(read.record.status, 200);
    ASSERT_TRUE(read.record.time);
    EXPECT_EQ(read.record.time->us / kSecond, 1'767'322'984);
    EXPECT_EQ(read.record.outcome, Outcome::Allowed);
    EXPECT_FALSE(read.record.refused_before_rules);
  }
}

TEST(LogRecord, UndoesTheEscapesOfQuotedFields) {
  const Read combined(line_of("combined", sample()));
  EXPECT_EQ(combined.record.url, sample().url);
  EXPECT_EQ(combined.record.referer, sample().referer);
  EXPECT_EQ(combined.record.user_agent, sample().user_agent);
  const Read json(line_of("json", sample()));
  EXPECT_EQ(json.record.url, sample().url);
  EXPECT_EQ(json.record.referer, sample().referer);
  EXPECT_EQ(json.record.media_type, "text/html");
  EXPECT_EQ(json.record.listener, "127.0.0.1:3128");
  EXPECT_EQ(json.record.listener_name, "office");
  EXPECT_EQ(json.record.destination, IpAddress::parse("93.184.216.34"));
}

TEST(LogRecord, ReadsSquidsOwnLines) {
  const Read hit(
      "1286536308.779    180 192.168.0.224 TCP_MISS/200 411 GET http://example.com/x.gif - "
      "HIER_DIRECT/203.0.113.9 image/gif");
  ASSERT_TRUE(hit.good);
  EXPECT_EQ(hit.record.time->us, 1'286'536'308'599'000);
  EXPECT_EQ(hit.record.url, "http://example.com/x.gif");
  EXPECT_EQ(hit.record.user, "");
  EXPECT_EQ(hit.record.destination, IpAddress::parse("203.0.113.9"));
  EXPECT_EQ(hit.record.media_type, "image/gif");
  const Read denied(
      "1286536310.314      0 192.168.0.224 TCP_DENIED/403 3700 CONNECT ads.example:443 - "
      "HIER_NONE/- text/html");
  EXPECT_EQ(denied.record.outcome, Outcome::Blocked);
  EXPECT_FALSE(denied.record.refused_before_rules);
  const Read asked(
      "1286536310.314      0 192.168.0.224 TCP_DENIED/407 3700 GET http://a/ - HIER_NONE/- "
      "text/html");
  EXPECT_EQ(asked.record.outcome, Outcome::Allowed);
  EXPECT_TRUE(asked.record.refused_before_rules);
  const Read unread(
      "1286536310.314 0 ::1 NONE_NONE/400 3700 NONE error:invalid-request - HIER_NONE/- -");
  EXPECT_EQ(unread.record.method, "");
  EXPECT_TRUE(unread.record.refused_before_rules);
}

TEST(LogRecord, TakesTheDecisionFromJson) {
  const auto outcome = [](std::string_view more) {
    return Read("{\"client\":\"::1\"," + std::string(more) + "}").record.outcome;
  };
  EXPECT_EQ(outcome(R"("decision":"block","failure":"blocked")"), Outcome::Blocked);
  EXPECT_EQ(outcome(R"("decision":"close")"), Outcome::Blocked);
  EXPECT_EQ(outcome(R"("decision":"redirect")"), Outcome::Redirected);
  EXPECT_EQ(outcome(R"("decision":"allow","result":"TCP_MISS")"), Outcome::Allowed);
  EXPECT_EQ(outcome(R"("result":"TCP_DENIED","status":403)"), Outcome::Blocked);
  EXPECT_TRUE(Read(R"({"failure":"client_denied"})").record.refused_before_rules);
  EXPECT_TRUE(Read(R"({"kind":"bad_request"})").record.refused_before_rules);
}

TEST(LogRecord, RefusesOtherLines) {
  for (const char* bad :
       {"hello", "{", "{\"a\":1", "1286536308.779", "1286536308.779 180 ::1 TCP_MISS",
        "::1 - - [02/Jan/2026:03:04:05 +0000]", "::1 - - [02/Foo/2026:03:04:05 +0000] \"GET / \" 2",
        "::1 - - [] \"GET / HTTP/1.1\" 200 5", "a \"b", "[ ] \"\\"}) {
    EXPECT_FALSE(Read(bad).good) << bad;
  }
}

TEST(LogRecord, SurvivesACutAnywhere) {
  for (const char* format : {"squid", "combined", "json"}) {
    const std::string line = line_of(format, sample());
    for (std::size_t length = 0; length < line.size(); ++length) {
      const std::string cut(line, 0, length);
      (void)Read(cut);
      (void)Read(cut, LogFormat::Squid);
      (void)Read(cut, LogFormat::Combined);
    }
  }
}

// A redirect by a rule is a refusal in other words, and must not be taken for a block.
TEST(LogRecord, TellsRedirectsByRulesFromBlocks) {
  Record record = sample();
  record.served_by = ServedBy::Us;
  record.failure = Failure::Blocked;
  record.decision = "redirect";
  record.rule = "elsewhere";
  record.status = 302;
  for (const char* format : {"squid", "json"}) {
    const Read read(line_of(format, record));
    EXPECT_EQ(read.record.outcome, Outcome::Redirected) << format;
  }
}

TEST(LogRecord, SaysWhetherAResponseCame) {
  Record record = sample();
  record.origin_status = 200;
  EXPECT_EQ(Read(line_of("json", record)).record.answered, Answered::Yes);
  record.origin_status = 0;
  record.failure = Failure::DnsNotFound;
  record.decision = "default";
  EXPECT_EQ(Read(line_of("json", record)).record.answered, Answered::No);
  record.status = 502;
  EXPECT_EQ(Read(line_of("squid", record)).record.answered, Answered::Unclear);
  EXPECT_FALSE(Read(line_of("squid", record)).record.holds.referer);
  EXPECT_TRUE(Read(line_of("combined", record)).record.holds.referer);
}

}  // namespace
}  // namespace weir::cli
