// SPDX-License-Identifier: Apache-2.0
//
// The small readers of text: durations, sizes, names of hosts, and the guess at a mistyped word.
#include <gtest/gtest.h>

#include "proxy/config/problem.h"
#include "proxy/config/text_rules.h"
#include "proxy/config/units.h"

namespace weir {
namespace {

std::string duration(std::string_view text) {
  const auto length = parse_duration(text);
  return length ? std::to_string(*length) : "no";
}

TEST(Duration, IsDigitsAndAUnit) {
  const std::pair<std::string_view, std::string_view> table[] = {
      {"0s", "0"},
      {"1us", "1"},
      {"500ms", "500000"},
      {"30s", "30000000"},
      {"5m", "300000000"},
      {"1h", "3600000000"},
      {"1d", "86400000000"},
      {"1.5s", "1500000"},
      {"0.25ms", "250"},
      {"1.9us", "1"},
      {"0.000001s", "1"},
      {"0.0000009s", "0"},
      {"007s", "7000000"},
      {"", "no"},
      {"s", "no"},
      {"1", "no"},
      {".5s", "no"},
      {"1.s", "no"},
      {"1 s", "no"},
      {"-1s", "no"},
      {"+1s", "no"},
      {"1e3s", "no"},
      {"1S", "no"},
      {"1sec", "no"},
      {"1s ", "no"},
      {"1.5.5s", "no"},
      {"100000000000s", "100000000000000000"},
      {"100000000001s", "no"},
      {"99999999999999999999s", "no"},
  };
  for (const auto& [text, expected] : table) {
    EXPECT_EQ(duration(text), expected) << text;
  }
}

TEST(Duration, IsSecondsAsANumber) {
  EXPECT_EQ(duration_from_seconds(1.5), 1'500'000);
  EXPECT_EQ(duration_from_seconds(0.0000004), 0);
  EXPECT_EQ(duration_from_seconds(-1), std::nullopt);
  EXPECT_EQ(duration_from_seconds(1e300), std::nullopt);
  EXPECT_EQ(duration_from_seconds(std::numeric_limits<double>::quiet_NaN()), std::nullopt);
}

TEST(Bytes, AreDigitsAndAUnit) {
  EXPECT_EQ(parse_bytes("0B"), 0u);
  EXPECT_EQ(parse_bytes("64KiB"), 65536u);
  EXPECT_EQ(parse_bytes("16777215TiB"), 16777215ull << 40);
  EXPECT_EQ(parse_bytes("18446744073709551615B"), UINT64_MAX);
  for (const char* bad : {"", "B", "1", "KiB", "1KB", "1kib", "1.5KiB", "-1B", "1 KiB",
                          "16777216TiB", "18446744073709551616B"}) {
    EXPECT_EQ(parse_bytes(bad), std::nullopt) << bad;
  }
}

TEST(Units, AreShownAsTheyAreRead) {
  for (const Micros length : {0l, 1l, 999l, 1000l, 1'500'000l, 60'000'000l, 5'400'000'000l}) {
    EXPECT_EQ(parse_duration(duration_text(length)), length);
  }
  for (const std::uint64_t amount : {0ull, 1ull, 1023ull, 1024ull, 65537ull, 1ull << 40, ~0ull}) {
    EXPECT_EQ(parse_bytes(bytes_text(amount)), amount);
  }
}

std::string pattern(std::string_view text) {
  return take_host_pattern(text).value_or("no");
}

TEST(HostPattern, IsANameWithOrWithoutADotOrAnAddressOrAStar) {
  const std::pair<std::string_view, std::string_view> table[] = {
      {"Example.COM", "example.com"},
      {".Example.com", ".example.com"},
      {"*", "*"},
      {"example.com.", "example.com"},
      {"10.0.0.1", "10.0.0.1"},
      {"2001:DB8::0", "2001:db8::"},
      {"a_b", "a_b"},
      {"*.example.com", "no"},
      {"", "no"},
      {".", "no"},
      {"..a", "no"},
      {"a..b", "no"},
      {".10.0.0.1", "no"},
      {"127.1", "no"},
      {"0x7f000001", "no"},
      {"010.0.0.1", "no"},
      {"a b", "no"},
      {"[::1]", "no"},
      {"a:80", "no"},
      {"b\xc3\xbc.example", "no"},
      {"http://a", "no"},
  };
  for (const auto& [text, expected] : table) {
    EXPECT_EQ(pattern(text), expected) << text;
  }
  EXPECT_EQ(pattern(std::string(63, 'a')), std::string(63, 'a'));
  EXPECT_EQ(pattern(std::string(64, 'a')), "no");
}

TEST(HostAndPort, NeedsBoth) {
  EXPECT_EQ(parse_host_and_port("[2001:DB8::1]:8080")->host, "2001:db8::1");
  EXPECT_EQ(parse_host_and_port("Proxy.example:65535")->host, "proxy.example");
  for (const char* bad : {"", "a", "a:", ":1", "a:0", "a:65536", "a:1x", "[::1]", "::1:80",
                          "10.0.0.1:0", "u@a:1", "a:+1"}) {
    EXPECT_FALSE(parse_host_and_port(bad)) << bad;
  }
}

TEST(Nearest, IsTheWordThatWasProbablyMeant) {
  const std::vector<std::string_view> words = {"head", "head_idle", "timeouts", "min_ttl",
                                               "max_ttl"};
  EXPECT_EQ(nearest("haed", words), "head");
  EXPECT_EQ(nearest("HEAD", words), "head");
  EXPECT_EQ(nearest("timeout", words), "timeouts");
  EXPECT_EQ(nearest("max-ttl", words), "max_ttl");
  EXPECT_EQ(nearest("xyz", words), "");
  EXPECT_EQ(nearest("", words), "");
  EXPECT_EQ(nearest(std::string(1000, 'h'), words), "");
}

TEST(Quote, LetsNoControlCharacterThroughAndEndsBetweenCharacters) {
  EXPECT_EQ(quote("a\"b\\c\n\x1b\x7f"), "\"a\\\"b\\\\c\\u000a\\u001b\\u007f\"");
  EXPECT_EQ(quote(std::string(59, 'x') + "\xc3\xa9"), "\"" + std::string(59, 'x') + "...\"");
}

TEST(AdminAddress, IsAnAddressAPathOrOff) {
  const std::pair<std::string_view, std::string_view> table[] = {
      {"off", "off"},
      {"127.0.0.1:3180", "127.0.0.1:3180"},
      {"127.0.0.1", "127.0.0.1:3180"},
      {"127.0.0.1:0", "127.0.0.1:0"},
      {":8080", "0.0.0.0:8080"},
      {"*:8080", "0.0.0.0:8080"},
      {"::1", "[::1]:3180"},
      {"[::1]", "[::1]:3180"},
      {"[::1]:8080", "[::1]:8080"},
      {"unix:/run/weir.sock", "unix:/run/weir.sock"},
      {"unix:weir.sock", "no"},
      {"unix:", "no"},
      {"unix:/a\nb", "no"},
      {"OFF", "no"},
      {"", "no"},
      {"localhost:3180", "no"},
      {"127.0.0.1:", "no"},
      {"127.0.0.1:70000", "no"},
      {"3180", "no"},
      {"*", "no"},
      {"::1:", "no"},
  };
  for (const auto& [text, expected] : table) {
    EXPECT_EQ(take_admin_address(text).value_or("no"), expected) << text;
  }
  EXPECT_TRUE(take_admin_address("unix:/" + std::string(106, 'a')));
  EXPECT_FALSE(take_admin_address("unix:/" + std::string(107, 'a')));
}

}  // namespace
}  // namespace weir
