// SPDX-License-Identifier: Apache-2.0
//
// What a policy's author is told: everything that is wrong, where it stands, and what to do.
#include "tests/unit/filters/policy/build.h"

#include <gmock/gmock.h>  // its macros must not meet those of the tables

namespace weir::filters::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const Action kBlock = act(ActionKind::Block);

std::vector<std::string> problems_of(Condition condition) {
  Draft draft;
  draft.add(rule("it", {std::move(condition)}, {kBlock}));
  return draft.problems();
}

std::vector<std::string> problems_of(Action action) {
  Draft draft;
  draft.add(rule("it", {}, {std::move(action)}));
  return draft.problems();
}

TEST(Compile, EverythingWrongIsToldAtOnceWithItsPlace) {
  Draft draft;
  draft.add(rule("one", {is(Kind::Group, {"nobody"})}, {kBlock}))
      .add(rule("two", {is(Kind::Url, {"("})}, {kBlock, act(ActionKind::Allow)}))
      .add(rule("two", {}, {}));
  const auto made = draft.compile();
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().size(), 5U);
  for (const auto& problem : made.error()) {
    EXPECT_EQ(problem.file, "weir.json");
    EXPECT_EQ(problem.line, 7U);
  }
}

TEST(Compile, UnknownNamesAreToldWithThoseThatAreKnown) {
  Draft draft;
  draft.group("kids", {"10.0.0.0/8"}).group("staff", {"192.0.2.0/24"});
  draft.add(rule("it", {is(Kind::Group, {"kidz"})}, {kBlock}));
  EXPECT_THAT(draft.problems(), ElementsAre("rule \"it\": there is no group \"kidz\"; define it, "
                                            "or write \"kids\" or \"staff\""));
  EXPECT_THAT(problems_of(is(Kind::List, {"ads"})), ElementsAre(HasSubstr("none is defined")));
  EXPECT_THAT(problems_of(is(Kind::Schedule, {"s"})), ElementsAre(HasSubstr("no schedule \"s\"")));
  EXPECT_THAT(problems_of(is(Kind::Kind, {"picture"})), ElementsAre(HasSubstr("\"document\"")));
  EXPECT_THAT(problems_of(is(Kind::Scheme, {"ftp"})), ElementsAre(HasSubstr("\"tunnel\"")));
}

TEST(Compile, HostsMustBeHosts) {
  for (const auto* wrong : {"http://a.test", "a.test:80", "a b", "*", "a..b", ".1.2.3.4", "", "a/b",
                            "m\xc3\xbcnchen.test", "*.*..x", "1.2.3"}) {
    EXPECT_THAT(problems_of(is(Kind::Host, {wrong})), ElementsAre(HasSubstr("host"))) << wrong;
  }
  EXPECT_THAT(problems_of(is(Kind::Host, {"m\xc3\xbcnchen.test"})), ElementsAre(HasSubstr("xn--")));
}

TEST(Compile, ValuesThatCouldNeverHoldAreRefused) {
  EXPECT_THAT(problems_of(is(Kind::PathPrefix, {"ads"})), ElementsAre(HasSubstr("\"/ads\"")));
  EXPECT_THAT(problems_of(is(Kind::Extension, {".exe"})), ElementsAre(HasSubstr("\"exe\"")));
  EXPECT_THAT(problems_of(is(Kind::MediaType, {"png"})), ElementsAre(HasSubstr("image/*")));
  EXPECT_THAT(problems_of(between(Kind::Port, 90, 80)), ElementsAre(HasSubstr("empty range")));
  EXPECT_THAT(problems_of(any({})), ElementsAre(HasSubstr("empty")));
  EXPECT_THAT(problems_of(matching(Kind::RequestField, {{"a b", ValueMatch::How::Present, ""}})),
              ElementsAre(HasSubstr("field name")));
}

TEST(Compile, ExpressionsMustCompileAndBeBounded) {
  EXPECT_THAT(problems_of(is(Kind::Url, {"(a"})), ElementsAre(HasSubstr("RE2")));
  EXPECT_THAT(problems_of(is(Kind::Url, {"(a|b){999}{999}"})), ElementsAre(HasSubstr("RE2")));
  EXPECT_THAT(problems_of(is(Kind::Url, {std::string(5000, 'a')})),
              ElementsAre(HasSubstr("longer")));
  EXPECT_THAT(problems_of(is(Kind::Url, {"\\Qopen", "other"})), IsEmpty());
}

TEST(Compile, NestingIsBounded) {
  Condition deep = is(Kind::Host, {"a.test"});
  for (int i = 0; i < 40; ++i) {
    deep = none({deep});
  }
  EXPECT_THAT(problems_of(deep), ElementsAre(HasSubstr("nested")));
}

