// SPDX-License-Identifier: Apache-2.0
//
// The resolver against a real name server with scripted manners. Nothing sleeps: time passes in the
// loop, towards short timeouts.
#include "proxy/net/resolver.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <fstream>
#include <map>
#include <memory>

#include "tests/unit/net/scripted_dns.h"

namespace weir {
namespace {

using testing::ElementsAre;

IpAddress ip(std::string_view text) {
  return IpAddress::parse(text).value();
}

struct Outcome {
  bool done = false;
  Result<Answer> result = fail(Failure::Internal);

  // The addresses, or the word of the failure.
  std::vector<std::string> texts() const {
    if (!done) {
      return {"waiting"};
    }
    if (!result) {
      return {std::string(word(result.error()))};
    }
    std::vector<std::string> out;
    for (const auto& address : *result->addresses) {
      out.push_back(address.text());
    }
    return out;
  }
};

Spawned ask(Resolver& resolver, std::string name, Outcome& out) {
  out.result = co_await resolver.resolve(name);
  out.done = true;
}

class ResolverTest : public testing::Test {
 protected:
  ResolverTest() {
    settings.servers = {dns.at()};
    settings.hosts_file = false;
  }
  Resolver& resolver() {
    if (!resolver_) {
      resolver_ = std::make_unique<Resolver>(loop, settings, timeout, hosts_path);
    }
    return *resolver_;
  }
  void turn_until(const bool& done) {
    while (!done) {
      loop.turn(-1);
    }
  }
  std::vector<std::string> resolve(std::string name) {
    Outcome out;
    ask(resolver(), name, out);
    turn_until(out.done);
    return out.texts();
  }
  void let_pass(Micros length) {
    const Instant end = loop.now() + length;
    while (loop.now() < end) {
      loop.turn(end - loop.now());
    }
  }

  Loop loop;
  ScriptedDns dns;
  Settings::Dns settings;
  Micros timeout = 20 * kSecond;  // what is expected to answer may take its time
  std::string hosts_path = "/nonexistent";
  std::unique_ptr<Resolver> resolver_;
};

TEST_F(ResolverTest, FindsBothFamiliesAndPutsThePreferredOneFirst) {
  DnsScript both;
  both.addresses = {ip("192.0.2.1"), ip("2001:db8::1"), ip("192.0.2.2"), ip("2001:db8::2")};
  dns.script("both.test", both);
  EXPECT_THAT(resolve("both.test"),
              ElementsAre("2001:db8::1", "2001:db8::2", "192.0.2.1", "192.0.2.2"));
  resolver_.reset();
  settings.prefer_ipv6 = false;
  EXPECT_THAT(resolve("both.test"),
              ElementsAre("192.0.2.1", "192.0.2.2", "2001:db8::1", "2001:db8::2"));
}

TEST_F(ResolverTest, IsContentWithOneFamily) {
  dns.script("four.test", {.addresses = {ip("192.0.2.1")}});
  dns.script("six.test", {.addresses = {ip("2001:db8::1")}});
  EXPECT_THAT(resolve("four.test"), ElementsAre("192.0.2.1"));
  EXPECT_THAT(resolve("six.test"), ElementsAre("2001:db8::1"));
}

TEST_F(ResolverTest, TakesAMappedAddressAsTheIPv4AddressItIs) {
  DnsScript mapped;
  mapped.addresses = {ip("127.0.0.1")};
  mapped.mapped = true;
  dns.script("mapped.test", mapped);
  EXPECT_THAT(resolve("mapped.test"), ElementsAre("127.0.0.1"));
}

TEST_F(ResolverTest, AnswersAgainFromMemoryWithoutWaiting) {
  dns.script("a.test", {.addresses = {ip("192.0.2.1"), ip("2001:db8::1")}});
  EXPECT_THAT(resolve("a.test"), ElementsAre("2001:db8::1", "192.0.2.1"));
  Outcome again;
  ask(resolver(), "a.test", again);
  EXPECT_THAT(again.texts(), ElementsAre("2001:db8::1", "192.0.2.1"));  // no turn was needed
  EXPECT_EQ(dns.asked("a.test"), 2);
  EXPECT_EQ(resolver().counters().lookups, 2u);
  EXPECT_EQ(resolver().counters().cached, 1u);
  EXPECT_EQ(resolver().counters().asked, 1u);
}

TEST_F(ResolverTest, AsksOnceForManyWhoWait) {
  dns.script("a.test", {.addresses = {ip("192.0.2.1")}});
  std::array<Outcome, 20> outcomes;
  for (auto& out : outcomes) {
    ask(resolver(), "a.test", out);
  }
  for (auto& out : outcomes) {
    turn_until(out.done);
    EXPECT_THAT(out.texts(), ElementsAre("192.0.2.1"));
    EXPECT_EQ(out.result->addresses, outcomes[0].result->addresses);  // the same list
  }
  EXPECT_EQ(dns.asked("a.test"), 2);
  EXPECT_EQ(resolver().counters().joined, 19u);
}

TEST_F(ResolverTest, AsksForManyNamesAtOnce) {
  std::array<Outcome, 100> outcomes;  // more would overflow the server's socket
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    const std::string name = "n" + std::to_string(i) + ".test";
    dns.script(name, {.addresses = {IpAddress::v4(static_cast<std::uint32_t>(0xc0000200 + i))}});
    ask(resolver(), name, outcomes[i]);
  }
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    turn_until(outcomes[i].done);
    EXPECT_THAT(outcomes[i].texts(),
                ElementsAre(IpAddress::v4(static_cast<std::uint32_t>(0xc0000200 + i)).text()));
  }
}

