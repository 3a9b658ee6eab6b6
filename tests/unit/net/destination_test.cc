// SPDX-License-Identifier: Apache-2.0
//
// Which destinations are dialled, by table; and the property that decides over server-side request
// forgery: every spelling and embedding that reaches an address is judged as that address.
#include "proxy/net/destination.h"

#include <sys/socket.h>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>

#include "proxy/net/listen.h"

namespace weir {
namespace {

using Rules = Settings::Destinations;

constexpr ClientClass kRemote{};
constexpr ClientClass kLocal{true};

IpAddress ip(std::string_view text) {
  return IpAddress::parse(text).value();
}

OwnAddresses own() {
  OwnAddresses out;
  out.listeners = {*Endpoint::parse("0.0.0.0:3128"), *Endpoint::parse("192.0.2.77:8888")};
  out.interfaces = {ip("127.0.0.1"), ip("::1"), ip("10.9.8.7"), ip("2001:4860::7")};
  return out;
}

std::string judged(std::string_view address, std::uint16_t port = 80, ClientClass client = kRemote,
                   const Rules& rules = {}) {
  const auto verdict = judge_destination(ip(address), port, client, rules, own());
  const std::string reason(verdict.reason);
  return verdict.allowed() ? "+" + reason : std::string(row(verdict.failure).word) + "/" + reason;
}

TEST(Destination, IsJudgedByItsClass) {
  const std::pair<std::string_view, std::string_view> rows[] = {
      {"8.8.8.8", "+public"},
      {"2606:4700::1111", "+public"},
      {"192.0.0.9", "+public"},
      {"10.0.0.1", "+private"},
      {"192.168.0.1", "+private"},
      {"172.16.0.1", "+private"},
      {"100.64.0.1", "+private"},
      {"fd00::1", "+private"},
      {"198.18.0.1", "+private"},
      {"198.19.255.255", "+private"},
      {"127.0.0.1", "destination_denied/loopback"},
      {"127.255.0.1", "destination_denied/loopback"},
      {"::1", "destination_denied/loopback"},
      {"0.0.0.0", "destination_denied/unspecified"},
      {"0.1.2.3", "destination_denied/unspecified"},
      {"::", "destination_denied/unspecified"},
      {"169.254.1.1", "destination_denied/link_local"},
      {"fe80::1", "destination_denied/link_local"},
      {"169.254.169.254", "destination_denied/metadata"},
      {"fd00:ec2::254", "destination_denied/metadata"},
      {"100.100.100.200", "destination_denied/metadata"},
      {"224.0.0.1", "destination_denied/multicast"},
      {"ff02::1", "destination_denied/multicast"},
      {"255.255.255.255", "destination_denied/broadcast"},
      {"240.0.0.1", "destination_denied/reserved"},
      {"192.0.2.1", "destination_denied/reserved"},
      {"2001:db8::1", "destination_denied/reserved"},
  };
  for (const auto& [address, want] : rows) {
    EXPECT_EQ(judged(address), want) << address;
  }
}

TEST(Destination, OnLoopbackIsOpenToLoopbackClientsOnly) {
  EXPECT_EQ(judged("127.0.0.1", 80, kLocal), "+loopback");
  EXPECT_EQ(judged("::1", 80, kLocal), "+loopback");
  EXPECT_EQ(judged("64:ff9b::7f00:1", 80, kLocal), "+loopback");
  EXPECT_EQ(judged("0.0.0.0", 80, kLocal), "destination_denied/unspecified");
  EXPECT_EQ(judged("169.254.169.254", 80, kLocal), "destination_denied/metadata");
  EXPECT_TRUE(ClientClass::of(ip("127.0.0.9")).loopback);
  EXPECT_TRUE(ClientClass::of(ip("::ffff:127.0.0.9")).loopback);
  EXPECT_FALSE(ClientClass::of(ip("10.0.0.1")).loopback);
  EXPECT_FALSE(ClientClass::of(ip("64:ff9b::7f00:1")).loopback);
}

TEST(Destination, InAPrivateRangeFollowsTheSetting) {
  Rules rules;
  rules.private_ranges = false;
  for (const auto* address : {"10.0.0.1", "192.168.1.1", "100.64.0.1", "fd00::1", "fec0::1",
                              "198.18.0.1", "2002:a00:1::", "64:ff9b::c0a8:101"}) {
    EXPECT_EQ(judged(address, 80, kLocal, rules), "destination_denied/private") << address;
  }
  EXPECT_EQ(judged("8.8.8.8", 80, kRemote, rules), "+public");
}

TEST(Destination, NamedInAllowBeatsDenyAndTheBuiltInRules) {
  Rules rules;
  rules.allow = {*Prefix::parse("127.0.0.1"), *Prefix::parse("169.254.0.0/16"),
                 *Prefix::parse("2002:a00:1::/48")};
  rules.deny = {*Prefix::parse("0.0.0.0/0")};
  EXPECT_EQ(judged("127.0.0.1", 80, kRemote, rules), "+named");
  EXPECT_EQ(judged("169.254.169.254", 80, kRemote, rules), "+named");
  EXPECT_EQ(judged("127.0.0.2", 80, kLocal, rules), "destination_denied/denied");
  EXPECT_EQ(judged("8.8.8.8", 80, kRemote, rules), "destination_denied/denied");
  // An embedding is excepted when it is named itself, or when what it embeds is.
  EXPECT_EQ(judged("2002:a00:1::5", 80, kRemote, rules), "+named");
  EXPECT_EQ(judged("64:ff9b::7f00:1", 80, kRemote, rules), "+named");
  EXPECT_EQ(judged("64:ff9b::808:808", 80, kRemote, rules), "destination_denied/denied");
}

TEST(Destination, NamedInDenyIsRefusedInEveryForm) {
  Rules rules;
  rules.deny = {*Prefix::parse("8.8.8.0/24"), *Prefix::parse("2606:4700::/32")};
  for (const auto* address : {"8.8.8.8", "::ffff:8.8.8.8", "::8.8.8.8", "64:ff9b::808:808",
                              "2002:808:808::1", "2606:4700::1111"}) {
    EXPECT_EQ(judged(address, 80, kRemote, rules), "destination_denied/denied") << address;
  }
  EXPECT_EQ(judged("8.8.4.4", 80, kRemote, rules), "+public");
}

TEST(Destination, ThatIsOurselvesIsRefusedWhateverIsNamed) {
  Rules rules;
  rules.allow = {*Prefix::parse("0.0.0.0/0"), *Prefix::parse("::/0")};
  for (const auto* address :
       {"127.0.0.1", "127.8.8.8", "::1", "0.0.0.0", "0.0.0.1", "::", "10.9.8.7", "2001:4860::7",
        "::ffff:127.0.0.1", "::127.0.0.1", "64:ff9b::a09:807", "2002:a09:807::1",
        "64:ff9b:1:a09:8:700::", "::ffff:0:10.9.8.7", "2606:4700::5efe:10.9.8.7"}) {
    EXPECT_EQ(judged(address, 3128, kLocal, rules), "self_destination/self") << address;
    EXPECT_EQ(judged(address, 8888, kLocal, rules), "self_destination/self") << address;
    EXPECT_EQ(judged(address, 80, kLocal, rules), "+named") << address;
  }
  EXPECT_EQ(judged("192.0.2.77", 8888, kLocal, rules), "self_destination/self");
  EXPECT_EQ(judged("192.0.2.77", 3128, kLocal, rules), "+named");
  EXPECT_EQ(judged("8.8.8.8", 3128, kLocal, rules), "+named");
}

// The ways to write one IPv4 address inside IPv6 that reach it on some network.
std::vector<IpAddress> embeddings(const IpAddress& v4) {
  const std::uint32_t a = v4.v4_bits();
  const auto byte = [a](unsigned i) { return static_cast<std::uint8_t>(a >> (24 - 8 * i)); };
  const auto place = [&](std::string_view prefix, std::array<std::size_t, 4> at,
                         std::uint8_t turn = 0) {
    auto bytes = ip(prefix).bytes();
    for (unsigned i = 0; i < 4; ++i) {
      bytes[at[i]] = static_cast<std::uint8_t>(byte(i) ^ turn);
    }
    return IpAddress::v6(bytes);
  };
  std::vector<IpAddress> out{ip("::ffff:" + v4.text())};
  for (const auto* prefix : {"::", "::ffff:0:0:0", "64:ff9b::", "64:ff9b:1::", "64:ff9b:1:2:0:4::",
                             "2606:4700::5efe:0:0", "2606:4700::200:5efe:0:0"}) {
    out.push_back(place(prefix, {12, 13, 14, 15}));
  }
  out.push_back(place("2002::", {2, 3, 4, 5}));
  out.push_back(place("2002::1:2:3:4:5", {2, 3, 4, 5}));
  out.push_back(place("2001:0:4136:e378:8000:63bf::", {12, 13, 14, 15}, 0xff));
  return out;
}

TEST(Destination, IsJudgedTheSameInEverySpellingAndEmbedding) {
  std::mt19937 random(3);
  std::vector<IpAddress> targets{ip("127.0.0.1"), ip("169.254.169.254"), ip("10.0.0.1"),
                                 ip("8.8.8.8"),   ip("255.255.255.255"), ip("10.9.8.7")};
  for (int i = 0; i < 2000; ++i) {
    targets.push_back(IpAddress::v4(static_cast<std::uint32_t>(random())));
  }
  Rules closed;
  closed.private_ranges = false;
  for (const auto& target : targets) {
    if (target.v4_bits() <= 1) {
      continue;  // :: and ::1 are themselves
    }
    for (const auto& form : embeddings(target)) {
      for (const std::uint16_t port : {std::uint16_t{80}, std::uint16_t{3128}}) {
        for (const auto& client : {kRemote, kLocal}) {
          const auto want = judge_destination(target, port, client, closed, own());
          const auto got = judge_destination(form, port, client, closed, own());
          ASSERT_EQ(got.failure, want.failure) << form.text() << " for " << target.text();
          ASSERT_EQ(got.reason, want.reason) << form.text() << " for " << target.text();
        }
      }
    }
  }
}

// The places of RFC 6052 2.2 in the local prefix leave several readings: each must pass.
TEST(Destination, BehindALocalTranslatorIsAtLeastAsClosedAsWhatItReaches) {
  for (const auto* form : {"64:ff9b:1:7f00:0:100::", "64:ff9b:1:7f:0:1::", "64:ff9b:1:0:7f:0:100:0",
                           "64:ff9b:1:a9fe:a9:fe00::", "64:ff9b:1:a00:0:100::"}) {
    Rules closed;
    closed.private_ranges = false;
    EXPECT_FALSE(judge_destination(ip(form), 80, kRemote, closed, own()).allowed()) << form;
  }
}

// Whatever was known about interfaces: an address may have come since.
TEST(Destination, ThatTurnedOutToBeOurselvesIsKnownByTheNearEnd) {
  const auto listening = listen_at(*Endpoint::parse("127.0.0.1:0"), 1);
  ASSERT_TRUE(listening);
  sockaddr_storage to{};
  const auto size = listening->at.to_sockaddr(to);
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  ASSERT_EQ(::connect(fd, reinterpret_cast<sockaddr*>(&to), size), 0);
  const std::uint16_t port = listening->at.port;
  const Endpoint elsewhere{*IpAddress::parse("192.0.2.1"), port};
  const Endpoint other{listening->at.address, static_cast<std::uint16_t>(port ^ 1U)};
  EXPECT_TRUE(ended_at_us(fd, listening->at, OwnAddresses{{elsewhere}, {}}));
  EXPECT_FALSE(ended_at_us(fd, listening->at, OwnAddresses{{other}, {}})) << "it is not our port";
  EXPECT_FALSE(ended_at_us(fd, elsewhere, OwnAddresses{{elsewhere}, {}})) << "another machine";
  ::close(fd);
  ::close(listening->fds.front());
}

TEST(Destination, KnowsTheInterfacesOfThisMachine) {
  EXPECT_THAT(read_interface_addresses(), testing::Contains(ip("127.0.0.1")));
}

}  // namespace
}  // namespace weir
