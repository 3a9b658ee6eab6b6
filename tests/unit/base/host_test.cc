// SPDX-License-Identifier: Apache-2.0
//
// Host names and literals: what is accepted, in which one spelling, and what is refused because
// somebody else would read it differently.
#include "proxy/base/host.h"

#include <gtest/gtest.h>

#include <string>

namespace weir {
namespace {

// "name", "@address" or "" for refused.
std::string normalised(std::string_view text, bool bracketed) {
  Arena arena;
  const auto host = normalise_host(text, bracketed, arena);
  if (!host) {
    EXPECT_EQ(host.error(), Failure::BadHost);
    return "";
  }
  if (host->address) {
    EXPECT_EQ(host->name, host->address->text());
    return "@" + std::string(host->name);
  }
  return std::string(host->name);
}

struct Row {
  std::string_view text;
  std::string_view want;
};

TEST(Host, HasOneSpellingOutsideBrackets) {
  const Row rows[] = {
      {"example.com", "example.com"},
      {"EXAMPLE.Com", "example.com"},
      {"example.com.", "example.com"},
      {"Example.COM.", "example.com"},
      {"localhost", "localhost"},
      {"a", "a"},
      {"_dmarc.example.com", "_dmarc.example.com"},
      {"r3---sn-4g5e6nz7.example", "r3---sn-4g5e6nz7.example"},
      {"-a-.example", "-a-.example"},
      {"xn--bcher-kva.example", "xn--bcher-kva.example"},
      {"1.example", "1.example"},
      {"127.0.0.1.example", "127.0.0.1.example"},
      {"0x7f.example", "0x7f.example"},
      {"example.0xg", "example.0xg"},
      {"example.1a", "example.1a"},
      {"127.0.0.1", "@127.0.0.1"},
      {"255.255.255.255", "@255.255.255.255"},
      // Refused.
      {"", ""},
      {".", ""},
      {"..", ""},
      {".example.com", ""},
      {"example..com", ""},
      {"example.com..", ""},
      {"exa mple.com", ""},
      {"example.com ", ""},
      {"example%2ecom", ""},
      {"%31%32%37.0.0.1", ""},
      {"b\xc3\xbc"
       "cher.example",
       ""},
      {"example\xe3\x80\x82"
       "com",
       ""},
      {"user@example.com", ""},
      {"example.com:80", ""},
      {"example.com/", ""},
      {"example.com\\", ""},
      {"a~b.example", ""},
      {"a*b.example", ""},
      {"[::1]", ""},
      {"::1", ""},
      {"fe80::1%lo", ""},
      {"::ffff:127.0.0.1", ""},
      {"127.0.0.1.", ""},
      {"127.1", ""},
      {"127.0.1", ""},
      {"127", ""},
      {"2130706433", ""},
      {"0x7f000001", ""},
      {"0X7F000001", ""},
      {"0x7f.1", ""},
      {"0x", ""},
      {"example.0x", ""},
      {"example.123", ""},
      {"example.123.", ""},
      {"example.0x7F", ""},
      {"017700000001", ""},
      {"0177.0.0.1", ""},
      {"127.0.0.01", ""},
      {"127.0.0.256", ""},
      {"1.2.3.4.5", ""},
      {"4294967296", ""},
      {"99999999999999999999999999", ""},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(normalised(row.text, false), row.want) << '"' << row.text << '"';
  }
  EXPECT_EQ(normalised(std::string_view("exa\0mple", 8), false), "");
}

TEST(Host, HasOneSpellingInsideBrackets) {
  const Row rows[] = {
      {"::1", "@::1"},
      {"0:0::1", "@::1"},
      {"2001:DB8::A", "@2001:db8::a"},
      {"::ffff:127.0.0.1", "@127.0.0.1"},
      {"::ffff:7f00:1", "@127.0.0.1"},
      {"", ""},
      {"127.0.0.1", ""},
      {"example.com", ""},
      {"fe80::1%lo", ""},
      {"fe80::1%25lo", ""},
      {"v1.x", ""},
      {"::1.", ""},
      {"[::1]", ""},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(normalised(row.text, true), row.want) << '"' << row.text << '"';
  }
}

TEST(Host, MayHaveLabelsOfSixtyThreeAndNamesOfTwoHundredFiftyThreeBytes) {
  const std::string label(63, 'a');
  EXPECT_EQ(normalised(label, false), label);
  EXPECT_EQ(normalised(label + "a", false), "");
  EXPECT_EQ(normalised(label + "a.example", false), "");
  const std::string longest = label + "." + label + "." + label + "." + std::string(61, 'b');
  ASSERT_EQ(longest.size(), kHostNameLimit);
  EXPECT_EQ(normalised(longest, false), longest);
  EXPECT_EQ(normalised(longest + ".", false), longest);
  EXPECT_EQ(normalised(longest + "b", false), "");
}

TEST(Host, IsAViewOfTheTextWhenThatWasCanonical) {
  Arena arena;
  for (const std::string_view text : {"example.com", "example.com.", "127.0.0.1"}) {
    EXPECT_EQ(normalise_host(text, false, arena)->name.data(), text.data());
  }
  const std::string_view literal = "2001:db8::1";
  EXPECT_EQ(normalise_host(literal, true, arena)->name.data(), literal.data());
  const std::string_view capital = "A.example";
  EXPECT_NE(normalise_host(capital, false, arena)->name.data(), capital.data());
}

TEST(Authority, HasOneSpelling) {
  Arena arena;
  EXPECT_EQ(authority_text("example.com", 80, 80, arena), "example.com");
  EXPECT_EQ(authority_text("example.com", 80, 0, arena), "example.com:80");
  EXPECT_EQ(authority_text("example.com", 65535, 80, arena), "example.com:65535");
  EXPECT_EQ(authority_text("192.0.2.1", 8080, 80, arena), "192.0.2.1:8080");
  EXPECT_EQ(authority_text("2001:db8::1", 443, 443, arena), "[2001:db8::1]");
  EXPECT_EQ(authority_text("2001:db8::1", 443, 80, arena), "[2001:db8::1]:443");
}

}  // namespace
}  // namespace weir
