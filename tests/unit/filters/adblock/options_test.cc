// SPDX-License-Identifier: Apache-2.0
//
// One table per option: the rule, who asks for what, and whether it is blocked.
#include <gtest/gtest.h>

#include "tests/unit/filters/adblock/judging.h"

namespace weir::filters {
namespace {

using enum ResourceKind;

struct Row {
  const char* list;
  Request request;
  bool blocks;
};

void check(const std::vector<Row>& rows) {
  for (const auto& row : rows) {
    const Judging judging{std::string(row.list)};
    EXPECT_EQ(judging.blocks(row.request), row.blocks)
        << row.list << " on " << row.request.url << " for " << kind_name(row.request.kind) << " of "
        << row.request.page;
  }
}

TEST(Options, TypesLimitAndNegate) {
  check({{"/ad.$script", {"https://a.test/ad.js", Script}, true},
         {"/ad.$script", {"https://a.test/ad.js", Image}, false},
         {"/ad.$script,image", {"https://a.test/ad.js", Image}, true},
         {"/ad.$~script", {"https://a.test/ad.js", Script}, false},
         {"/ad.$~script", {"https://a.test/ad.js", Image}, true},
         {"/ad.$~script,~image", {"https://a.test/ad.js", Font}, true},
         {"/ad.$css", {"https://a.test/ad.css", Stylesheet}, true},
         {"/ad.$frame", {"https://a.test/ad.html", Subdocument}, true},
         {"/ad.$xhr", {"https://a.test/ad.json", Xhr}, true},
         {"/ad.$xmlhttprequest", {"https://a.test/ad.json", Ping}, false},
         {"/ad.$beacon", {"https://a.test/ad.json", Ping}, true},
         {"/ad.$websocket", {"https://a.test/ad.json", Websocket}, true},
         {"/ad.$object-subrequest", {"https://a.test/ad.swf", Object}, true},
         {"/ad.$other", {"https://a.test/ad.x", Other}, true},
         {"/ad.", {"https://a.test/ad.x", CspReport}, true},
         {"/ad.$script,_,__", {"https://a.test/ad.js", Script}, true}});
}

TEST(Options, ADocumentNeedsItsTypeOrAMatchThatEndsWithTheHost) {
  check({{"||a.test^", {"https://a.test/x", Document}, true},
         {"||a.test/x", {"https://a.test/x", Document}, false},
         {"||a.test/x$document", {"https://a.test/x", Document}, true},
         {"||a.test/x$all", {"https://a.test/x", Document}, true},
         {"||a.test/x$all", {"https://a.test/x", Image}, true},
         {"||a.test^$script", {"https://a.test/x", Document}, false},
         {"||a.test^$~script", {"https://a.test/x", Document}, true},
         {"||a.test^$~doc", {"https://a.test/x", Document}, false},
         {"||a.test", {"https://a.test/x", Document}, true},
         {"||a.t", {"https://a.test/x", Document}, false},
         {"||a.test^\n@@||a.test/x", {"https://a.test/x", Document}, false}});
}

TEST(Options, HostsAreNamedAsTheyAreJudged) {
  check({{"*$script,from=[2001:db8::1]", {"https://a.test/", Script, "[2001:db8::1]"}, true},
         {"*$script,from=2001:db8::1", {"https://a.test/", Script, "[2001:db8::1]"}, true},
         {"*$script,to=[2001:db8::1]", {"https://[2001:db8::1]/", Script, "b.test"}, true},
         {"*$script,from=B.test.", {"https://a.test/", Script, "b.test"}, true},
         {"*$script,from=b[.test", {"https://a.test/", Script, "b.test"}, false},
         {"*$script,from=.", {"https://a.test/", Script, "b.test"}, false}});
}

TEST(Options, PartyIsByRegistrableDomain) {
  check({{"||a.test^$third-party", {"https://a.test/", Script, "b.test"}, true},
         {"||a.test^$3p", {"https://cdn.a.test/", Script, "www.a.test"}, false},
         {"||a.test^$~third-party", {"https://cdn.a.test/", Script, "www.a.test"}, true},
         {"||a.test^$1p", {"https://a.test/", Script, "b.test"}, false},
         {"||a.test^$~1p", {"https://a.test/", Script, "b.test"}, true},
         {"||a.test^$1p,3p", {"https://a.test/", Script, "b.test"}, false},
         {"||a.test^$1p,3p", {"https://a.test/", Script, "a.test"}, false},
         {"||a.test^$script,3p,~3p", {"https://a.test/", Script, "a.test"}, false},
         {"||a.test^\n@@||a.test^$1p,3p", {"https://a.test/", Script, "a.test"}, true},
         {"||a.github.io^$3p", {"https://a.github.io/", Script, "b.github.io"}, true},
         {"||a.co.uk^$3p", {"https://a.co.uk/", Script, "b.co.uk"}, true},
         {"||a.test^$strict1p", {"https://cdn.a.test/", Script, "a.test"}, false},
         {"||a.test^$strict1p", {"https://a.test/", Script, "a.test"}, true},
         {"||a.test^$strict3p", {"https://cdn.a.test/", Script, "a.test"}, true},
         {"||a.test^$1p,strict3p", {"https://cdn.a.test/", Script, "a.test"}, true},
         {"||a.test^$1p,strict3p", {"https://a.test/", Script, "a.test"}, false},
         {"||a.test^$1p,strict3p", {"https://a.test/", Script, "b.test"}, false},
         {"||a.test^$3p,strict3p", {"https://cdn.a.test/", Script, "a.test"}, false},
         {"||a.test^$3p,strict3p", {"https://a.test/", Script, "b.test"}, true},
         {"||a.test^$1p,strict1p", {"https://a.test/", Script, "a.test"}, true},
         {"||a.test^$1p,strict1p", {"https://cdn.a.test/", Script, "a.test"}, false},
         {"||a.test^$3p,strict1p", {"https://a.test/", Script, "b.test"}, false},
         {"||a.test^$script,3p,strict1p", {"https://a.test/", Script, "a.test"}, false},
         {"||a.test^$3p", {"https://a.test/", Script, ""}, true},
         {"||a.test^$domain=b.test", {"https://a.test/", Script, ""}, false},
         {"||a.test^$domain=~b.test", {"https://a.test/", Script, ""}, true},
         {"/ad.js$3p", {"http://1.2.3.4/ad.js", Script, "1.2.3.5"}, true}});
}

TEST(Options, DomainsNameThePage) {
  check({{"/ad.$domain=b.test", {"https://a.test/ad.js", Script, "www.b.test"}, true},
         {"/ad.$from=b.test", {"https://a.test/ad.js", Script, "xb.test"}, false},
         {"/ad.$domain=b.test|c.test", {"https://a.test/ad.js", Script, "c.test"}, true},
         {"/ad.$domain=~b.test", {"https://a.test/ad.js", Script, "www.b.test"}, false},
         {"/ad.$domain=~b.test", {"https://a.test/ad.js", Script, "c.test"}, true},
         {"/ad.$domain=b.test|~x.b.test", {"https://a.test/ad.js", Script, "x.b.test"}, false},
         {"/ad.$domain=b.test|~x.b.test", {"https://a.test/ad.js", Script, "y.b.test"}, true},
         {"/ad.$domain=b.*", {"https://a.test/ad.js", Script, "b.co.uk"}, true},
         {"/ad.$domain=b.*", {"https://a.test/ad.js", Script, "www.b.com"}, true},
         {"/ad.$domain=b.*", {"https://a.test/ad.js", Script, "b.c.com"}, false},
         {"/ad.$domain=~b.*", {"https://a.test/ad.js", Script, "b.com"}, false},
         {"/ad.$domain=/^b\\d+\\.test$/", {"https://a.test/ad.js", Script, "b12.test"}, true},
         {"/ad.$domain=/^(b|c)\\d\\./|x.test", {"https://a.test/ad.js", Script, "c1.test"}, true},
         {"*$script,domain=b.test", {"https://a.test/x", Script, "b.test"}, true},
         {"*$script,domain=b.test", {"https://a.test/x", Image, "b.test"}, false},
         {"*$script,domain=B.*", {"https://a.test/x", Script, "w.b.com"}, true},
         {"/ad.$domain=", {"https://a.test/ad.js", Script, "b.test"}, false},
         {"/ad.$domain=b.test|", {"https://a.test/ad.js", Script, "b.test"}, false}});
}

TEST(Options, ToAndDenyallowNameTheHostAskedFor) {
  check(
      {{"/ad.$to=a.test", {"https://x.a.test/ad.js"}, true},
       {"/ad.$to=~a.test", {"https://x.a.test/ad.js"}, false},
       {"*$script,to=a.test", {"https://x.a.test/"}, true},
       {"*$script,to=a.*", {"https://x.a.com/"}, true},
       {"*$script,to=a.test|b.test", {"https://c.test/"}, false},
       {"*$script,3p,denyallow=a.test,domain=p.test", {"https://a.test/", Script, "p.test"}, false},
       {"*$script,3p,denyallow=a.test,domain=p.test", {"https://b.test/", Script, "p.test"}, true},
       {"*$script,denyallow=~a.test,domain=p.test", {"https://b.test/", Script, "p.test"}, false}});
}

TEST(Options, MethodsAndCase) {
  check({{"/ad.$method=post", {"https://a.test/ad.js", Xhr, "p.test", "POST"}, true},
         {"/ad.$method=post|put", {"https://a.test/ad.js", Xhr, "p.test", "GET"}, false},
         {"/ad.$method=~get", {"https://a.test/ad.js", Xhr, "p.test", "GET"}, false},
         {"/ad.$method=~get", {"https://a.test/ad.js", Xhr, "p.test", "POST"}, true},
         {"/Ad.$match-case", {"https://a.test/Ad.js"}, true},
         {"/Ad.$match-case", {"https://a.test/ad.js"}, false}});
}

TEST(Options, ExceptionsAndImportance) {
  check(
      {{"||a.test^\n@@||a.test/ok", {"https://a.test/ok"}, false},
       {"||a.test^\n@@||a.test/ok", {"https://a.test/no"}, true},
       {"||a.test^\n@@||a.test^$image", {"https://a.test/no"}, true},
       {"||a.test^$important\n@@||a.test^", {"https://a.test/"}, true},
       {"||a.test^\n/x$important\n@@||a.test^", {"https://a.test/x"}, true},
       {"||a.test^\n@@||a.test^$important", {"https://a.test/"}, true},  // no such thing
       {"||a.test^$badfilter\n||a.test^", {"https://a.test/"}, false},
       {"||a.test^$3p,script\n||a.test^$script,third-party,badfilter", {"https://a.test/"}, false},
       {"/x$domain=a.test|b.test\n/x$badfilter,from=b.test|a.test",
        {"https://a.test/x", Script, "a.test"},
        false},
       {"||a.test^\n||a.test^$script,badfilter", {"https://a.test/"}, true},
       {"@@||a.test^$badfilter\n@@||a.test^\n||a.test^", {"https://a.test/"}, true}});
  EXPECT_EQ(Judging("||a.test^\n@@/ok").ask({"https://a.test/ok"}).exception, "@@/ok");
  EXPECT_EQ(Judging("||a.test^\n@@/ok").ask({"https://a.test/ok"}).by, "||a.test^");
}

// Whichever block is met first: under the host, or by what to= says.
TEST(Options, AnImportantBlockIsNotSaidToBeExcepted) {
  for (const char* others : {"|https:$to=a.test", "||a.test^", "|https:"}) {
    const std::string list = std::string(others) + "\n||a.test/x$important\n@@|https:\n";
    const Answer answer = Judging(list).ask({"https://a.test/x"});
    EXPECT_TRUE(answer.block && answer.important) << list;
    EXPECT_EQ(answer.exception, "") << list;
    EXPECT_EQ(answer.by, "||a.test/x$important");
  }
}

TEST(Options, WhatIsNotKnownDropsTheRule) {
  for (const auto* option : {"ipaddress=1.2.3.4",
                             "header=x:y",
                             "urlskip=?u",
                             "replace=/a/b/",
                             "webrtc",
                             "app=x",
                             "popup",
                             "popunder",
                             "generichide",
                             "elemhide",
                             "cname",
                             "inline-script",
                             "genericblock",
                             "uritransform=/a/b/",
                             "script=1",
                             "domain",
                             "~domain=a.test",
                             "~all",
                             "script,",
                             "Script"}) {
    EXPECT_FALSE(Judging(std::string("||a.test^$") + option).blocks({"https://a.test/"})) << option;
  }
  EXPECT_TRUE(Judging("||a.test^$popup,script").blocks({"https://a.test/"}));
  EXPECT_TRUE(Judging("||a.test^$reason=\"why, indeed\",script").blocks({"https://a.test/"}));
}

TEST(Options, ConnectIsJudgedByWhatCoversTheWholeHost) {
  const auto connect = [](const char* list, bool third = false) {
    return Judging(list, third).blocks({"a.test:443", Other, "", "CONNECT"});
  };
  EXPECT_TRUE(connect("||a.test^"));
  EXPECT_TRUE(connect("||test^$all"));
  EXPECT_TRUE(connect("/a.test/*"));
  EXPECT_TRUE(connect("||a.test^$important\n@@||a.test^"));
  EXPECT_FALSE(connect("||a.test^$script"));
  EXPECT_FALSE(connect("||a.test^$domain=b.test"));
  EXPECT_FALSE(connect("||a.test^$domain=~b.test|c.test"));
  EXPECT_TRUE(connect("||a.test^$domain=~b.test")) << "nearly every page";
  EXPECT_TRUE(connect("||a.test^$all,domain=~b.test|~/c/"));
  EXPECT_FALSE(connect("||a.test^\n@@||a.test^$domain=~b.test"));
  EXPECT_FALSE(connect("||a.test^$~image"));
  EXPECT_FALSE(connect("||a.test^$third-party"));
  EXPECT_TRUE(connect("||a.test^$third-party", true));
  EXPECT_FALSE(connect("||a.test/x"));
  EXPECT_FALSE(connect("||a.test^|"));
  EXPECT_FALSE(connect("||a.test^\n@@||a.test^"));
  EXPECT_TRUE(connect("||a.test^\n@@||a.test/x"));
  EXPECT_FALSE(connect("||a.test^$domain=~test")) << "not its own pages";
  EXPECT_FALSE(connect("||a.test^$domain=~b.test|~a.test"));
  EXPECT_TRUE(connect("||a.test^$domain=~a.test", true)) << "the page is another's";
}

// Type and page are not known: an exception for some of them leaves the host open.
TEST(Options, ConnectIsExceptedByWhatHoldsForSomeTypeOrParty) {
  const auto excepted = [](const std::string& by, bool third = false) {
    return !Judging("||a.test^$all\n@@||a.test^$" + by, third)
                .blocks({"a.test:443", Other, "", "CONNECT"});
  };
  EXPECT_TRUE(excepted("script"));
  EXPECT_TRUE(excepted("~script"));
  EXPECT_TRUE(excepted("script,domain=~b.test"));
  EXPECT_TRUE(excepted("1p"));
  EXPECT_TRUE(excepted("xhr,1p"));
  EXPECT_TRUE(excepted("3p"));
  EXPECT_TRUE(excepted("strict1p"));
  EXPECT_TRUE(excepted("xhr,3p", true));
  EXPECT_FALSE(excepted("xhr,1p", true)) << "the page is another's";
  EXPECT_FALSE(excepted("document"));
  EXPECT_FALSE(excepted("popup"));
  EXPECT_FALSE(excepted("script,domain=b.test")) << "one page";
  EXPECT_FALSE(excepted("method=post"));
  EXPECT_FALSE(excepted("removeparam=x"));
  EXPECT_FALSE(Judging("||a.test^$important\n@@||a.test^$script")
                   .blocks({"b.test:443", Other, "", "CONNECT"}));
  EXPECT_TRUE(Judging("||a.test^$important\n@@||a.test^$script")
                  .blocks({"a.test:443", Other, "", "CONNECT"}));
  EXPECT_FALSE(Judging("||a.test^\n||a.test^$3p,important\n@@||a.test^$script")
                   .blocks({"a.test:443", Other, "", "CONNECT"}))
      << "what is asked behind the exceptions is asked as before";
}

TEST(Options, ATunnelToAListedNameIsOpenedOnlyByWhatHoldsForAll) {
  ListHit hit;
  hit.list = 7;
  hit.line = 1;
  const auto blocked = [&hit](const std::string& list, const std::string& method) {
    const bool tunnel = method == "CONNECT";
    return Judging(list)
        .ask({tunnel ? "a.test:443" : "http://a.test/x.js", Script, "", method}, hit)
        .block;
  };
  for (const char* some : {"@@||a.test^$script", "@@*$xhr", "@@||a.test^$1p"}) {
    EXPECT_TRUE(blocked(some, "CONNECT")) << some;
  }
  EXPECT_FALSE(blocked("@@||a.test^", "CONNECT"));
  EXPECT_FALSE(blocked("@@||a.test^$script", "GET"));
}

TEST(Options, AHostThatAnotherListNamesCanBeExcepted) {
  ListHit hit;
  hit.line = 7;
  hit.rest = "a.test";
  EXPECT_TRUE(Judging("||b.test^").ask({"https://a.test/"}, hit).block);
  EXPECT_EQ(Judging("||b.test^").ask({"https://a.test/"}, hit).by, "a.test");
  EXPECT_FALSE(Judging("@@||a.test^").ask({"https://a.test/"}, hit).block);
}

}  // namespace
}  // namespace weir::filters
