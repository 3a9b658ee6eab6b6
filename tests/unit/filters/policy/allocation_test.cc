// SPDX-License-Identifier: Apache-2.0
//
// Judging takes nothing from the heap: operator new is counted.
#include "filters/policy/apply.h"
#include "tests/unit/counted_new.h"
#include "tests/unit/filters/policy/build.h"

namespace weir::filters::test {
namespace {

Draft everything() {
  using How = ValueMatch::How;
  Draft draft;
  draft.group("kids", {"10.0.0.0/8"});
  draft.schedule({"night", "Europe/Berlin", {{0x7f, 22 * 60, 6 * 60}}, {{2026, 12, 24}}});
  draft.list("ads", "||ads.test^\n/banner/*$image\n", ListFormat::Adblock)
      .list("hosts", "bad.test\n")
      .list("new", "new.test\n", ListFormat::Domains, true);
  draft.add(rule("who",
                 {is(Kind::Group, {"kids"}), is(Kind::Schedule, {"night"}),
                  is(Kind::Host, {".games.test", "play*.test"})},
                 {act(ActionKind::Block)}));
  draft.add(rule("url", {is(Kind::Url, {"track[0-9]+", "pixel"}), is(Kind::Method, {"POST"})},
                 {tag("tracked")}));
  draft.add(rule("query",
                 {matching(Kind::Query, {{"q", How::Wildcard, "*bad word*"}}),
                  matching(Kind::RequestField, {{"user-agent", How::Expression, "^curl"}})},
                 {tag("query")}));
  draft.add(rule("lists", {is(Kind::List, {"ads", "hosts", "new"})}, {act(ActionKind::Block)}));
  draft.add(rule("where", {within(Kind::Destination, {"127.0.0.0/8"})}, {act(ActionKind::Block)}));
  draft.add(rule("what",
                 {any({is(Kind::MediaType, {"video/*"}), is(Kind::FileName, {"*.exe"}),
                       none({between(Kind::ResponseSize, 0, 1000)})})},
                 {act(ActionKind::Block)}));
  draft.add(rule("path", {is(Kind::PathPrefix, {"/a/b"}), is(Kind::Extension, {"exe"})},
                 {with_names(ActionKind::StripQuery, {"utm_*"})}));
  return draft;
}

TEST(Allocation, JudgingTakesNothingFromTheHeap) {
  const auto policy = everything().policy();
  ASSERT_NE(policy, nullptr);
  for (const auto* url :
       {"http://ads.test/", "http://www.games.test/", "http://new.test/?q=bad+word",
        "http://x.test/a/../a/b/c.exe?utm_a=1&q=a%20bad%20word", "http://x.test/track123?q"}) {
    Asked asked(url, "POST");
    asked.request_fields = {{"User-Agent", "curl/8"}};
    asked.subject.groups = 1;
    asked.subject.destination = IpAddress::parse("192.0.2.1");
    asked.subject.status = 200;
    asked.arena.allocate(1);
    const auto judge_all = [&] {
      Verdict verdict;
      for (const auto phase : {Phase::Request, Phase::Address, Phase::Response}) {
        policy->judge(phase, asked.subject, asked.arena, verdict);
      }
      (void)policy->summarise(verdict);
      (void)policy->ends(verdict, asked.subject, asked.arena);
    };
    judge_all();  // expressions fill their own bounded memory once
    const std::size_t before = weir::test::allocations();
    judge_all();
    EXPECT_EQ(weir::test::allocations(), before) << url;
  }
}

TEST(Allocation, GroupsAreFoundWithoutTheHeap) {
  const auto policy = everything().policy();
  const auto client = IpAddress::parse("10.0.0.1").value();
  const std::size_t before = weir::test::allocations();
  EXPECT_EQ(policy->groups_of(client, "tim", "guest"), 1U);
  EXPECT_EQ(weir::test::allocations(), before);
}

}  // namespace
}  // namespace weir::filters::test