TEST(Compile, FramingAndHopByHopFieldsAreLeftToTheProxy) {
  for (const auto* name : {"Content-Length", "transfer-encoding", "Connection", "HOST", "Upgrade",
                           "TE", "Trailer", "Proxy-Authorization", "Keep-Alive", "a b", ""}) {
    EXPECT_THAT(problems_of(with_fields(ActionKind::SetRequestField, {{name, "x"}})),
                ElementsAre(HasSubstr("set_request_field")))
        << name;
    EXPECT_THAT(problems_of(with_names(ActionKind::RemoveResponseField, {name})),
                ElementsAre(HasSubstr("remove_response_field")))
        << name;
  }
  EXPECT_THAT(problems_of(with_fields(ActionKind::SetRequestField, {{"X-A", "x"}})), IsEmpty());
}

TEST(Compile, ValuesCannotSplitAMessage) {
  for (const auto& value :
       {std::string("a\r\nb: c"), std::string("a\nb"), std::string("a\0b", 3)}) {
    EXPECT_THAT(problems_of(with_fields(ActionKind::AddResponseField, {{"X-A", value}})),
                ElementsAre(HasSubstr("control character")));
  }
  Action edit = act(ActionKind::ReplaceRequestField);
  edit.edits = {{"x-a", "b", "c\r\n"}, {"x-a", "(", ""}, {"x-a", "a", "\\3"}};
  EXPECT_EQ(problems_of(edit).size(), 3U);
}

TEST(Compile, ActionsThatComeTooLateAreRefused) {
  for (const auto kind : {ActionKind::Tunnel, ActionKind::Intercept, ActionKind::StripQuery}) {
    Draft draft;
    draft.add(rule("it", {between(Kind::Status, 200, 300)}, {with_names(kind, {"x"})}));
    EXPECT_THAT(draft.problems(), ElementsAre(HasSubstr("too late")));
    Draft fine;
    fine.add(rule("it", {any({between(Kind::Status, 200, 300), is(Kind::Host, {"a"})})},
                  {with_names(kind, {"x"})}));
    EXPECT_THAT(fine.problems(), IsEmpty());
  }
}

TEST(Compile, ActionsAreChecked) {
  EXPECT_THAT(problems_of(with_names(ActionKind::SafeSearch, {"altavista"})),
              ElementsAre(HasSubstr("\"google\"")));
  EXPECT_THAT(problems_of(with_names(ActionKind::SafeSearch, {})), IsEmpty());
  EXPECT_THAT(problems_of(tag("two words")), ElementsAre(HasSubstr("tag")));
  EXPECT_THAT(problems_of(act(ActionKind::Bandwidth)), ElementsAre(HasSubstr("rate")));
  Action redirect = act(ActionKind::Redirect);
  redirect.to = "/relative";
  EXPECT_THAT(problems_of(redirect), ElementsAre(HasSubstr("absolute")));
  redirect.to = "https://a.test/\r\nSet-Cookie: a";
  EXPECT_THAT(problems_of(redirect), ElementsAre(HasSubstr("absolute")));
  redirect.to = "https://a.test/";
  redirect.status = 200;
  EXPECT_THAT(problems_of(redirect), ElementsAre(HasSubstr("status 200")));
  Action block = kBlock;
  block.status = 101;
  EXPECT_THAT(problems_of(block), ElementsAre(HasSubstr("status 101")));
}

TEST(Compile, ThereAreAtMost64GroupsAndSchedules) {
  Draft draft;
  for (int i = 0; i < 64; ++i) {
    draft.group("g" + std::to_string(i), {"10.0.0.0/8"});
  }
  draft.add(rule("it", {is(Kind::Group, {"g63"})}, {kBlock}));
  const auto policy = draft.policy();
  EXPECT_EQ(policy->groups_of(IpAddress::parse("10.0.0.1").value(), "", ""), UINT64_MAX);
  draft.group("one more", {"10.0.0.0/8"});
  EXPECT_THAT(draft.problems(), ElementsAre(HasSubstr("at most 64")));
  Draft twice;
  twice.group("a", {}).group("a", {});
  EXPECT_THAT(twice.problems(), ElementsAre(HasSubstr("twice")));
}

TEST(Compile, SchedulesAreChecked) {
  const auto problem = [](ScheduleDocument schedule) {
    schedule.name = "s";
    return Draft().schedule(std::move(schedule)).problems();
  };
  using Interval = ScheduleDocument::Interval;
  EXPECT_THAT(problem({"", "Moon/Base", {Interval{}}, {}}), ElementsAre(HasSubstr("tzdata")));
  EXPECT_THAT(problem({"", "UTC", {}, {}}), ElementsAre(HasSubstr("no interval")));
  EXPECT_THAT(problem({"", "UTC", {Interval{0, 0, 60}}, {}}), ElementsAre(HasSubstr("a day")));
  EXPECT_THAT(problem({"", "UTC", {Interval{1, 1440, 60}}, {}}), ElementsAre(HasSubstr("24:00")));
  EXPECT_THAT(problem({"", "UTC", {Interval{}}, {{2023, 2, 29}}}),
              ElementsAre(HasSubstr("calendar")));
}

}  // namespace
}  // namespace weir::filters::test
