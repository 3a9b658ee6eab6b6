// SPDX-License-Identifier: Apache-2.0
//
// What may be decided about requests known in part: never less than what may have been.
#include "filters/policy/foresee.h"

#include <gtest/gtest.h>

#include "tests/unit/filters/policy/build.h"

namespace weir::filters::test {
namespace {

Unknown not_known(std::vector<Kind> answers) {
  Unknown out;
  for (const Kind kind : answers) {
    out.answers |= Unknown::bit(kind);
  }
  return out;
}

// "blocked by rule", "passes or blocked: field X-A of rule".
std::string foreseen(const Policy& policy, Asked& asked, const Unknown& unknown,
                     bool answered = true) {
  const Foreseen seen = policy.foresee(asked.subject, unknown, answered, asked.arena);
  constexpr std::string_view kWords[] = {"passes", "blocked", "redirected"};
  std::string out;
  for (std::size_t i = 0; i < 3; ++i) {
    out += seen.possible[i] ? (out.empty() ? "" : " or ") + std::string(kWords[i]) : "";
  }
  if (!seen.sure()) {
    return out + ": " + seen.open_condition + " of " + policy.rule(seen.open_rule).id;
  }
  return out + (seen.rule == UINT32_MAX ? "" : " by " + policy.rule(seen.rule).id);
}

const ValueMatch kHasA{"X-A", ValueMatch::How::Present, ""};

TEST(Foresee, WhatIsKnownHasOneFate) {
  Draft draft;
  draft.add(rule("bad", {is(Kind::Host, {"bad.test"})}, {act(ActionKind::Block)}));
  const auto policy = draft.policy();
  Asked bad("http://bad.test/");
  Asked good("http://good.test/");
  EXPECT_EQ(foreseen(*policy, bad, {}), "blocked by bad");
  EXPECT_EQ(foreseen(*policy, good, not_known({Kind::RequestField})), "passes");
}

TEST(Foresee, AnUnknownConditionMayHoldAndMayNot) {
  Draft draft;
  draft.add(rule("odd", {is(Kind::Host, {"a.test"}), matching(Kind::RequestField, {kHasA})},
                 {act(ActionKind::Block)}));
  draft.add(rule("rest", {is(Kind::Host, {"b.test"})}, {act(ActionKind::Block)}));
  const auto policy = draft.policy();
  Asked a("http://a.test/");
  Asked b("http://b.test/");
  Unknown unknown = not_known({Kind::RequestField});
  EXPECT_EQ(foreseen(*policy, a, unknown), "passes or blocked: field X-A of odd");
  EXPECT_EQ(foreseen(*policy, b, unknown), "blocked by rest");
  unknown.fields_known = {"x-a"};
  EXPECT_EQ(foreseen(*policy, a, unknown), "passes");
}

// Whatever the unknown rule says, the one behind it says the same.
TEST(Foresee, WhatMakesNoDifferenceIsNotAsked) {
  Draft draft;
  draft.add(rule("odd", {none({matching(Kind::RequestField, {kHasA})})}, {act(ActionKind::Block)}));
  draft.add(rule("all", {}, {act(ActionKind::Close)}));
  const auto policy = draft.policy();
  Asked asked("http://a.test/");
  EXPECT_EQ(foreseen(*policy, asked, not_known({Kind::RequestField})), "blocked by odd");
}

// A block that the request alone decides comes before a rule that waits for the response.
TEST(Foresee, PhasesComeInTheirOrder) {
  Draft draft;
  draft.add(rule("media", {is(Kind::MediaType, {"image/*"})}, {act(ActionKind::Allow)}));
  draft.add(rule("bad", {is(Kind::Host, {"bad.test"})}, {act(ActionKind::Block)}));
  draft.add(rule("video", {is(Kind::MediaType, {"video/*"})}, {act(ActionKind::Block)}));
  const auto policy = draft.policy();
  const Unknown unknown = not_known({Kind::MediaType});
  Asked bad("http://bad.test/");
  Asked good("http://good.test/");
  EXPECT_EQ(foreseen(*policy, bad, unknown), "blocked by bad");
  EXPECT_EQ(foreseen(*policy, good, unknown), "passes or blocked: media_type of video");
  EXPECT_EQ(foreseen(*policy, good, unknown, false), "passes");
}

TEST(Foresee, ABlockWaitsForARuleThatLetsPassByTheAddress) {
  Draft draft;
  draft.add(rule("inner", {within(Kind::Destination, {"10.0.0.0/8"})}, {act(ActionKind::Allow)}));
  draft.add(rule("rest", {}, {act(ActionKind::Block)}));
  const auto policy = draft.policy();
  Asked asked("http://a.test/");
  EXPECT_EQ(foreseen(*policy, asked, not_known({Kind::Destination})),
            "passes or blocked: destination of inner");
  EXPECT_EQ(foreseen(*policy, asked, {}), "blocked by rest");
  asked.subject.destination = IpAddress::parse("10.0.0.1");
  EXPECT_EQ(foreseen(*policy, asked, {}), "passes by inner");
}

TEST(Foresee, BlockingByDefaultWaitsForWhatMayStillLetPass) {
  Draft draft;
  draft.document.allow_by_default = false;
  draft.add(rule("good", {is(Kind::Status, {}), is(Kind::Host, {"good.test"})},
                 {act(ActionKind::Allow)}));
  draft.document.rules[0].when.children[0].ranges.push_back({200, 300});
  const auto policy = draft.policy();
  Asked good("http://good.test/");
  Asked other("http://other.test/");
  EXPECT_EQ(foreseen(*policy, good, not_known({Kind::Status})),
            "passes or blocked: status of good");
  good.subject.status = 200;
  EXPECT_EQ(foreseen(*policy, good, {}), "passes by good");
  EXPECT_EQ(foreseen(*policy, other, not_known({Kind::Status})), "blocked");
}

TEST(Foresee, ListsAreAskedForAllThatARequestMayHaveBeenFor) {
  Draft draft;
  draft.list("ads", "||script.test^$script\n||all.test/ads/\n", ListFormat::Adblock);
  draft.add(rule("ads", {is(Kind::List, {"ads"})}, {act(ActionKind::Block)}));
  const auto policy = draft.policy();
  Unknown unknown;
  unknown.kind = unknown.page = true;
  Asked script("http://script.test/");
  Asked other("http://other.test/");
  EXPECT_EQ(foreseen(*policy, script, unknown),
            "passes or blocked: list, for what the request was for and from which page of ads");
  EXPECT_EQ(foreseen(*policy, other, unknown), "passes");
}

TEST(Foresee, AnExceptionForAPageMayHaveLiftedABlock) {
  Draft draft;
  draft.list("ads",
             "||ads.test^\n||firm.test^$important\n||none.test^\n"
             "@@||ads.test^$xhr,domain=page.test\n@@||firm.test^$domain=page.test\n"
             "@@||none.test/path$domain=page.test\n@@||none.test^$script,domain=~page.test\n",
             ListFormat::Adblock);
  draft.add(rule("ads", {is(Kind::List, {"ads"})}, {act(ActionKind::Block)}));
  const auto policy = draft.policy();
  Unknown unknown;
  unknown.page = true;
  Asked ads("http://ads.test/");
  Asked firm("http://firm.test/");
  Asked none("http://none.test/");
  EXPECT_EQ(foreseen(*policy, ads, unknown),
            "passes or blocked: list, for what the request was for and from which page of ads");
  EXPECT_EQ(foreseen(*policy, ads, {}), "blocked by ads");
  EXPECT_EQ(foreseen(*policy, firm, unknown), "blocked by ads");
  EXPECT_EQ(foreseen(*policy, none, unknown), "blocked by ads");
}

TEST(Foresee, ARuleMayHaveChangedTheTypeThatWasTold) {
  Draft draft;
  Action retype = act(ActionKind::SetResponseField);
  retype.fields = {{"content-type", "text/plain"}};
  Action other = act(ActionKind::SetResponseField);
  other.fields = {{"X-Type", "text/plain"}};
  draft.add(
      rule("retype", {is(Kind::Host, {"a.test"}), is(Kind::MediaType, {"video/*"})}, {retype}));
  draft.add(rule("other", {is(Kind::Host, {"b.test"})}, {other}));
  draft.add(
      rule("all", {is(Kind::Host, {"d.test"}), matching(Kind::RequestField, {kHasA})}, {retype}));
  const auto policy = draft.policy();
  const auto retyped = [&policy](const char* url) {
    Asked asked(url);
    return policy->foresee(asked.subject, not_known({Kind::RequestField}), true, asked.arena)
        .retyped;
  };
  EXPECT_TRUE(retyped("http://a.test/"));
  EXPECT_FALSE(retyped("http://b.test/"));
  EXPECT_FALSE(retyped("http://c.test/"));
  EXPECT_TRUE(retyped("http://d.test/"));
}

TEST(Foresee, ATunnelsGreetingMayNameAnother) {
  Draft draft;
  draft.add(rule("bad", {is(Kind::Host, {"bad.test"})}, {act(ActionKind::Block)}));
  const auto policy = draft.policy();
  Unknown unknown;
  unknown.denials = Unknown::bit(Kind::Host);
  Asked good("good.test:443", "CONNECT");
  Asked bad("bad.test:443", "CONNECT");
  EXPECT_EQ(foreseen(*policy, bad, unknown), "blocked by bad");
  EXPECT_EQ(foreseen(*policy, good, unknown),
            "passes or blocked: host, for the server name in the tunnel's greeting of bad");
}

}  // namespace
}  // namespace weir::filters::test
