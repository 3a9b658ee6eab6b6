// SPDX-License-Identifier: Apache-2.0
//
// Every condition by tables: what is written, what is asked, whether it holds.
#include "tests/unit/filters/policy/build.h"

namespace weir::filters::test {
namespace {

// Whether a rule with this condition alone decides.
bool holds(const Condition& condition, Asked& asked, Phase phase = Phase::Request) {
  Draft draft;
  draft.group("kids", {"10.0.0.0/8"}).group("staff", {"192.0.2.0/24"});
  draft.add(rule("it", {condition}, {act(ActionKind::Block)}));
  return judged(draft, asked, phase) == "block by it";
}

struct HostRow {
  std::string pattern;
  std::string url;
  bool expected;
};

TEST(Conditions, HostsAreNamesSuffixesWildcardsAndAddresses) {
  const std::vector<HostRow> rows = {
      {"example.com", "http://example.com/", true},
      {"example.com", "http://www.example.com/", false},
      {"example.com", "http://example.com.evil.test/", false},
      {"EXAMPLE.com.", "http://example.com/", true},
      {".example.com", "http://example.com/", true},
      {".example.com", "http://a.b.example.com/", true},
      {".example.com", "http://badexample.com/", false},
      {"*.example.com", "http://example.com/", false},
      {"*.example.com", "http://www.example.com/", true},
      {"*.example.com", "http://a.b.example.com/", true},
      {"ads*.example.com", "http://ads1.example.com/", true},
      {"ads*.example.com", "http://ads.example.com/", true},
      {"ads*.example.com", "http://ads.x.example.com/", false},
      {"ads*.example.com", "http://xads.example.com/", false},
      {"www.*.test", "http://www.a.test/", true},
      {"www.*.test", "http://www.a.b.test/", false},
      {"*-cdn.*.test", "http://x-cdn.y.test/", true},
      {"192.0.2.1", "http://192.0.2.1/", true},
      {"192.0.2.1", "http://[::ffff:192.0.2.1]/", true},
      {"192.0.2.1", "http://[64:ff9b::c000:201]/", true},
      {"192.0.2.1", "http://192.0.2.2/", false},
      {"2001:db8::1", "http://[2001:db8:0::1]/", true},
      {"[2001:db8::1]", "http://[2001:DB8::1]/", true},
  };
  for (const auto& row : rows) {
    Asked asked(row.url);
    EXPECT_EQ(holds(is(Kind::Host, {"other.test", row.pattern}), asked), row.expected)
        << row.pattern << " " << row.url;
  }
}

TEST(Conditions, PathsBeginAtSegments) {
  struct Row {
    std::string prefix;
    std::string path;
    bool expected;
  };
  const std::vector<Row> rows = {
      {"/ads", "/ads", true},
      {"/ads", "/ads/x", true},
      {"/ads", "/ads?x=1", true},
      {"/ads", "/adsense", false},
      {"/ads", "/ADS", false},
      {"/ads/", "/ads/x", true},
      {"/ads/", "/ads", false},
      {"/", "/anything", true},
      {"/%61ds", "/ads/", true},
      {"/ads", "/%61ds/", true},
      {"/ads", "/x/../ads/", true},
      {"/ads", "/./ads", true},
      {"/open", "/open/../closed", false},
      {"/open", "/open/..", false},
      {"/ads", "/x/%2e%2e/ads", true},
  };
  for (const auto& row : rows) {
    Asked asked("http://a.test" + row.path);
    EXPECT_EQ(holds(is(Kind::PathPrefix, {row.prefix}), asked), row.expected)
        << row.prefix << " " << row.path;
  }
}

TEST(Conditions, QueriesAreComparedAsTheyAreMeant) {
  using How = ValueMatch::How;
  struct Row {
    ValueMatch match;
    std::string query;
    bool expected;
  };
  const std::vector<Row> rows = {
      {{"q", How::Present, ""}, "?q=1", true},
      {{"q", How::Present, ""}, "?q", true},
      {{"q", How::Present, ""}, "?p=1", false},
      {{"q", How::Present, ""}, "", false},
      {{"q", How::Absent, ""}, "", true},
      {{"q", How::Absent, ""}, "?qq=1", true},
      {{"q", How::Absent, ""}, "?a&q", false},
      {{"q", How::Wildcard, "*bad word*"}, "?q=some+bad%20word+here", true},
      {{"q", How::Wildcard, "bad"}, "?q=good&q=bad", true},
      {{"q", How::Wildcard, "bad"}, "?q=bad&q=good", true},
      {{"q", How::Wildcard, "bad"}, "?%71=bad", true},
      {{"q", How::Wildcard, "bad"}, "?Q=bad", false},
      {{"q", How::Wildcard, ""}, "?q=", true},
      {{"q", How::Expression, "^b.d$"}, "?q=bid", true},
      {{"q", How::Expression, "^b.d$"}, "?q=bids", false},
      {{"q", How::Expression, "\\xff"}, "?q=%FF", true},
  };
  for (const auto& row : rows) {
    Asked asked("http://a.test/" + row.query);
    EXPECT_EQ(holds(matching(Kind::Query, {row.match}), asked), row.expected) << row.query;
  }
}

TEST(Conditions, AllMembersOfAMatchMustHold) {
  using How = ValueMatch::How;
  const Condition both = matching(Kind::Query, {{"a", How::Present, ""}, {"b", How::Absent, ""}});
  Asked a("http://a.test/?a");
  Asked a_and_b("http://a.test/?a&b");
  EXPECT_TRUE(holds(both, a));
  EXPECT_FALSE(holds(both, a_and_b));
}

TEST(Conditions, FieldsAreFoundWithoutCaseAndInEveryLine) {
  using How = ValueMatch::How;
  Asked asked("http://a.test/");
  asked.request_fields = {{"User-Agent", "curl/8"}, {"X-A", "one"}, {"x-a", "two"}};
  EXPECT_TRUE(
      holds(matching(Kind::RequestField, {{"user-agent", How::Wildcard, "curl/*"}}), asked));
  EXPECT_TRUE(holds(matching(Kind::RequestField, {{"x-a", How::Wildcard, "two"}}), asked));
  EXPECT_TRUE(holds(matching(Kind::RequestField, {{"cookie", How::Absent, ""}}), asked));
  EXPECT_FALSE(holds(matching(Kind::RequestField, {{"x-a", How::Expression, "three"}}), asked));
  asked.response_fields = {{"Server", "nginx"}};
  const auto server = matching(Kind::ResponseField, {{"server", How::Present, ""}});
  EXPECT_FALSE(holds(server, asked));
  EXPECT_TRUE(holds(server, asked, Phase::Response));
}

TEST(Conditions, ExtensionsAreThoseOfTheLastSegment) {
  const Condition exe = is(Kind::Extension, {"exe", "MSI"});
  for (const auto& [path, expected] :
       std::vector<std::pair<std::string, bool>>{{"/a.exe", true},
                                                 {"/a.EXE?x=1", true},
                                                 {"/a.msi", true},
                                                 {"/a.exe;v=1", true},
                                                 {"/a%2Eexe", true},
                                                 {"/a.exe/", false},
                                                 {"/exe", false},
                                                 {"/a.exe.txt", false},
                                                 {"/?f=a.exe", false}}) {
    Asked asked("http://a.test" + path);
    EXPECT_EQ(holds(exe, asked), expected) << path;
  }
}

TEST(Conditions, SimpleWordsAndNumbers) {
  Asked asked("http://a.test:8080/", "post");
  asked.subject.user = "tim";
  asked.subject.listener = "guest";
  asked.subject.groups = 1;
  asked.subject.kind = ResourceKind::Script;
  asked.subject.request_length = 100;
  EXPECT_TRUE(holds(is(Kind::Method, {"POST"}), asked));
  EXPECT_TRUE(holds(is(Kind::User, {"tim"}), asked));
  EXPECT_FALSE(holds(is(Kind::User, {"TIM"}), asked));
  EXPECT_TRUE(holds(is(Kind::Listener, {"guest"}), asked));
  EXPECT_TRUE(holds(is(Kind::Group, {"staff", "kids"}), asked));
  EXPECT_FALSE(holds(is(Kind::Group, {"staff"}), asked));
  EXPECT_TRUE(holds(is(Kind::Kind, {"script", "image"}), asked));
  EXPECT_FALSE(holds(is(Kind::Kind, {"image"}), asked));
  EXPECT_TRUE(holds(is(Kind::Scheme, {"http"}), asked));
  EXPECT_FALSE(holds(is(Kind::Scheme, {"https", "tunnel"}), asked));
  EXPECT_TRUE(holds(between(Kind::Port, 8000, 8101), asked));
  EXPECT_FALSE(holds(between(Kind::Port, 80, 81), asked));
  EXPECT_TRUE(holds(between(Kind::RequestSize, 100), asked));
  EXPECT_FALSE(holds(between(Kind::RequestSize, 101), asked));
  EXPECT_TRUE(holds(within(Kind::Client, {"10.0.0.0/24"}), asked));
  EXPECT_FALSE(holds(within(Kind::Client, {"10.1.0.0/24"}), asked));
}

TEST(Conditions, NobodyHasNoName) {
  Asked asked("http://a.test/");
  EXPECT_FALSE(holds(is(Kind::User, {"tim"}), asked));
  EXPECT_TRUE(holds(none({is(Kind::User, {"tim"})}), asked));
}

TEST(Conditions, UrlsAreSearchedWithAnyOfTheExpressions) {
  const Condition some = is(Kind::Url, {"/track(er|ing)/", "(?i)\\.ADS\\.", "\\Qa.b"});
  Asked first("http://a.test/tracker/x");
  Asked second("http://www.ads.test/");
  Asked third("http://x.test/a.b");
  Asked none_of_them("http://x.test/acb");
  EXPECT_TRUE(holds(some, first));
  EXPECT_TRUE(holds(some, second));
  EXPECT_TRUE(holds(some, third));
  EXPECT_FALSE(holds(some, none_of_them));
  Asked tunnel("www.ads.test:443", "CONNECT");
  EXPECT_FALSE(holds(some, tunnel));
  EXPECT_FALSE(holds(none({some}), tunnel));
}

TEST(Conditions, WhatIsUnknownHoldsNeitherWayInATunnel) {
  for (const auto& condition :
       {is(Kind::PathPrefix, {"/"}), is(Kind::Kind, {"image"}), is(Kind::Extension, {"exe"}),
        between(Kind::Status, 200, 300), is(Kind::MediaType, {"*/*"})}) {
    for (const auto phase : {Phase::Request, Phase::Address, Phase::Response}) {
      Asked asked("a.test:443", "CONNECT");
      EXPECT_FALSE(holds(condition, asked, phase));
      EXPECT_FALSE(holds(none({condition}), asked, phase));
    }
  }
}

TEST(Conditions, AnOpenConditionDoesNotHideAnAnswer) {
  const Condition open = between(Kind::Status, 200, 300);
  const Condition yes = is(Kind::Host, {"a.test"});
  const Condition no = is(Kind::Host, {"b.test"});
  Asked asked("http://a.test/");
  EXPECT_TRUE(holds(any({open, yes}), asked));
  EXPECT_FALSE(holds(any({open, no}), asked));
  EXPECT_TRUE(holds(none({open, no}), asked));  // not (open and no)
  EXPECT_FALSE(holds(none({open, yes}), asked));
  EXPECT_FALSE(holds(none({none({open})}), asked));
  EXPECT_TRUE(holds(any({none({any({open, yes})}), yes}), asked));
}

TEST(Conditions, MediaTypesCountAsDeclaredAndAsSniffed) {
  Asked asked("http://a.test/");
  asked.subject.media_type = "image/png";
  EXPECT_TRUE(holds(is(Kind::MediaType, {"image/*"}), asked, Phase::Response));
  EXPECT_TRUE(holds(is(Kind::MediaType, {"image/png"}), asked, Phase::Response));
  EXPECT_FALSE(holds(is(Kind::MediaType, {"text/html"}), asked, Phase::Response));
  asked.subject.sniffed_type = "text/html";
  EXPECT_TRUE(holds(is(Kind::MediaType, {"text/html"}), asked, Phase::Response));
}

TEST(Conditions, FileNamesIgnoreCase) {
  Asked asked("http://a.test/");
  const std::string_view names[] = {"Setup.EXE"};
  asked.subject.file_names = names;
  EXPECT_TRUE(holds(is(Kind::FileName, {"*.exe"}), asked, Phase::Response));
  EXPECT_FALSE(holds(is(Kind::FileName, {"*.zip"}), asked, Phase::Response));
}

TEST(Conditions, OfSeveralFileNamesAnyIsRefusedAndAllMustPass) {
  Asked asked("http://a.test/");
  const std::string_view names[] = {"paper.pdf", "setup.exe"};
  asked.subject.file_names = names;
  EXPECT_TRUE(holds(is(Kind::FileName, {"*.exe"}), asked, Phase::Response));
  EXPECT_TRUE(holds(none({is(Kind::FileName, {"*.pdf"})}), asked, Phase::Response));
  EXPECT_FALSE(holds(none({is(Kind::FileName, {"*.pdf", "*.exe"})}), asked, Phase::Response));
  asked.subject.file_names = {};
  EXPECT_FALSE(holds(is(Kind::FileName, {"*"}), asked, Phase::Response));
  EXPECT_TRUE(holds(none({is(Kind::FileName, {"*"})}), asked, Phase::Response));
}

TEST(Conditions, FileNamesThatThereWasNoRoomForMayBeAny) {
  Asked asked("http://a.test/");
  const std::string_view names[] = {"paper.pdf"};
  asked.subject.file_names = names;
  asked.subject.more_file_names = true;
  EXPECT_TRUE(holds(is(Kind::FileName, {"*.exe"}), asked, Phase::Response));
  EXPECT_TRUE(holds(none({is(Kind::FileName, {"*.pdf"})}), asked, Phase::Response));
}

TEST(Conditions, ServerNamesAreOnlyThoseOfGreetings) {
  Asked plain("http://a.test/");
  EXPECT_FALSE(holds(is(Kind::ServerName, {"a.test"}), plain));
  EXPECT_TRUE(holds(none({is(Kind::ServerName, {"a.test"})}), plain));
  Asked tunnel("192.0.2.1:443", "CONNECT");
  EXPECT_FALSE(holds(none({is(Kind::ServerName, {"a.test"})}), tunnel));
  tunnel.subject.server_name = "a.test";
  EXPECT_TRUE(holds(is(Kind::ServerName, {"a.test"}), tunnel));
  EXPECT_TRUE(holds(is(Kind::Host, {"a.test"}), tunnel));
}

// Every spelling of a host that dials X is judged as X; the others dial nothing.
TEST(Conditions, EverySpellingOfAHostIsJudgedAsTheHostItDials) {
  const Condition named = is(Kind::Host, {".example.com", "127.0.0.1", "2001:db8::1"});
  const std::vector<std::string> spellings = {"example.com",     "EXAMPLE.COM",
                                              "example.com.",    "www.Example.Com.",
                                              "127.0.0.1",       "[::ffff:127.0.0.1]",
                                              "[::FFFF:7f00:1]", "[::127.0.0.1]",
                                              "0x7f.0.0.1",      "2130706433",
                                              "127.1",           "0177.0.0.1",
                                              "[2001:db8::1]",   "[2001:0DB8:0:0:0:0:0:1]",
                                              "example.com..",   ".example.com",
                                              "exa%6dple.com",   "[64:ff9b::127.0.0.1]",
                                              "127.0.0.1.",      "example%2ecom"};
  for (const auto& spelling : spellings) {
    Subject subject;
    Arena arena;
    subject.method = "GET";
    const std::string url = "http://" + spelling + "/";
    if (!parse_url(url, subject, arena)) {
      continue;  // refused before anything is dialled
    }
    Draft draft;
    draft.add(rule("it", {named}, {act(ActionKind::Block)}));
    Verdict verdict;
    draft.policy()->judge(Phase::Request, subject, arena, verdict);
    EXPECT_TRUE(verdict.blocks()) << spelling << " is dialled as " << subject.host;
  }
}

}  // namespace
}  // namespace weir::filters::test
