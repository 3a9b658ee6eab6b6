// SPDX-License-Identifier: Apache-2.0
//
// The sets of networks and of URL prefixes, each against a naive scan of all entries.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "filters/network_set.h"
#include "filters/url_prefix_set.h"

namespace weir::filters {
namespace {

std::multiset<std::uint32_t> holders(const NetworkSet& set, const IpAddress& address) {
  std::multiset<std::uint32_t> out;
  set.each(address, [&out](std::uint32_t value) {
    out.insert(value);
    return true;
  });
  return out;
}

NetworkSet networks(const std::vector<const char*>& prefixes) {
  NetworkSet::Builder builder;
  for (std::uint32_t n = 0; n < prefixes.size(); ++n) {
    builder.add(*Prefix::parse(prefixes[n]), n);
  }
  return std::move(builder).build();
}

TEST(NetworkSet, FindsEveryRangeAroundAnAddress) {
  const NetworkSet set =
      networks({"10.0.0.0/8", "10.1.0.0/16", "10.1.2.3", "0.0.0.0/0", "::/0", "10.1.0.0/16"});
  using Found = std::multiset<std::uint32_t>;
  EXPECT_EQ(holders(set, *IpAddress::parse("10.1.2.3")), (Found{0, 1, 2, 3, 5}));
  EXPECT_EQ(holders(set, *IpAddress::parse("10.1.2.4")), (Found{0, 1, 3, 5}));
  EXPECT_EQ(holders(set, *IpAddress::parse("11.0.0.0")), (Found{3}));
  EXPECT_EQ(holders(set, *IpAddress::parse("2001:db8::1")), (Found{4}));
  EXPECT_TRUE(holders(NetworkSet(), *IpAddress::parse("10.0.0.1")).empty());
}

TEST(NetworkSet, JudgesEveryReadingOfAnAddressThatEmbedsAnother) {
  const NetworkSet set = networks({"10.0.0.0/8"});
  for (const auto* spelling : {"::ffff:10.0.0.1", "64:ff9b::10.0.0.1", "2002:a00:1::1",
                               "::10.0.0.1", "2001:db8::5efe:10.0.0.1", "64:ff9b:1::10.0.0.1"}) {
    EXPECT_EQ(holders(set, *IpAddress::parse(spelling)).count(0), 1U) << spelling;
  }
  EXPECT_TRUE(holders(set, *IpAddress::parse("2001:db8::10.0.0.1")).empty());
}

IpAddress random_address(std::mt19937& random) {
  const bool four = random() % 2 == 0;
  if (four) {
    return IpAddress::v4(static_cast<std::uint32_t>(random() & 0x0f0f0f0fU));
  }
  std::array<std::uint8_t, 16> bytes{0x20, 0x01, 0x0d, 0xb8};
  bytes[4] = static_cast<std::uint8_t>(random() % 4);
  bytes[15] = static_cast<std::uint8_t>(random() % 4);
  return IpAddress::v6(bytes);
}

TEST(NetworkSet, SaysWhatANaiveScanSays) {
  std::mt19937 random(2);
  for (int round = 0; round < 20; ++round) {
    std::vector<Prefix> all;
    NetworkSet::Builder builder;
    while (all.size() < 200) {
      const IpAddress base = random_address(random);
      const auto length = random() % (base.is_v4() ? 33 : 129);
      // Parsing refuses bits beyond the length, so most tries are dropped; the short ones remain.
      if (const auto prefix = Prefix::parse(base.text() + "/" + std::to_string(length))) {
        builder.add(*prefix, static_cast<std::uint32_t>(all.size()));
        all.push_back(*prefix);
      }
    }
    const NetworkSet set = std::move(builder).build();
    for (int n = 0; n < 500; ++n) {
      const IpAddress address = random_address(random);
      std::multiset<std::uint32_t> expected;
      for (std::uint32_t i = 0; i < all.size(); ++i) {
        if (all[i].contains(address)) {
          expected.insert(i);
        }
      }
      ASSERT_EQ(holders(set, address), expected) << address.text();
    }
  }
}

struct Url {
  std::string scheme;
  std::string host;
  std::uint16_t port;
  std::string path;
};

// As url_prefix_set.h says it, and nothing clever.
bool naive_begins(const Url& prefix, const Url& url) {
  if (prefix.host != url.host || !url.path.starts_with(prefix.path) ||
      (!prefix.scheme.empty() && prefix.scheme != url.scheme) ||
      (prefix.port != 0 && prefix.port != url.port)) {
    return false;
  }
  const std::string rest = url.path.substr(prefix.path.size());
  const std::string open = "/?&=";
  return rest.empty() || open.find(prefix.path.back()) != std::string::npos ||
         std::string("/?&;").find(rest.front()) != std::string::npos;
}

std::multiset<std::uint32_t> found(const UrlPrefixSet& set, const Url& url) {
  std::multiset<std::uint32_t> out;
  set.each(url.scheme, url.host, url.port, url.path, [&out](std::uint32_t value) {
    out.insert(value);
    return true;
  });
  return out;
}

TEST(UrlPrefixSet, EndsWhereAPartOfTheUrlEnds) {
  UrlPrefixSet::Builder builder;
  builder.add({{}, "a.test", 0, "/ads"}, 1);
  builder.add({"http", "b.test", 80, "/x/"}, 2);
  builder.add({{}, "c.test", 8080, "/?q="}, 3);
  builder.add({{}, "d.test", 0, "/"}, 4);
  const UrlPrefixSet set = std::move(builder).build();
  const auto hit = [&set](const char* scheme, const char* host, std::uint16_t port,
                          const char* path) {
    return !found(set, {scheme, host, port, path}).empty();
  };
  EXPECT_TRUE(hit("http", "a.test", 80, "/ads"));
  EXPECT_TRUE(hit("https", "a.test", 444, "/ads/x"));
  EXPECT_TRUE(hit("https", "a.test", 443, "/ads?x"));
  EXPECT_FALSE(hit("http", "a.test", 80, "/adsense"));
  EXPECT_FALSE(hit("http", "x.a.test", 80, "/ads"));
  EXPECT_TRUE(hit("http", "b.test", 80, "/x/anything"));
  EXPECT_FALSE(hit("http", "b.test", 80, "/x"));
  EXPECT_FALSE(hit("https", "b.test", 443, "/x/"));
  EXPECT_FALSE(hit("http", "b.test", 8080, "/x/"));
  EXPECT_TRUE(hit("http", "c.test", 8080, "/?q=word"));
  EXPECT_FALSE(hit("http", "c.test", 80, "/?q=word"));
  EXPECT_TRUE(hit("https", "d.test", 443, "/"));
  EXPECT_TRUE(hit("https", "d.test", 443, "/any?thing"));
  EXPECT_FALSE(hit("https", "e.test", 443, "/"));
}

Url random_url(std::mt19937& random) {
  Url out;
  out.scheme = random() % 2 == 0 ? "http" : "https";
  out.host = std::string(1, static_cast<char>('a' + random() % 3)) + ".test";
  out.port = random() % 3 == 0 ? 8080 : 80;
  out.path = "/";
  const std::size_t size = random() % 6;
  for (std::size_t n = 0; n < size; ++n) {
    out.path += "ab/?&=;"[random() % 7];
  }
  return out;
}

TEST(UrlPrefixSet, SaysWhatANaiveScanSays) {
  std::mt19937 random(3);
  std::vector<Url> all;
  UrlPrefixSet::Builder builder;
  for (std::uint32_t n = 0; n < 300; ++n) {
    Url url = random_url(random);
    const auto kind = random() % 3;
    url.scheme = kind == 0 ? url.scheme : "";
    url.port = kind == 1 ? 0 : url.port;
    builder.add({url.scheme, url.host, url.port, url.path}, n);
    all.push_back(std::move(url));
  }
  const UrlPrefixSet set = std::move(builder).build();
  for (int n = 0; n < 20'000; ++n) {
    const Url url = random_url(random);
    std::multiset<std::uint32_t> expected;
    for (std::uint32_t i = 0; i < all.size(); ++i) {
      if (naive_begins(all[i], url)) {
        expected.insert(i);
      }
    }
    ASSERT_EQ(found(set, url), expected) << url.scheme << " " << url.host << url.path;
  }
}

}  // namespace
}  // namespace weir::filters