TEST_F(ResolverTest, ForgetsAnAnswerWhenItsTimeHasPassed) {
  settings.min_ttl = 30 * kMillisecond;
  dns.script("a.test", {.addresses = {ip("192.0.2.1")}, .ttl = 0});
  EXPECT_THAT(resolve("a.test"), ElementsAre("192.0.2.1"));
  dns.script("a.test", {.addresses = {ip("192.0.2.2")}, .ttl = 0});
  let_pass(40 * kMillisecond);
  EXPECT_THAT(resolve("a.test"), ElementsAre("192.0.2.2"));
}

TEST_F(ResolverTest, KeepsTheTimeToLiveBetweenItsBounds) {
  settings.min_ttl = 5 * kSecond;
  settings.max_ttl = 100 * kSecond;
  const auto seconds_of = [&](const std::string& name, std::uint32_t ttl) {
    dns.script(name, {.addresses = {ip("192.0.2.1"), ip("2001:db8::1")}, .ttl = ttl});
    Outcome out;
    ask(resolver(), name, out);
    turn_until(out.done);
    return (out.result->expires - loop.now()) / kSecond;
  };
  EXPECT_EQ(seconds_of("zero.test", 0), 5);
  EXPECT_EQ(seconds_of("fifty.test", 50), 50);
  EXPECT_EQ(seconds_of("long.test", 100'000), 100);
  EXPECT_EQ(seconds_of("negative.test", 0x80000000), 5);  // RFC 2181 8
}

TEST_F(ResolverTest, FollowsAChainOfAliasesAndHeedsItsShortestLife) {
  DnsScript chain;
  chain.addresses = {ip("192.0.2.1")};
  chain.cnames = {"b.test", "c.test"};
  chain.ttl = 3000;
  chain.cname_ttl = 7;
  dns.script("a.test", chain);
  Outcome out;
  ask(resolver(), "a.test", out);
  turn_until(out.done);
  EXPECT_THAT(out.texts(), ElementsAre("192.0.2.1"));
  EXPECT_EQ((out.result->expires - loop.now()) / kSecond, 7);
}

TEST_F(ResolverTest, RemembersThatANameDoesNotExist) {
  EXPECT_THAT(resolve("missing.test"), ElementsAre("dns_not_found"));
  EXPECT_THAT(resolve("missing.test"), ElementsAre("dns_not_found"));
  EXPECT_EQ(dns.asked("missing.test"), 2);
  EXPECT_EQ(resolver().counters().not_found, 1u);
  resolver().forget();
  EXPECT_THAT(resolve("missing.test"), ElementsAre("dns_not_found"));
  EXPECT_EQ(dns.asked("missing.test"), 4);
}

TEST_F(ResolverTest, RemembersThatANameHasNoAddresses) {
  dns.script("empty.test", {});
  dns.script("alias.test", {.cnames = {"empty.test"}});
  EXPECT_THAT(resolve("empty.test"), ElementsAre("dns_not_found"));
  EXPECT_THAT(resolve("alias.test"), ElementsAre("dns_not_found"));
  Outcome again;
  ask(resolver(), "alias.test", again);
  EXPECT_TRUE(again.done);
}

TEST_F(ResolverTest, AsksAgainAtOnceWhenNothingNegativeMayBeKept) {
  settings.negative_ttl = 0;
  EXPECT_THAT(resolve("late.test"), ElementsAre("dns_not_found"));
  dns.script("late.test", {.addresses = {ip("192.0.2.1")}});
  EXPECT_THAT(resolve("late.test"), ElementsAre("192.0.2.1"));
}

TEST_F(ResolverTest, TellsAFailingServerFromAMissingName) {
  dns.script("servfail.test", {.rcode = 2});
  dns.script("refused.test", {.rcode = 5});
  dns.script("formerr.test", {.rcode = 1});
  EXPECT_THAT(resolve("servfail.test"), ElementsAre("dns_failed"));
  EXPECT_THAT(resolve("refused.test"), ElementsAre("dns_failed"));
  EXPECT_THAT(resolve("formerr.test"), ElementsAre("dns_failed"));
  EXPECT_EQ(resolver().counters().failed, 3u);
}

TEST_F(ResolverTest, DoesNotAskAFailingServerForEveryRequest) {
  dns.script("servfail.test", {.rcode = 2});
  EXPECT_THAT(resolve("servfail.test"), ElementsAre("dns_failed"));
  const int asked = dns.asked("servfail.test");
  EXPECT_THAT(resolve("servfail.test"), ElementsAre("dns_failed"));
  EXPECT_EQ(dns.asked("servfail.test"), asked);
}

TEST_F(ResolverTest, GivesUpOnSilenceAfterTheTimeout) {
  timeout = 100 * kMillisecond;
  dns.script("silent.test", {.silent = true});
  resolver();
  loop.turn(0);
  const Instant begun = loop.now();
  EXPECT_THAT(resolve("silent.test"), ElementsAre("dns_timeout"));
  EXPECT_GE(loop.now() - begun, timeout);
  EXPECT_EQ(resolver().counters().timed_out, 1u);
  // Each family is asked for again, even after we have stopped waiting.
  while (dns.asked("silent.test") < 4) {
    loop.turn(10 * kMillisecond);
  }
}

TEST_F(ResolverTest, DoesNotWaitForTheFamilyThatNeverComes) {
  dns.script("half.test", {.addresses = {ip("192.0.2.1")}, .silent_v6 = true});
  loop.turn(0);
  const Instant begun = loop.now();
  EXPECT_THAT(resolve("half.test"), ElementsAre("192.0.2.1"));
  EXPECT_LT(loop.now() - begun, 2 * kSecond);
}

TEST_F(ResolverTest, GoesToTcpWhenTheAnswerIsTruncated) {
  DnsScript many;
  for (std::uint32_t i = 0; i < 30; ++i) {
    many.addresses.push_back(IpAddress::v4(0xc0000200 + i));
  }
  many.truncated = true;
  dns.script("many.test", many);
  EXPECT_EQ(resolve("many.test").size(), 30u);
  EXPECT_EQ(dns.asked_over_tcp(), 2);
}

TEST_F(ResolverTest, IgnoresAnAnswerWithAnotherId) {
  DnsScript script;
  script.addresses = {ip("192.0.2.1")};
  script.wrong_id_first = true;
  dns.script("forged.test", script);
  EXPECT_THAT(resolve("forged.test"), ElementsAre("192.0.2.1"));
}

TEST_F(ResolverTest, IgnoresAnAnswerToAnotherQuestion) {
  timeout = 100 * kMillisecond;
  DnsScript script;
  script.addresses = {ip("192.0.2.1")};
  script.wrong_question = true;
  dns.script("other.test", script);
  EXPECT_THAT(resolve("other.test"), ElementsAre("dns_timeout"));
}

TEST_F(ResolverTest, SurvivesGarbage) {
  dns.script("garbage.test", {.garbage = true});
  EXPECT_THAT(resolve("garbage.test"), ElementsAre("dns_failed"));
}

TEST_F(ResolverTest, AsksTheNextServerWhenOneIsDead) {
  // A port without a server: bound once and given back.
  Endpoint dead;
  { dead = ScriptedDns().at(); }
  settings.servers = {dead, dns.at()};
  timeout = 2 * kSecond;
  dns.script("a.test", {.addresses = {ip("192.0.2.1")}});
  EXPECT_THAT(resolve("a.test"), ElementsAre("192.0.2.1"));
}

TEST_F(ResolverTest, KeepsABoundedNumberOfNamesAndDropsTheLeastRecentlyUsed) {
  settings.cache_entries = 3;
  for (const auto* name : {"a.test", "b.test", "c.test", "d.test"}) {
    dns.script(name, {.addresses = {ip("192.0.2.1")}});
  }
  resolve("a.test");
  resolve("b.test");
  resolve("c.test");
  resolve("a.test");
  resolve("d.test");
  EXPECT_EQ(resolver().cached_names(), 3u);
  EXPECT_TRUE(resolver().known("a.test"));
  EXPECT_FALSE(resolver().known("b.test"));
  EXPECT_TRUE(resolver().known("c.test"));
  EXPECT_TRUE(resolver().known("d.test"));
}

TEST_F(ResolverTest, AnswersFixedNamesAndLocalhostWithoutAsking) {
  settings.hosts["fixed.test"] = {ip("192.0.2.7"), ip("2001:db8::7")};
  settings.hosts["nothing.test"] = {};
  dns.script("localhost", {.addresses = {ip("6.6.6.6")}});
  dns.script("www.localhost", {.addresses = {ip("6.6.6.6")}});
  EXPECT_THAT(resolve("fixed.test"), ElementsAre("2001:db8::7", "192.0.2.7"));
  EXPECT_THAT(resolve("localhost"), ElementsAre("::1", "127.0.0.1"));
  EXPECT_THAT(resolve("www.localhost"), ElementsAre("::1", "127.0.0.1"));
  EXPECT_THAT(resolve("a.b.onion"), ElementsAre("dns_not_found"));
  EXPECT_EQ(resolver().counters().asked, 0u);
  EXPECT_THAT(resolve("notlocalhost"), ElementsAre("dns_not_found"));
  EXPECT_THAT(resolve("nothing.test"), ElementsAre("dns_not_found"));
  EXPECT_EQ(resolver().counters().asked, 2u);
}

// A hosts file in a directory of its own.
class TempHosts {
 public:
  TempHosts() {
    char name[] = "/tmp/weir-hosts-XXXXXX";
    const int fd = ::mkstemp(name);
    EXPECT_GE(fd, 0);
    ::close(fd);
    path_ = name;
  }
  ~TempHosts() { ::unlink(path_.c_str()); }
  const std::string& path() const { return path_; }
  void write(const std::string& text) { std::ofstream(path_, std::ios::trunc) << text; }

 private:
  std::string path_;
};

TEST_F(ResolverTest, HonoursTheHostsFileBeforeTheDns) {
  TempHosts hosts;
  hosts.write("192.0.2.9 Printer.test printer\n");
  settings.hosts_file = true;
  hosts_path = hosts.path();
  dns.script("printer.test", {.addresses = {ip("6.6.6.6")}});
  EXPECT_THAT(resolve("printer.test"), ElementsAre("192.0.2.9"));
  EXPECT_THAT(resolve("printer"), ElementsAre("192.0.2.9"));
  EXPECT_EQ(resolver().counters().asked, 0u);
}

TEST(HostsFile, IsReadAgainAfterAChangeButLookedAtOnceASecond) {
  TempHosts hosts;
  hosts.write("192.0.2.1 a.test\n");
  HostsFile file(hosts.path());
  const Instant start{kSecond};
  EXPECT_THAT(*file.find("a.test", start), ElementsAre(ip("192.0.2.1")));
  hosts.write("192.0.2.22 a.test b.test\n");
  EXPECT_THAT(*file.find("a.test", start + (kSecond - 1)), ElementsAre(ip("192.0.2.1")));
  EXPECT_THAT(*file.find("a.test", start + kSecond), ElementsAre(ip("192.0.2.22")));
  EXPECT_TRUE(file.find("b.test", start + kSecond));
}

TEST(HostsFile, MayBeMissingAndAppearLater) {
  TempHosts hosts;
  ::unlink(hosts.path().c_str());
  HostsFile file(hosts.path());
  EXPECT_FALSE(file.find("a.test", Instant{kSecond}));
  hosts.write("192.0.2.1 a.test\n");
  EXPECT_TRUE(file.find("a.test", Instant{2 * kSecond}));
}

TEST(HostsFile, TakesAddressesAndNamesAndPassesOverTheRest) {
  const auto table = parse_hosts(
      "# comment\n"
      "127.0.0.1\tlocalhost  # trailing\n"
      "::1 localhost ip6-localhost\n"
      "  10.0.0.1   A.Test.  b.test\r\n"
      "10.0.0.2 a.test\n"
      "10.0.0.2 a.test\n"
      "0x7f.1 odd.test\n"
      "fe80::1%lo zone.test\n"
      "10.0.0.3\n"
      "\n"
      "10.0.0.4 bad..name 1.2.3.4 c.test\n"
      "10.0.0.5 last.test");
  const auto of = [&table](std::string_view name) {
    std::vector<std::string> out;
    if (const auto found = table.find(name); found != table.end()) {
      for (const auto& address : *found->second) {
        out.push_back(address.text());
      }
    }
    return out;
  };
  EXPECT_THAT(of("localhost"), ElementsAre("127.0.0.1", "::1"));
  EXPECT_THAT(of("a.test"), ElementsAre("10.0.0.1", "10.0.0.2"));
  EXPECT_THAT(of("b.test"), ElementsAre("10.0.0.1"));
  EXPECT_THAT(of("c.test"), ElementsAre("10.0.0.4"));
  EXPECT_THAT(of("last.test"), ElementsAre("10.0.0.5"));
  EXPECT_EQ(table.size(), 6u);
}

TEST_F(ResolverTest, EndsWhoeverStillWaitsWhenItIsDestroyed) {
  dns.script("silent.test", {.silent = true});
  Outcome first;
  Outcome second;
  ask(resolver(), "silent.test", first);
  ask(resolver(), "silent.test", second);
  loop.turn(0);
  resolver_.reset();
  EXPECT_FALSE(first.done);  // nobody is resumed from inside
  loop.turn(0);
  EXPECT_THAT(first.texts(), ElementsAre("shutting_down"));
  EXPECT_THAT(second.texts(), ElementsAre("shutting_down"));
}

TEST_F(ResolverTest, TakesALateAnswerIntoItsMemoryAfterGivingUp) {
  // One family answers at once with addresses; the other one comes after we have gone on with
  // those, as soon as its script allows.
  dns.script("half.test", {.addresses = {ip("192.0.2.1"), ip("2001:db8::1")}, .silent_v6 = true});
  timeout = 700 * kMillisecond;
  EXPECT_THAT(resolve("half.test"), ElementsAre("192.0.2.1"));
  dns.script("half.test", {.addresses = {ip("192.0.2.1"), ip("2001:db8::1")}});
  while ((*resolver().known("half.test"))->addresses->size() < 2) {
    loop.turn(-1);
  }
  EXPECT_THAT(resolve("half.test"), ElementsAre("2001:db8::1", "192.0.2.1"));
}

TEST_F(ResolverTest, LeavesNoSocketBehind) {
  const auto open_files = [] {
    int n = 0;
    for (int fd = 0; fd < 1024; ++fd) {
      n += ::lseek(fd, 0, SEEK_CUR) >= 0 || errno != EBADF ? 1 : 0;
    }
    return n;
  };
  const int before = open_files();
  dns.script("a.test", {.addresses = {ip("192.0.2.1")}, .truncated = true});
  dns.script("silent.test", {.silent = true});
  timeout = 200 * kMillisecond;
  resolve("a.test");
  resolve("silent.test");
  resolver_.reset();
  // The server closes its end of the TCP connections on a thread of its own.
  for (int i = 0; i < 1000 && open_files() != before; ++i) {
    loop.turn(kMillisecond);
  }
  EXPECT_EQ(open_files(), before);
}

}  // namespace
}  // namespace weir
