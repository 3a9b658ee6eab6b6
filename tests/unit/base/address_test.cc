// SPDX-License-Identifier: Apache-2.0
//
// Addresses: which spellings are read and which refused, how they are printed, what hides inside
// them and which class each belongs to. The C library is the oracle for parsing and printing
// wherever it promises the same thing.
#include "proxy/base/address.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <cstring>
#include <random>
#include <string>
#include <vector>

namespace weir {
namespace {

struct Spelling {
  std::string_view text;
  std::string_view canonical;  // empty: must be refused
};

constexpr Spelling kSpellings[] = {
    {"127.0.0.1", "127.0.0.1"},
    {"0.0.0.0", "0.0.0.0"},
    {"255.255.255.255", "255.255.255.255"},
    {"1.2.3.40", "1.2.3.40"},
    // Everything inet_aton would be more generous with.
    {"", ""},
    {"127.1", ""},
    {"127.0.1", ""},
    {"127", ""},
    {"2130706433", ""},
    {"0x7f000001", ""},
    {"0x7f.0.0.1", ""},
    {"0177.0.0.1", ""},
    {"017700000001", ""},
    {"127.0.0.01", ""},
    {"127.0.0.001", ""},
    {"00.0.0.0", ""},
    {"127.0.0.256", ""},
    {"256.0.0.1", ""},
    {"999.0.0.1", ""},
    {"4294967296", ""},
    {"127.0.0.4294967297", ""},
    {"127.0.0.18446744073709551617", ""},
    {"127.0.0.1.", ""},
    {".127.0.0.1", ""},
    {"127..0.1", ""},
    {"127.0.0.", ""},
    {"127.0.0.1.1", ""},
    {"127.0.0.1 ", ""},
    {" 127.0.0.1", ""},
    {"+127.0.0.1", ""},
    {"127.0.0.-1", ""},
    {"127.0.0.1\n", ""},
    {"127.0.0.0x1", ""},
    {"127.0.0.1/32", ""},
    {"127.0.0.1:80", ""},
    {"1.2.3.a", ""},
    {"\xef\xbc\x91.2.3.4", ""},
    // IPv6.
    {"::", "::"},
    {"::1", "::1"},
    {"1::", "1::"},
    {"2001:DB8::A", "2001:db8::a"},
    {"2001:0db8:0000:0000:0000:0000:0000:0001", "2001:db8::1"},
    {"1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"},
    {"1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"},
    {"::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"},
    {"1:0:0:2:0:0:0:3", "1:0:0:2::3"},
    {"1:0:0:2:3:0:0:4", "1::2:3:0:0:4"},
    {"1:0:2:0:3:0:4:0", "1:0:2:0:3:0:4:0"},
    {"0:0:0:0:0:0:0:0", "::"},
    {"::ffff:127.0.0.1", "127.0.0.1"},
    {"::FFFF:7f00:1", "127.0.0.1"},
    {"0:0:0:0:0:ffff:127.0.0.1", "127.0.0.1"},
    {"::127.0.0.1", "::7f00:1"},
    {"64:ff9b::127.0.0.1", "64:ff9b::7f00:1"},
    {"1:2:3:4:5:6:7.8.9.10", "1:2:3:4:5:6:708:90a"},
    {"2002:7f00:1::", "2002:7f00:1::"},
    {":", ""},
    {":::", ""},
    {"1:::2", ""},
    {"::1::", ""},
    {"1::2::3", ""},
    {"1:2:3:4:5:6:7", ""},
    {"1:2:3:4:5:6:7:8:9", ""},
    {"1:2:3:4:5:6:7:8::", ""},
    {"::1:2:3:4:5:6:7:8", ""},
    {"1::2:3:4:5:6:7:8", ""},
    {":1:2:3:4:5:6:7", ""},
    {"1:2:3:4:5:6:7:", ""},
    {"1::2:", ""},
    {":1::2", ""},
    {"12345::", ""},
    {"00001::", ""},
    {"g::", ""},
    {"[::1]", ""},
    {"::1%lo", ""},
    {"fe80::1%25eth0", ""},
    {"fe80::1%1", ""},
    {"::1/128", ""},
    {"::ffff:127.0.0.01", ""},
    {"::ffff:0177.0.0.1", ""},
    {"::ffff:127.1", ""},
    {"::ffff:127.0.0.256", ""},
    {"::127.0.0.1:1", ""},
    {"127.0.0.1::", ""},
    {"1:2:3:4:5:6:7:1.2.3.4", ""},
    {"1:2:3:4:5:1.2.3.4", ""},
    {"::1 ", ""},
    {"0x1::", ""},
    {"-1::", ""},
};

TEST(Address, HasOneSpellingForEveryNumberAndRefusesTheOthers) {
  for (const auto& row : kSpellings) {
    const auto got = IpAddress::parse(row.text);
    EXPECT_EQ(got ? got->text() : "", row.canonical) << "for \"" << row.text << '"';
  }
}

TEST(Address, RefusesTextWithAZeroByteInside) {
  EXPECT_FALSE(IpAddress::parse(std::string_view("127.0.0.1\0", 10)));
  EXPECT_FALSE(IpAddress::parse(std::string_view("::1\0", 4)));
}

// The C library agrees about what is an address, except that it takes no string_view.
TEST(Address, AgreesWithTheSystemAboutWhatIsAnAddress) {
  for (const auto& row : kSpellings) {
    const std::string text(row.text);
    in6_addr out{};
    const bool v6 = text.find(':') != std::string::npos;
    const bool theirs = ::inet_pton(v6 ? AF_INET6 : AF_INET, text.c_str(), &out) == 1;
    EXPECT_EQ(IpAddress::parse(text).has_value(), theirs) << text;
  }
}

std::array<std::uint8_t, 16> random_bytes(std::mt19937& random) {
  std::array<std::uint8_t, 16> bytes{};
  for (auto& b : bytes) {
    // Many zeros, so that runs of all lengths come up.
    b = random() % 3 == 0 ? static_cast<std::uint8_t>(random()) : std::uint8_t{0};
  }
  if (random() % 2 == 0) {
    bytes[0] = 0x20;
  }
  return bytes;
}

TEST(Address, PrintsWhatItReadsAndAsTheSystemDoes) {
  std::mt19937 random(7);
  for (int i = 0; i < 20'000; ++i) {
    const auto bytes = random_bytes(random);
    const auto address = IpAddress::v6(bytes);
    const std::string text = address.text();
    ASSERT_EQ(IpAddress::parse(text), address) << text;
    std::array<char, INET6_ADDRSTRLEN> theirs{};
    ::inet_ntop(AF_INET6, bytes.data(), theirs.data(), theirs.size());
    // The system writes mapped, compatible and translated forms with a quad; we never do.
    if (std::strchr(theirs.data(), '.') == nullptr) {
      ASSERT_EQ(text, theirs.data());
    }
    const auto quad = IpAddress::v4(static_cast<std::uint32_t>(random()));
    ASSERT_EQ(IpAddress::parse(quad.text()), quad);
  }
}

TEST(Address, SurvivesRandomTextAsTheSystemWouldJudgeIt) {
  std::mt19937 random(11);
  constexpr std::string_view kLetters = "0123456789abfF::::...x";
  for (int i = 0; i < 200'000; ++i) {
    std::string text;
    for (auto n = random() % 24; n > 0; --n) {
      text += kLetters[random() % kLetters.size()];
    }
    std::array<std::uint8_t, 16> out{};
    const bool v6 = text.find(':') != std::string::npos;
    const bool theirs = ::inet_pton(v6 ? AF_INET6 : AF_INET, text.c_str(), out.data()) == 1;
    const auto ours = IpAddress::parse(text);
    ASSERT_EQ(ours.has_value(), theirs) << text;
    if (ours && v6) {
      ASSERT_EQ(ours->bytes(), out) << text;
    }
  }
}

TEST(Address, WritesTheLongestTextIntoFortySixBytes) {
  std::array<char, 46> out{};
  const auto a = IpAddress::parse("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
  EXPECT_EQ(a->write(out.data()), 39u);
}

struct Embedding {
  std::string_view text;
  std::vector<std::string_view> all;
};

TEST(Address, GivesAwayTheAddressesThatItEmbeds) {
  const Embedding rows[] = {
      {"::127.0.0.1", {"127.0.0.1"}},
      {"::", {}},
      {"::1", {}},
      {"::2", {"0.0.0.2"}},
      {"::ffff:0:127.0.0.1", {"127.0.0.1"}},
      {"64:ff9b::7f00:1", {"127.0.0.1"}},
      {"64:ff9b::1:7f00:1", {}},
      {"64:ff9b:1::7f00:1", {"127.0.0.1"}},
      {"64:ff9b:1:7f00:0:100::", {"0.0.0.0", "127.0.0.1", "0.0.1.0", "0.1.0.0"}},
      {"64:ff9b:1:a7f:0:1::", {"0.0.0.0", "127.0.0.1", "0.0.1.0"}},
      {"64:ff9b:1:ab7f:0:1::", {"0.0.0.0", "127.0.0.1", "0.0.1.0"}},
      {"64:ff9b:1:ab7f:0:1:100:0", {"1.0.0.0", "0.0.1.1"}},
      {"64:ff9b:1:abcd:7f:0:100:0", {"1.0.0.0", "127.0.0.1"}},
      {"64:ff9b:2::7f00:1", {}},
      {"2002:7f00:1::", {"127.0.0.1"}},
      {"2002:a00:1:5:1:2:3:4", {"10.0.0.1"}},
      {"2001:0:4136:e378:8000:63bf:80ff:fffe", {"127.0.0.1"}},
      {"2001:db8::5efe:127.0.0.1", {"127.0.0.1"}},
      {"fe80::200:5efe:10.0.0.1", {"10.0.0.1"}},
      {"fe80::5eff:10.0.0.1", {}},
      {"2002:a00:1::5efe:127.0.0.1", {"10.0.0.1", "127.0.0.1"}},
      {"2606:4700::7f00:1", {}},
      {"127.0.0.1", {}},
      {"::ffff:127.0.0.1", {}},
  };
  for (const auto& row : rows) {
    const auto address = IpAddress::parse(row.text);
    ASSERT_TRUE(address) << row.text;
    std::vector<std::string> got;
    for (const auto& found : address->embedded_all()) {
      got.push_back(found.text());
    }
    EXPECT_THAT(got, testing::ElementsAreArray(row.all)) << row.text;
    EXPECT_EQ(address->embedded_v4().has_value(), !row.all.empty()) << row.text;
  }
}

std::string classes(const IpAddress& a) {
  std::string out;
  const auto add = [&out](bool holds, char letter) {
    if (holds) {
      out += letter;
    }
  };
  add(a.is_loopback(), 'l');
  add(a.is_unspecified(), 'u');
  add(a.is_link_local(), 'k');
  add(a.is_private(), 'p');
  add(a.is_multicast(), 'm');
  add(a.is_broadcast(), 'b');
  add(a.is_reserved(), 'r');
  add(a.is_cloud_metadata(), 'c');
  return out;
}

TEST(Address, BelongsToTheClassesOfItsRange) {
  const std::pair<std::string_view, std::string_view> rows[] = {
      {"127.0.0.0", "l"},
      {"127.255.255.255", "l"},
      {"128.0.0.0", ""},
      {"126.255.255.255", ""},
      {"0.0.0.0", "u"},
      {"0.255.255.255", "u"},
      {"1.0.0.0", ""},
      {"169.254.0.0", "k"},
      {"169.254.169.254", "kc"},
      {"169.254.170.2", "kc"},
      {"169.253.1.1", ""},
      {"10.0.0.0", "p"},
      {"10.255.255.255", "p"},
      {"11.0.0.0", ""},
      {"172.15.255.255", ""},
      {"172.16.0.0", "p"},
      {"172.31.255.255", "p"},
      {"172.32.0.0", ""},
      {"192.168.0.0", "p"},
      {"192.169.0.0", ""},
      {"100.63.255.255", ""},
      {"100.64.0.0", "p"},
      {"100.100.100.200", "pc"},
      {"100.127.255.255", "p"},
      {"100.128.0.0", ""},
      {"223.255.255.255", ""},
      {"224.0.0.1", "m"},
      {"239.255.255.255", "m"},
      {"240.0.0.0", "r"},
      {"255.255.255.254", "r"},
      {"255.255.255.255", "br"},
      {"192.0.0.1", "r"},
      {"192.0.0.9", ""},
      {"192.0.0.10", ""},
      {"192.0.0.192", "rc"},
      {"192.0.1.0", ""},
      {"192.0.2.1", "r"},
      {"192.0.3.1", ""},
      {"192.88.99.1", "r"},
      {"198.51.100.1", "r"},
      {"203.0.113.9", "r"},
      {"198.17.255.255", ""},
      {"198.18.0.1", "r"},
      {"198.19.255.255", "r"},
      {"198.20.0.0", ""},
      {"168.63.129.16", "c"},
      {"8.8.8.8", ""},
      {"::1", "l"},
      {"::", "u"},
      {"::2", ""},
      {"::ffff:127.0.0.1", "l"},
      {"::7f00:1", ""},
      {"fe80::1", "k"},
      {"febf::1", "k"},
      {"fe80::a9fe:a9fe", "kc"},
      {"fc00::1", "p"},
      {"fdff::1", "p"},
      {"fec0::1", "p"},
      {"feff::1", "p"},
      {"fb00::1", ""},
      {"ff02::1", "m"},
      {"fd00:ec2::254", "pc"},
      {"fd20:ce::254", "pc"},
      {"2001:db8::1", "r"},
      {"3fff::1", "r"},
      {"3fff:1000::1", ""},
      {"100::1", "r"},
      {"2001:2::1", "r"},
      {"2001:2:1::1", ""},
      {"2001:10::1", "r"},
      {"2001:20::1", ""},
      {"5f00::1", "r"},
      {"2001:4860:4860::8888", ""},
      {"64:ff9b::808:808", ""},
  };
  for (const auto& [text, want] : rows) {
    EXPECT_EQ(classes(*IpAddress::parse(text)), want) << text;
  }
}

TEST(Prefix, IsReadStrictly) {
  const Spelling rows[] = {
      {"10.0.0.0/8", "10.0.0.0/8"},
      {"0.0.0.0/0", "0.0.0.0/0"},
      {"::/0", "::/0"},
      {"192.168.1.1", "192.168.1.1/32"},
      {"::1", "::1/128"},
      {"fd00::/8", "fd00::/8"},
      {"2001:db8::/33", "2001:db8::/33"},
      {"::ffff:10.0.0.0/104", "10.0.0.0/8"},
      {"::ffff:10.0.0.1", "10.0.0.1/32"},
      {"::ffff:0:0/96", "0.0.0.0/0"},
      {"10.0.0.1/8", ""},
      {"10.0.0.0/33", ""},
      {"10.0.0.0/08", ""},
      {"10.0.0.0/", ""},
      {"10.0.0.0/+8", ""},
      {"10.0.0.0/8/8", ""},
      {"/8", ""},
      {"", ""},
      {"10/8", ""},
      {"10.0.0.0/255.0.0.0", ""},
      {"fd00::/129", ""},
      {"fd00::1/64", ""},
      {"::ffff:0:0/95", ""},
      {"10.0.0.0/4294967304", ""},
      {"[::1]/128", ""},
      {"10.0.0.0 /8", ""},
  };
  for (const auto& row : rows) {
    const auto got = Prefix::parse(row.text);
    EXPECT_EQ(got ? got->text() : "", row.canonical) << row.text;
  }
}

TEST(Prefix, HoldsExactlyTheAddressesThatShareItsBits) {
  const auto holds = [](std::string_view prefix, std::string_view address) {
    return Prefix::parse(prefix)->contains(*IpAddress::parse(address));
  };
  EXPECT_TRUE(holds("10.0.0.0/8", "10.255.255.255"));
  EXPECT_TRUE(holds("10.0.0.0/8", "::ffff:10.1.1.1"));
  EXPECT_FALSE(holds("10.0.0.0/8", "11.0.0.0"));
  EXPECT_TRUE(holds("192.168.128.0/17", "192.168.255.1"));
  EXPECT_FALSE(holds("192.168.128.0/17", "192.168.127.255"));
  EXPECT_TRUE(holds("0.0.0.0/0", "255.255.255.255"));
  EXPECT_FALSE(holds("0.0.0.0/0", "::1"));
  EXPECT_FALSE(holds("::/0", "1.2.3.4"));
  EXPECT_TRUE(holds("::/0", "ffff::"));
  EXPECT_TRUE(holds("fe80::/10", "febf::1"));
  EXPECT_FALSE(holds("fe80::/10", "fec0::1"));
  EXPECT_TRUE(holds("1.2.3.4", "1.2.3.4"));
  EXPECT_FALSE(holds("1.2.3.4", "1.2.3.5"));
  EXPECT_FALSE(holds("::1", "::"));
}

TEST(Endpoint, IsReadStrictly) {
  const Spelling rows[] = {
      {"127.0.0.1:3128", "127.0.0.1:3128"},
      {"[::1]:3128", "[::1]:3128"},
      {"0.0.0.0:0", "0.0.0.0:0"},
      {"[::ffff:1.2.3.4]:80", "1.2.3.4:80"},
      {"1.2.3.4:65535", "1.2.3.4:65535"},
      {"1.2.3.4:65536", ""},
      {"1.2.3.4:", ""},
      {"1.2.3.4", ""},
      {":80", ""},
      {"::1:80", ""},
      {"[1.2.3.4]:80", ""},
      {"[::1]", ""},
      {"[::1]80", ""},
      {"[::1:80", ""},
      {"::1]:80", ""},
      {"1.2.3.4:080", ""},
      {"1.2.3.4:+80", ""},
      {"1.2.3.4: 80", ""},
      {"host:80", ""},
      {"[fe80::1%lo]:80", ""},
      {"[]:80", ""},
      {"1.2.3.4:4294967376", ""},
      {"", ""},
  };
  for (const auto& row : rows) {
    const auto got = Endpoint::parse(row.text);
    EXPECT_EQ(got ? got->text() : "", row.canonical) << row.text;
  }
}

TEST(Endpoint, GoesToTheKernelAndBack) {
  for (const auto* text : {"127.0.0.1:3128", "[2001:db8::1]:443", "255.255.255.255:65535"}) {
    const auto e = *Endpoint::parse(text);
    sockaddr_storage out{};
    const auto length = e.to_sockaddr(out);
    EXPECT_EQ(length, e.address.is_v4() ? sizeof(sockaddr_in) : sizeof(sockaddr_in6));
    EXPECT_EQ(Endpoint::from_sockaddr(reinterpret_cast<const sockaddr*>(&out)), e);
  }
  sockaddr_storage other{};
  other.ss_family = AF_UNIX;
  EXPECT_EQ(Endpoint::from_sockaddr(reinterpret_cast<const sockaddr*>(&other)), Endpoint{});
}

TEST(Endpoint, OfAMappedAddressIsDialledAsIPv4) {
  sockaddr_in6 in{};
  in.sin6_family = AF_INET6;
  in.sin6_port = htons(80);
  ::inet_pton(AF_INET6, "::ffff:127.0.0.1", &in.sin6_addr);
  const auto e = Endpoint::from_sockaddr(reinterpret_cast<const sockaddr*>(&in));
  EXPECT_TRUE(e.address.is_loopback());
  EXPECT_EQ(e.text(), "127.0.0.1:80");
}

TEST(Endpoint, ContendsForAPortWithTheSameAddressAndWithAll) {
  struct Row {
    const char* one;
    const char* other;
    bool contend;
  };
  const Row rows[] = {
      {"127.0.0.1:80", "127.0.0.1:80", true},  {"127.0.0.1:80", "0.0.0.0:80", true},
      {"0.0.0.0:80", "127.0.0.1:80", true},    {"127.0.0.1:80", "127.0.0.2:80", false},
      {"127.0.0.1:80", "127.0.0.1:81", false}, {"0.0.0.0:80", "[::]:80", false},
      {"[::]:80", "[::1]:80", true},           {"[::]:80", "127.0.0.1:80", false},
      {"127.0.0.1:0", "127.0.0.1:0", false},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(contend(*Endpoint::parse(row.one), *Endpoint::parse(row.other)), row.contend)
        << row.one << " and " << row.other;
  }
}

}  // namespace
}  // namespace weir
