// SPDX-License-Identifier: Apache-2.0
//
// Access-log formats: golden lines, what is refused and how it is said, and hostile values, which
// must come out as one line whose fields are where they belong.
#include "proxy/observe/access_format.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "tests/unit/observe/sample.h"

namespace weir {
namespace {

using namespace std::string_view_literals;
using test::line_of;
using test::sample_record;
using test::sample_tunnel;

std::vector<std::string> words_of(std::string_view line) {
  std::vector<std::string> words;
  std::string word;
  for (const char c : line) {
    if (c != ' ' && c != '\n') {
      word.push_back(c);
    } else if (!word.empty()) {
      words.push_back(std::exchange(word, {}));
    }
  }
  return words;
}

std::string error_of(std::string_view format) {
  const auto compiled = AccessFormat::compile(format);
  return compiled ? "" : compiled.error();
}

TEST(AccessFormat, WritesSquidsNativeLine) {
  EXPECT_EQ(line_of(sample_record(), "squid"),
            "1767323045.766     87 10.0.0.7 TCP_MISS/200 5432 GET "
            "http://www.example.com/news/today.html?page=2 anna HIER_DIRECT/203.0.113.5 "
            "text/html\n");
  EXPECT_EQ(line_of(sample_tunnel(), "squid"),
            "1767323058.024  12345 10.0.0.7 TCP_TUNNEL/200 5432 CONNECT www.example.com:443 anna "
            "HIER_DIRECT/203.0.113.5 -\n");
}

TEST(AccessFormat, WritesAnUnreadableRequestInSquidsWay) {
  Record r;
  r.kind = RecordKind::BadRequest;
  r.started = WallTime{5'000'000};
  r.client.address = *IpAddress::parse("2001:db8::1");
  r.status = 400;
  r.failure = Failure::BadRequestLine;
  r.bytes_to_client = 321;
  EXPECT_EQ(line_of(r, "squid"),
            "        5.000      0 2001:db8::1 NONE_NONE/400 321 NONE error:invalid-request - "
            "HIER_NONE/- -\n");
  EXPECT_EQ(line_of(r, "combined"),
            "2001:db8::1 - - [01/Jan/1970:00:00:05 +0000] \"-\" 400 0 \"-\" \"-\"\n");
}

TEST(AccessFormat, WritesApachesCombinedLine) {
  EXPECT_EQ(line_of(sample_record(), "combined"),
            "10.0.0.7 - anna [02/Jan/2026:03:04:05 +0000] "
            "\"GET http://www.example.com/news/today.html?page=2 HTTP/1.1\" 200 5120 "
            "\"http://www.example.com/\" "
            "\"Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0\"\n");
}

TEST(AccessFormat, WritesOneJsonObjectWithEveryField) {
  Record r = sample_record();
  r.failure = Failure::Blocked;
  r.rule = "||ads.example^";
  r.list = "house";
  r.would_have = "redirect";
  r.cache = "miss";
  r.cache_reason = "no-store";
  r.retried = true;
  r.client_mac = {2, 0x57, 0x65, 0x69, 0x72, 7};
  r.client_name = "toms-phone";
  const auto object = nlohmann::json::parse(line_of(r, "json"));
  EXPECT_EQ(object["time"], "2026-01-02T03:04:05.678Z");
  EXPECT_EQ(object["id"], "0123456789abcdef");
  EXPECT_EQ(object["client"], "10.0.0.7");
  EXPECT_EQ(object["client_port"], 51234);
  EXPECT_EQ(object["client_mac"], "02:57:65:69:72:07");
  EXPECT_EQ(object["client_name"], "toms-phone");
  EXPECT_EQ(object["listener"], "10.0.0.1:3128");
  EXPECT_EQ(object["listener_name"], "office");
  EXPECT_EQ(object["destination"], "203.0.113.5:80");
  EXPECT_EQ(object["url"], r.url);
  EXPECT_EQ(object["status"], 200);
  EXPECT_EQ(object["failure"], "blocked");
  EXPECT_EQ(object["rule"], "||ads.example^");
  EXPECT_EQ(object["list"], "house");
  EXPECT_EQ(object["would_have"], "redirect");
  EXPECT_EQ(object["cache"], "miss");
  EXPECT_EQ(object["cache_reason"], "no-store");
  EXPECT_EQ(object["retried"], true);
  EXPECT_EQ(object["origin_reused"], false);
  EXPECT_EQ(object["bytes_to_origin"], 600);
  EXPECT_EQ(object["dns_us"], 1500);
  EXPECT_TRUE(object["queue_us"].is_null());
  EXPECT_TRUE(object["parent"].is_null());
  EXPECT_EQ(object["total_us"], 87654);
  std::size_t expected = 0;
  for (const AccessField& field : access_fields()) {
    EXPECT_EQ(object.contains(field.name), field.in_json) << field.name;
    expected += field.in_json ? 1 : 0;
  }
  EXPECT_EQ(object.size(), expected);
}

TEST(AccessFormat, AnEmptyRecordIsStillAWholeLine) {
  const auto object = nlohmann::json::parse(line_of(Record{}, "json"));
  EXPECT_EQ(object["status"], 0);
  EXPECT_TRUE(object["destination"].is_null());
  EXPECT_TRUE(object["failure"].is_null());
  EXPECT_EQ(words_of(line_of(Record{}, "squid")).size(), 10u);
}

TEST(AccessFormat, FollowsAFormatString) {
  struct Case {
    std::string_view format;
    std::string_view line;
  };
  const Case cases[] = {
      {"%{status}", "200\n"},
      {"100%% %{method}\t%{host}", "100% GET\twww.example.com\n"},
      {"[%8{total_ms}]", "[      87]\n"},
      {"[%2{total_us}]", "[87654]\n"},
      {"%{failure} %{queue_us} %{dns_us}", "- - 1500\n"},
      {"%{request}", "GET%20http://www.example.com/news/today.html?page=2%20HTTP/1.1\n"},
      {"%{peer}|%{kind}|%{served_by}", "203.0.113.5|exchange|origin\n"},
      {"%{origin_reused}%{client_reused}", "01\n"},
      {"%{epoch} %{end_epoch}", "1767323045.678 1767323045.766\n"},
      {"\"%{user_agent}\"",
       "\"Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0\"\n"},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(line_of(sample_record(), c.format), c.line) << c.format;
  }
}

TEST(AccessFormat, PrintsIpv6EndpointsInBrackets) {
  Record r = sample_record();
  r.destination = {*IpAddress::parse("2001:db8::5"), 8080};
  EXPECT_EQ(line_of(r, "%{destination} %{peer}"), "[2001:db8::5]:8080 2001:db8::5\n");
}

TEST(AccessFormat, SaysWhereAFormatIsWrongAndWhatIsNear) {
  EXPECT_EQ(error_of("%{status} %{clinet}"),
            "at character 13: there is no field \"clinet\"; the nearest is \"client\"");
  EXPECT_EQ(error_of("a %{user agent}"),
            "at character 5: there is no field \"user agent\"; the nearest is \"user_agent\"");
  EXPECT_THAT(error_of("%{status"), testing::StartsWith("at character 2: '{' has no '}'"));
  EXPECT_THAT(error_of("%s"), testing::StartsWith("at character 1: '%' starts a field"));
  EXPECT_THAT(error_of("%{status}%"), testing::StartsWith("at character 10: "));
  EXPECT_THAT(error_of("%12"), testing::StartsWith("at character 1: "));
  EXPECT_THAT(error_of("%65{status}"), testing::StartsWith("at character 2: the width"));
  EXPECT_THAT(error_of("%{status}\n%{url}"), testing::StartsWith("at character 10: "));
  EXPECT_THAT(error_of("%{url}\x7f"), testing::StartsWith("at character 7: "));
  EXPECT_THAT(error_of("sqiud"), testing::HasSubstr("squid, combined, json"));
  EXPECT_THAT(error_of(""), testing::HasSubstr("names no field"));
  EXPECT_EQ(error_of(std::string(20'000, 'x') + "%{status}"), "the format is too long");
}

// Bytes that would end a line, a field or a string if they got through.
constexpr std::string_view kEvil =
    "x\r\n1767323045.766 1 10.0.0.9 TCP_MISS/200 \"},{\"a\":\"b\\\" \t\x1b[31m\x00\xff|,]"sv;

Record hostile_record() {
  Record r = sample_record();
  r.user = r.method = r.url = r.host = r.version = r.content_type = kEvil;
  r.rule = r.list = r.would_have = r.cache = r.cache_reason = kEvil;
  r.referer = r.user_agent = kEvil;
  return r;
}

TEST(AccessFormat, AStrangerCannotForgeALineOrAField) {
  const Record evil = hostile_record();
  for (const std::string_view format : {"squid", "combined", "json", "%{url}|%{user},%{host}]"}) {
    const std::string line = line_of(evil, format);
    EXPECT_EQ(std::ranges::count(line, '\n'), 1) << line;
    EXPECT_TRUE(line.ends_with('\n'));
    const auto printable = [](char c) { return c >= 0x20 && c < 0x7f; };
    EXPECT_TRUE(std::ranges::all_of(line.substr(0, line.size() - 1), printable)) << line;
  }
  EXPECT_EQ(words_of(line_of(evil, "squid")).size(), 10u);
  EXPECT_EQ(std::ranges::count(line_of(evil, "combined"), '"'), 6);
  const std::string custom = line_of(evil, "%{url}|%{user},%{host}]");
  EXPECT_EQ(std::ranges::count(custom, '|'), 1);
  EXPECT_EQ(std::ranges::count(custom, ','), 1);
  EXPECT_EQ(std::ranges::count(custom, ']'), 1);
  const auto object = nlohmann::json::parse(line_of(evil, "json"));
  EXPECT_EQ(object["status"], 200);
  EXPECT_TRUE(std::string(object["url"]).starts_with("x\r\n1767323045"));
  EXPECT_FALSE(object.contains("a"));
}

TEST(AccessFormat, ASpaceInTheUrlDoesNotMoveThePartsOfTheRequestLine) {
  Record r = sample_record();
  r.url = "http://a/ HTTP/9.9";
  EXPECT_EQ(line_of(r, "\"%{request}\""), "\"GET http://a/\\x20HTTP/9.9 HTTP/1.1\"\n");
}

TEST(AccessFormat, ShortensWhatIsTooLongAndKeepsTheLineWhole) {
  const std::string huge(100'000, 'u');
  Record r = sample_record();
  r.url = r.user_agent = r.referer = r.user = huge;
  for (const std::string_view format : {"squid", "combined", "json"}) {
    const std::string line = line_of(r, format);
    EXPECT_LE(line.size(), AccessFormat::kMostLine);
    EXPECT_TRUE(line.ends_with('\n'));
    EXPECT_EQ(std::ranges::count(line, '\n'), 1);
  }
  EXPECT_TRUE(line_of(r, "squid").ends_with("... HIER_DIRECT/203.0.113.5 text/html\n"));
  EXPECT_EQ(words_of(line_of(r, "squid")).at(6).size(), kUrlField);
  EXPECT_EQ(std::string(nlohmann::json::parse(line_of(r, "json"))["user"]).size(), kTextField - 2);
}

TEST(AccessFormat, ManyLongFieldsShareTheRoomThatThereIs) {
  const std::string huge(100'000, '\n');
  Record r = sample_record();
  r.url = huge;
  std::string format;
  for (int i = 0; i < 100; ++i) {
    format += "%{url} ";
  }
  const std::string line = line_of(r, format + "%{status}");
  EXPECT_LE(line.size(), AccessFormat::kMostLine);
  EXPECT_EQ(words_of(line).size(), 101u);
  EXPECT_TRUE(line.ends_with("... 200\n"));
}

TEST(AccessFormat, EveryRoomFromTheSmallestOnHoldsAWholeLine) {
  const std::string huge(3000, '"');
  Record r = hostile_record();
  r.url = r.user = r.version = huge;
  for (const std::string_view format : {"squid", "combined", "json"}) {
    auto compiled = AccessFormat::compile(format);
    ASSERT_TRUE(compiled);
    const std::size_t least = compiled->smallest_room();
    for (std::size_t size = least; size < least + 1500; ++size) {
      std::string room(size, '\0');
      const std::string_view line = compiled->write(r, room);
      ASSERT_TRUE(line.ends_with('\n')) << size;
      ASSERT_EQ(std::ranges::count(line, '\n'), 1) << size;
      if (format == "json") {
        ASSERT_TRUE(nlohmann::json::accept(line)) << line;
      }
    }
  }
}

TEST(AccessFormat, WritingALineNeverAllocates) {
  const Record ordinary = sample_record();
  const Record evil = hostile_record();
  std::string room(AccessFormat::kMostLine, '\0');
  for (const std::string_view format : {"squid", "combined", "json", "%9{url} %{request}"}) {
    auto compiled = AccessFormat::compile(format);
    ASSERT_TRUE(compiled);
    const std::uint64_t before = test::allocations();
    for (Record r : {ordinary, evil}) {
      for (int i = 0; i < 5; ++i) {
        r.started.us += kSecond;
        compiled->write(r, room);
      }
    }
    EXPECT_EQ(test::allocations(), before) << format;
  }
}

TEST(AccessFormat, TheReferenceNamesEveryField) {
  const std::string reference = access_fields_reference();
  for (const AccessField& field : access_fields()) {
    EXPECT_THAT(reference, testing::HasSubstr("`%{" + std::string(field.name) + "}`: "));
    EXPECT_EQ(find_access_field(field.name), &field) << "two fields of one name";
  }
}

}  // namespace
}  // namespace weir
