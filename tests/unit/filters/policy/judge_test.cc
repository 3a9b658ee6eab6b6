// SPDX-License-Identifier: Apache-2.0
//
// The order of rules over the phases: who decides, what is still open, what would have been, which
// adjustments are taken and how often.
#include "tests/unit/filters/policy/build.h"

namespace weir::filters::test {
namespace {

const Action kAllow = act(ActionKind::Allow);
const Action kBlock = act(ActionKind::Block);

std::vector<std::string> tags_of(const Verdict& verdict) {
  std::vector<std::string> out;
  for (std::uint32_t i = 0; i < verdict.adjustment_count; ++i) {
    out.push_back(verdict.adjustments[i].action->names.front());
  }
  return out;
}

TEST(Judge, AnEmptyPolicyLetsPassByDefault) {
  Asked asked("http://example.com/");
  EXPECT_EQ(judged(Draft(), asked), "default");
}

TEST(Judge, TheDefaultMayBeToBlock) {
  Draft draft;
  draft.document.allow_by_default = false;
  Asked asked("http://example.com/");
  EXPECT_EQ(judged(draft, asked), "block by default");
}

TEST(Judge, TheFirstDecisionInOrderWins) {
  Draft draft;
  draft.add(rule("other", {is(Kind::Host, {"other.test"})}, {kBlock}))
      .add(rule("let", {is(Kind::Host, {".example.com"})}, {kAllow}))
      .add(rule("stop", {}, {kBlock}));
  Asked example("http://www.example.com/");
  Asked else_where("http://else.test/");
  EXPECT_EQ(judged(draft, example), "allow by let");
  EXPECT_EQ(judged(draft, else_where), "block by stop");
}

TEST(Judge, ARuleThatInterceptsDecidesAboutTunnelsOnly) {
  Draft draft;
  draft.add(rule("look", {}, {act(ActionKind::Intercept), tag("seen")}))
      .add(rule("stop", {is(Kind::PathPrefix, {"/games"})}, {kBlock}));
  Asked tunnel("a.test:443", "CONNECT");
  Asked games("https://a.test/games");
  Asked work("https://a.test/work");
  EXPECT_EQ(judged(draft, tunnel), "intercept by look");
  EXPECT_EQ(judged(draft, games), "block by stop");
  EXPECT_EQ(judged(draft, work), "default");
  EXPECT_EQ(tags_of(judge(*draft.policy(), Phase::Request, work)),
            std::vector<std::string>{"seen"});
  draft.document.allow_by_default = false;
  EXPECT_EQ(judged(draft, work), "block by default");
}

TEST(Judge, AllConditionsOfARuleMustHold) {
  Draft draft;
  draft.add(rule("posts", {is(Kind::Method, {"POST"}), is(Kind::Host, {"a.test"})}, {kBlock}));
  Asked get("http://a.test/");
  Asked post("http://a.test/", "POST");
  Asked other("http://b.test/", "POST");
  EXPECT_EQ(judged(draft, get), "default");
  EXPECT_EQ(judged(draft, post), "block by posts");
  EXPECT_EQ(judged(draft, other), "default");
}

TEST(Judge, AdjustmentsAddUpUntilTheDecisionAndNoFurther) {
  Draft draft;
  draft.add(rule("one", {}, {tag("one")}))
      .add(rule("two", {is(Kind::Host, {"b.test"})}, {tag("two")}))
      .add(rule("three", {}, {kAllow, tag("three")}))
      .add(rule("four", {}, {tag("four")}));
  const auto policy = draft.policy();
  Asked asked("http://a.test/");
  const Verdict verdict = judge(*policy, Phase::Request, asked);
  EXPECT_EQ(tags_of(verdict), (std::vector<std::string>{"one", "three"}));
}

TEST(Judge, ARuleAboutTheResponseWaitsForIt) {
  Draft draft;
  draft.add(rule("errors", {between(Kind::Status, 500, 600)}, {kBlock}));
  const auto policy = draft.policy();
  Asked asked("http://a.test/");
  Verdict verdict = judge(*policy, Phase::Request, asked);
  EXPECT_EQ(words(*policy, verdict), "default");
  EXPECT_FALSE(policy->has_phase(Phase::Address));
  EXPECT_TRUE(policy->has_phase(Phase::Response));
  asked.subject.status = 502;
  EXPECT_TRUE(policy->judge(Phase::Response, asked.subject, asked.arena, verdict));
  EXPECT_EQ(words(*policy, verdict), "block by errors");
}

TEST(Judge, ALaterPhaseAsksOnlyRulesBeforeTheOneThatDecided) {
  Draft draft;
  draft.add(rule("before", {between(Kind::Status, 500, 600)}, {kBlock}))
      .add(rule("let", {}, {kAllow}))
      .add(rule("behind", {between(Kind::Status, 400, 600)}, {kBlock}));
  const auto policy = draft.policy();
  for (const auto& [status, expected] :
       {std::pair{404, "allow by let"}, std::pair{500, "block by before"}}) {
    Asked asked("http://a.test/");
    Verdict verdict = judge(*policy, Phase::Request, asked);
    EXPECT_EQ(words(*policy, verdict), "allow by let");
    asked.subject.status = static_cast<std::uint16_t>(status);
    policy->judge(Phase::Response, asked.subject, asked.arena, verdict);
    EXPECT_EQ(words(*policy, verdict), expected);
  }
}

TEST(Judge, ARulesAdjustmentsAreTakenOnceOverThePhases) {
  Draft draft;
  draft
      .add(rule("mixed", {any({is(Kind::Host, {"a.test"}), between(Kind::Status, 200, 300)})},
                {tag("mixed")}))
      .add(rule("late", {between(Kind::Status, 200, 300)}, {tag("late")}))
      .add(rule("early", {}, {tag("early")}));
  const auto policy = draft.policy();
  Asked asked("http://a.test/");
  Verdict verdict = judge(*policy, Phase::Request, asked);
  asked.subject.status = 200;
  policy->judge(Phase::Response, asked.subject, asked.arena, verdict);
  policy->judge(Phase::Response, asked.subject, asked.arena, verdict);
  EXPECT_EQ(tags_of(verdict), (std::vector<std::string>{"mixed", "early", "late"}));
}

TEST(Judge, AdjustmentsBeyondTheBoundAreCounted) {
  Draft draft;
  for (int i = 0; i < 40; ++i) {
    draft.add(rule("r" + std::to_string(i), {}, {tag("t")}));
  }
  const auto policy = draft.policy();
  Asked asked("http://a.test/");
  const Verdict verdict = judge(*policy, Phase::Request, asked);
  EXPECT_EQ(verdict.adjustment_count, kAdjustmentsMost);
  EXPECT_EQ(verdict.adjustments_lost, 40 - kAdjustmentsMost);
}

TEST(Judge, ADestinationIsKnownAfterResolutionOnly) {
  Draft draft;
  draft.add(rule("inner", {within(Kind::Destination, {"10.0.0.0/8"})}, {kBlock}))
      .add(rule("outer", {none({within(Kind::Destination, {"10.0.0.0/8"})})}, {tag("outer")}));
  const auto policy = draft.policy();
  Asked asked("http://a.test/");
  Verdict verdict = judge(*policy, Phase::Request, asked);
  EXPECT_EQ(words(*policy, verdict), "default");
  EXPECT_EQ(verdict.adjustment_count, 0U);
  asked.subject.destination = IpAddress::parse("10.1.2.3");
  Verdict inner = verdict;
  EXPECT_TRUE(policy->judge(Phase::Address, asked.subject, asked.arena, inner));
  EXPECT_EQ(words(*policy, inner), "block by inner");
  asked.subject.destination = IpAddress::parse("192.0.2.1");
  EXPECT_FALSE(policy->judge(Phase::Address, asked.subject, asked.arena, verdict));
  EXPECT_EQ(tags_of(verdict), (std::vector<std::string>{"outer"}));
}

TEST(Judge, AnAddressThatEmbedsABlockedOneIsBlocked) {
  Draft draft;
  draft.add(rule("loop", {within(Kind::Destination, {"127.0.0.0/8"})}, {kBlock}));
  for (const auto* text : {"127.0.0.1", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::"}) {
    Asked asked("http://a.test/");
    asked.subject.destination = IpAddress::parse(text);
    EXPECT_EQ(judged(draft, asked, Phase::Address), "block by loop") << text;
  }
}

TEST(Judge, ADefaultBlockWaitsWhileARuleMayStillLetPass) {
  Draft draft;
  draft.document.allow_by_default = false;
  draft.add(rule("inner", {within(Kind::Destination, {"10.0.0.0/8"})}, {kAllow}));
  const auto policy = draft.policy();
  Asked asked("http://a.test/");
  Verdict verdict = judge(*policy, Phase::Request, asked);
  EXPECT_EQ(words(*policy, verdict), "default");
  asked.subject.destination = IpAddress::parse("192.0.2.1");
  policy->judge(Phase::Address, asked.subject, asked.arena, verdict);
  EXPECT_EQ(words(*policy, verdict), "block by default");
}

// An inner network that may be reached, and a block of all the rest.
TEST(Judge, ABlockWaitsForARuleBeforeItThatLetsPassByTheAddress) {
  Draft draft;
  draft.list("nets", "10.0.0.0/8\n", ListFormat::Networks);
  draft.add(rule("inner", {within(Kind::Destination, {"192.0.2.0/24"})}, {kAllow}))
      .add(rule("listed", {is(Kind::List, {"nets"})}, {act(ActionKind::Tunnel)}))
      .add(rule("rest", {}, {kBlock}));
  const auto policy = draft.policy();
  for (const auto& [address, expected] :
       {std::pair{"192.0.2.1", "allow by inner"}, std::pair{"10.1.1.1", "tunnel by listed"},
        std::pair{"198.51.100.1", "block by rest"}, std::pair{"", "block by rest"}}) {
    Asked asked("http://a.test/");
    Verdict verdict = judge(*policy, Phase::Request, asked);
    EXPECT_TRUE(verdict.waits && !verdict.blocks() && !verdict.ends());
    asked.subject.destination = IpAddress::parse(address);
    policy->judge(Phase::Address, asked.subject, asked.arena, verdict);
    EXPECT_FALSE(verdict.waits);
    EXPECT_EQ(words(*policy, verdict), expected) << address;
  }
}

// Of a request inside of an intercepted tunnel the greeting is known, the address not yet.
TEST(Judge, WhatATunnelCarriesWaitsForItsAddressLikeAnyOther) {
  Draft draft;
  draft.document.allow_by_default = false;
  draft.list("nets", "192.0.2.0/24\n", ListFormat::Networks);
  draft.add(rule("inner", {within(Kind::Destination, {"10.0.0.0/8"})}, {kAllow}))
      .add(rule("listed", {is(Kind::List, {"nets"})}, {kAllow}));
  const auto policy = draft.policy();
  for (const auto& [address, expected] :
       {std::pair{"10.0.0.1", "allow by inner"}, std::pair{"192.0.2.1", "allow by listed"},
        std::pair{"198.51.100.1", "block by default"}}) {
    Asked asked("https://a.test/");
    asked.subject.greeting_seen = true;
    asked.subject.server_name = "a.test";
    Verdict verdict = judge(*policy, Phase::Request, asked);
    EXPECT_EQ(words(*policy, verdict), "default");
    asked.subject.destination = IpAddress::parse(address);
    policy->judge(Phase::Address, asked.subject, asked.arena, verdict);
    EXPECT_EQ(words(*policy, verdict), expected);
  }
}

TEST(Judge, ABlockDoesNotWaitForTheAnswerNorForWhatCannotHold) {
  Draft draft;
  draft.list("friends", "friend.test\n");
  draft.add(rule("images", {is(Kind::MediaType, {"image/*"})}, {kAllow}))
      .add(rule("small",
                {within(Kind::Destination, {"10.0.0.0/8"}), between(Kind::Status, 200, 300)},
                {kAllow}))
      .add(rule("friends", {within(Kind::Destination, {"10.0.0.0/8"}), is(Kind::List, {"friends"})},
                {kAllow}))
      .add(rule("trial", {within(Kind::Destination, {"10.0.0.0/8"})}, {kAllow}, true))
      .add(rule("inner", {within(Kind::Destination, {"10.0.0.0/8"})}, {kBlock}))
      .add(rule("rest", {}, {kBlock}));
  Asked asked("http://a.test/");
  EXPECT_TRUE(judge(*draft.policy(), Phase::Request, asked).blocks());
  Asked friendly("http://friend.test/");
  EXPECT_TRUE(judge(*draft.policy(), Phase::Request, friendly).waits);
}

TEST(Judge, ADefaultBlockDoesNotWaitForWhatATunnelNeverTells) {
  Draft draft;
  draft.document.allow_by_default = false;
  draft.add(rule("paths", {is(Kind::PathPrefix, {"/open"})}, {kAllow}))
      .add(rule("types", {is(Kind::MediaType, {"image/*"})}, {kAllow}))
      .add(rule("not", {none({is(Kind::PathPrefix, {"/closed"})})}, {kAllow}));
  Asked asked("a.test:443", "CONNECT");
  EXPECT_EQ(judged(draft, asked), "block by default");
}

TEST(Judge, ADefaultBlockDoesNotWaitForARuleThatFailsOtherwise) {
  Draft draft;
  draft.document.allow_by_default = false;
  draft.list("friends", "friend.test\n");
  draft.add(rule("inner", {is(Kind::List, {"friends"}), within(Kind::Destination, {"10.0.0.0/8"})},
                 {kAllow}));
  Asked stranger("http://stranger.test/");
  Asked known("http://friend.test/");
  EXPECT_EQ(judged(draft, stranger), "block by default");
  EXPECT_EQ(judged(draft, known), "default");
}

TEST(Judge, ATunnelIsJudgedAgainByTheNameInItsGreeting) {
  Draft draft;
  draft.document.allow_by_default = false;
  draft.add(rule("bad", {is(Kind::Host, {"bad.test"})}, {kBlock}))
      .add(rule("good", {is(Kind::ServerName, {".good.test"})}, {kAllow}));
  const auto policy = draft.policy();
  for (const auto& [name, expected] :
       {std::pair{"www.good.test", "allow by good"}, std::pair{"bad.test", "block by bad"},
        std::pair{"", "block by default"}}) {
    Asked asked("192.0.2.1:443", "CONNECT");
    Verdict verdict = judge(*policy, Phase::Request, asked);
    EXPECT_EQ(words(*policy, verdict), "default");
    asked.subject.greeting_seen = true;
    asked.subject.server_name = name;
    policy->judge(Phase::Request, asked.subject, asked.arena, verdict);
    EXPECT_EQ(words(*policy, verdict), expected) << name;
  }
}

TEST(Judge, ListsAreAskedAboutTheServerNameToo) {
  Draft draft;
  draft.list("ads", "ads.test\n").add(rule("ads", {is(Kind::List, {"ads"})}, {kBlock}));
  Asked asked("192.0.2.1:443", "CONNECT");
  EXPECT_EQ(judged(draft, asked), "default");
  asked.subject.server_name = "www.ads.test";
  EXPECT_EQ(judged(draft, asked), "block by ads");
}

TEST(Judge, ARuleInDryRunIsNotedAndNeverStops) {
  Draft draft;
  draft.add(rule("draft", {}, {kBlock, tag("draft")}, true))
      .add(rule("second", {}, {act(ActionKind::Close)}, true))
      .add(rule("let", {}, {kAllow}));
  const auto policy = draft.policy();
  Asked asked("http://a.test/");
  const Verdict verdict = judge(*policy, Phase::Request, asked);
  EXPECT_EQ(words(*policy, verdict), "allow by let");
  EXPECT_EQ(verdict.would, Decision::Block);
  EXPECT_EQ(verdict.would_rule, 0U);
  EXPECT_EQ(verdict.adjustment_count, 0U);
}

TEST(Judge, ADryRunBehindTheDecisionIsNotNoted) {
  Draft draft;
  draft.add(rule("errors", {between(Kind::Status, 500, 600)}, {kAllow}))
      .add(rule("draft", {}, {kBlock}, true));
  const auto policy = draft.policy();
  Asked asked("http://a.test/");
  Verdict verdict = judge(*policy, Phase::Request, asked);
  EXPECT_EQ(verdict.would_rule, 1U);
  asked.subject.status = 500;
  policy->judge(Phase::Response, asked.subject, asked.arena, verdict);
  EXPECT_EQ(words(*policy, verdict), "allow by errors");
  EXPECT_EQ(verdict.would_rule, UINT32_MAX);
}

TEST(Judge, AListInDryRunIsNotedWithItsLine) {
  Draft draft;
  draft.list("old", "old.test\n")
      .list("new", "fine.test\nnew.test\n", ListFormat::Domains, true)
      .add(rule("lists", {is(Kind::List, {"old", "new"})}, {kBlock}));
  const auto policy = draft.policy();
  Asked old_one("http://old.test/");
  Asked new_one("http://new.test/");
  EXPECT_EQ(words(*policy, judge(*policy, Phase::Request, old_one)), "block by lists");
  const Verdict verdict = judge(*policy, Phase::Request, new_one);
  EXPECT_EQ(words(*policy, verdict), "default");
  EXPECT_EQ(verdict.would, Decision::Block);
  EXPECT_EQ(verdict.would_rule, 0U);
  EXPECT_EQ(verdict.would_hit.list_name, "new");
  EXPECT_EQ(verdict.would_hit.line, 2U);
}

TEST(Judge, AListsLineIsTheReasonOnlyWhereItMadeTheRuleHold) {
  Draft draft;
  draft.list("ads", "# ads\nads.test\n")
      .add(
          rule("unlisted", {none({is(Kind::List, {"ads"})}), is(Kind::Method, {"POST"})}, {kBlock}))
      .add(rule("ads", {is(Kind::List, {"ads"})}, {kBlock}));
  const auto policy = draft.policy();
  Asked ads("http://ads.test/", "POST");
  const Verdict by_list = judge(*policy, Phase::Request, ads);
  EXPECT_EQ(words(*policy, by_list), "block by ads");
  EXPECT_EQ(by_list.hit.line, 2U);
  EXPECT_EQ(by_list.hit.text(), "ads.test");
  Asked post("http://a.test/", "POST");
  const Verdict other = judge(*policy, Phase::Request, post);
  EXPECT_EQ(words(*policy, other), "block by unlisted");
  EXPECT_FALSE(other.hit);
}

TEST(Judge, ListsOfAddressesSpeakAfterResolution) {
  Draft draft;
  draft.list("nets", "192.0.2.0/24\n", ListFormat::Networks)
      .add(rule("nets", {is(Kind::List, {"nets"})}, {kBlock}));
  const auto policy = draft.policy();
  EXPECT_TRUE(policy->has_phase(Phase::Address));
  Asked asked("http://a.test/");
  Verdict verdict = judge(*policy, Phase::Request, asked);
  EXPECT_EQ(words(*policy, verdict), "default");
  asked.subject.destination = IpAddress::parse("192.0.2.9");
  policy->judge(Phase::Address, asked.subject, asked.arena, verdict);
  EXPECT_EQ(words(*policy, verdict), "block by nets");
}

TEST(Judge, WhatListsChangeIsTakenThoughTheyDoNotBlock) {
  Draft draft;
  draft.list("lists", "||a.test^$csp=script-src 'none'\n", ListFormat::Adblock)
      .add(rule("lists", {is(Kind::List, {"lists"}), is(Kind::Method, {"GET"})}, {kBlock}));
  const auto policy = draft.policy();
  Asked get("http://a.test/");
  get.subject.kind = ResourceKind::Document;
  Asked post("http://a.test/", "POST");
  post.subject.kind = ResourceKind::Document;
  const Verdict verdict = judge(*policy, Phase::Request, get);
  EXPECT_EQ(words(*policy, verdict), "default");
  ASSERT_EQ(verdict.edits.count, 1U);
  EXPECT_EQ(verdict.edits.edits[0].text, "script-src 'none'");
  EXPECT_EQ(judge(*policy, Phase::Request, post).edits.count, 0U);
}

TEST(Judge, ParametersThatListsOfSeveralRulesRemoveAreAllGone) {
  Draft draft;
  draft.list("one", "$removeparam=a\n", ListFormat::Adblock)
      .list("two", "$removeparam=b\n", ListFormat::Adblock)
      .add(rule("r1", {is(Kind::List, {"one"})}, {kBlock}))
      .add(rule("r2", {is(Kind::List, {"two"})}, {kBlock}));
  const auto policy = draft.policy();
  const auto after = [&](std::string_view url) {
    Asked asked(url);
    return std::string(judge(*policy, Phase::Request, asked).edits.url);
  };
  EXPECT_EQ(after("http://x.test/?a=1&b=2&c&a=3&&b"), "http://x.test/?c&");
  EXPECT_EQ(after("http://x.test/?a=1&b=2"), "http://x.test/");
  EXPECT_EQ(after("http://x.test/?b=2&c"), "http://x.test/?c");
  EXPECT_EQ(after("http://x.test/?c"), "");
}

TEST(Judge, ARuleThatLetsPassTakesNoChangesFromItsLists) {
  Draft draft;
  draft.list("lists", "||a.test^$csp=script-src 'none'\n", ListFormat::Adblock)
      .add(rule("lists", {is(Kind::List, {"lists"})}, {kAllow}))
      .add(rule("draft", {is(Kind::List, {"lists"})}, {kBlock}, true));
  Asked asked("http://a.test/");
  asked.subject.kind = ResourceKind::Document;
  EXPECT_EQ(judge(*draft.policy(), Phase::Request, asked).edits.count, 0U);
}

TEST(Judge, ASizeThatIsCountedIsJudgedWhenItReachesABound) {
  Draft draft;
  draft.add(rule("small", {between(Kind::ResponseSize, 0, 1000)}, {kAllow}))
      .add(rule("other", {is(Kind::Host, {"b.test"}), between(Kind::ResponseSize, 10)}, {kBlock}))
      .add(rule("large", {between(Kind::ResponseSize, 5000)}, {kBlock}));
  const auto policy = draft.policy();
  Asked asked("http://a.test/");
  Verdict verdict = judge(*policy, Phase::Request, asked);
  policy->judge(Phase::Response, asked.subject, asked.arena, verdict);
  EXPECT_EQ(words(*policy, verdict), "default");
  asked.subject.response_counted = true;
  std::vector<std::uint64_t> bounds;
  while (const auto bound = policy->size_limit(asked.subject, verdict)) {
    bounds.push_back(*bound);
    asked.subject.response_length = bound;
    policy->judge(Phase::Response, asked.subject, asked.arena, verdict);
  }
  EXPECT_EQ(bounds, (std::vector<std::uint64_t>{1000, 5000}));
  EXPECT_EQ(words(*policy, verdict), "block by large");
}

TEST(Judge, ADeclaredSizeIsJudgedAtOnce) {
  Draft draft;
  draft.add(rule("large", {between(Kind::ResponseSize, 5000)}, {kBlock}));
  Asked asked("http://a.test/");
  asked.subject.response_length = 5000;
  EXPECT_EQ(judged(draft, asked, Phase::Response), "block by large");
  asked.subject.response_length = 4999;
  EXPECT_EQ(judged(draft, asked, Phase::Response), "default");
  EXPECT_EQ(draft.policy()->size_limit(asked.subject, Verdict()), std::nullopt);
}

TEST(Judge, SniffingIsAskedForOnlyByRulesAboutTypes) {
  Draft draft;
  EXPECT_FALSE(draft.policy()->wants_sniffing());
  draft.add(rule("types", {any({is(Kind::MediaType, {"video/*"})})}, {kBlock}));
  EXPECT_TRUE(draft.policy()->wants_sniffing());
}

TEST(Judge, GroupsAreFoundByAddressUserListenerCardAndName) {
  Draft draft;
  draft.group("kids", {"10.0.1.0/24", "10.0.2.7"}).group("all", {"10.0.0.0/8", "fd00::/8"});
  draft.document.groups[0].users = {"tim"};
  draft.document.groups[0].listeners = {"guest"};
  draft.document.groups[0].macs = {{2, 0, 0, 0, 0, 1}};
  draft.document.groups[0].devices = {"tims-tablet", "printer.lan"};
  const auto policy = draft.policy();
  const auto groups = [&](const char* client, const char* user, const char* listener) {
    return policy->groups_of(IpAddress::parse(client).value(), user, listener);
  };
  EXPECT_EQ(groups("10.0.1.255", "", ""), 3U);
  EXPECT_EQ(groups("10.0.2.7", "", ""), 3U);
  EXPECT_EQ(groups("10.0.2.8", "", ""), 2U);
  EXPECT_EQ(groups("fd00::1", "", ""), 2U);
  EXPECT_EQ(groups("192.0.2.1", "", ""), 0U);
  EXPECT_EQ(groups("192.0.2.1", "tim", ""), 1U);
  EXPECT_EQ(groups("192.0.2.1", "Tim", ""), 0U);
  EXPECT_EQ(groups("192.0.2.1", "", "guest"), 1U);
  const auto device = [&](std::optional<MacAddress> mac, std::string_view name) {
    return policy->groups_of(IpAddress::parse("192.0.2.1").value(), "", "", Device{mac, name});
  };
  EXPECT_EQ(device(MacAddress{2, 0, 0, 0, 0, 1}, ""), 1U);
  EXPECT_EQ(device(MacAddress{2, 0, 0, 0, 0, 2}, ""), 0U);
  EXPECT_EQ(device(std::nullopt, "tims-tablet"), 1U);
  EXPECT_EQ(device(std::nullopt, "tims-tablet.lan"), 1U) << "a name without its domain";
  EXPECT_EQ(device(std::nullopt, "tims-tablet-2"), 0U);
  EXPECT_EQ(device(std::nullopt, "printer"), 0U);
  EXPECT_EQ(device(std::nullopt, "printer.lan"), 1U);
}

TEST(Judge, AClientCannotClaimAGroupByEmbeddingItsAddress) {
  Draft draft;
  draft.group("kids", {"10.0.0.0/8"});
  const auto policy = draft.policy();
  EXPECT_EQ(policy->groups_of(IpAddress::parse("2002:0a00:0001::").value(), "", ""), 0U);
  EXPECT_EQ(policy->groups_of(IpAddress::parse("::ffff:10.0.0.1").value(), "", ""), 1U);
}

// A list that cannot be asked about some URLs within bounds.
const std::string kCostly = [] {
  std::string out;
  for (int n = 0; n < 20'000; ++n) {
    out += "/ads/*" + std::to_string(n) + "~\n";
  }
  return out;
}();
const std::string kCostlyUrl = [] {
  std::string out = "http://a.test/";
  for (int n = 0; n < 1000; ++n) {
    out += "ads/";
  }
  return out;
}();

TEST(Judge, ARuleWhoseListCostsTooMuchToAskBlocksWhateverItIsFor) {
  const std::vector<RuleDocument> rules = {
      rule("block", {is(Kind::List, {"costly"})}, {kBlock}),
      rule("allow", {is(Kind::List, {"costly"})}, {kAllow}),
      rule("allow others", {none({is(Kind::List, {"costly"})})}, {kAllow}),
      rule("adjust", {any({is(Kind::List, {"costly"}), is(Kind::Host, {"b.test"})})}, {tag("x")})};
  for (const auto& one : rules) {
    Draft draft;
    draft.list("costly", kCostly, ListFormat::Adblock).add(one);
    const auto policy = draft.policy();
    Asked asked(kCostlyUrl);
    const Verdict verdict = judge(*policy, Phase::Request, asked);
    EXPECT_EQ(words(*policy, verdict), "block by " + one.id);
    EXPECT_TRUE(verdict.gave_up);
    EXPECT_EQ(verdict.action, nullptr);
    EXPECT_EQ(verdict.hit.list_name, "costly");
    Asked cheap("http://a.test/");
    EXPECT_FALSE(judge(*policy, Phase::Request, cheap).gave_up);
  }
}

TEST(Judge, WhatCostsTooMuchInDryRunOrBehindAnotherConditionBlocksNothing) {
  Draft draft;
  draft.list("costly", kCostly, ListFormat::Adblock)
      .list("trial", kCostly, ListFormat::Adblock, true)
      .add(rule("dry", {is(Kind::List, {"costly"})}, {kBlock}, true))
      .add(rule("dry list", {is(Kind::List, {"trial"})}, {kBlock}))
      .add(rule("elsewhere", {is(Kind::Host, {"b.test"}), is(Kind::List, {"costly"})}, {kBlock}));
  const auto policy = draft.policy();
  Asked asked(kCostlyUrl);
  const Verdict verdict = judge(*policy, Phase::Request, asked);
  EXPECT_FALSE(verdict.gave_up);
  EXPECT_FALSE(verdict.blocks());
  EXPECT_EQ(verdict.would, Decision::Block);
}

}  // namespace
}  // namespace weir::filters::test
