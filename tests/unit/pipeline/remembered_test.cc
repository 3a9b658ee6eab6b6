// SPDX-License-Identifier: Apache-2.0
//
// Fingerprints against the library's own HMAC and the answers of RFC 4231; the table of remembered
// fingerprints with time as a parameter.
#include "proxy/pipeline/remembered.h"

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <string>

namespace weir {
namespace {

std::span<const std::uint8_t> bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

std::string hex(const Fingerprint& print) {
  std::string out;
  for (const std::uint8_t byte : print) {
    out += "0123456789abcdef"[byte >> 4];
    out += "0123456789abcdef"[byte & 15];
  }
  return out;
}

// A fingerprint that falls into the group `group` of a table of any size that divides it evenly.
Fingerprint print_of(std::uint8_t group, std::uint8_t which) {
  Fingerprint out{};
  out[0] = group;
  out[31] = which;
  return out;
}

constexpr Instant kNow{1'000 * kSecond};

TEST(Fingerprinter, GivesTheAnswersOfTheRfc) {
  // RFC 4231 4.2 and 4.3.
  Fingerprinter first(bytes(std::string(20, '\x0b')));
  EXPECT_EQ(hex(first.of({"Hi There"})),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  Fingerprinter second(bytes("Jefe"));
  EXPECT_EQ(hex(second.of({"what do ya want ", "for nothing?"})),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

TEST(Fingerprinter, AgreesWithTheLibraryOverLengths) {
  const std::string key = "0123456789abcdef0123456789abcdef";
  Fingerprinter ours(bytes(key));
  for (std::size_t size = 0; size < 300; ++size) {
    const std::string text(size, static_cast<char>('a' + size % 26));
    Fingerprint theirs{};
    unsigned length = 0;
    ASSERT_NE(HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), bytes(text).data(), size,
                   theirs.data(), &length),
              nullptr);
    EXPECT_TRUE(same(ours.of({text}), theirs)) << size;
  }
}

TEST(Fingerprinter, TwoOfThemHaveDifferentKeys) {
  Fingerprinter a;
  Fingerprinter b;
  EXPECT_TRUE(same(a.of({"x"}), a.of({"x"})));
  EXPECT_FALSE(same(a.of({"x"}), a.of({"y"})));
  EXPECT_FALSE(same(a.of({"x"}), b.of({"x"})));
}

TEST(Remembered, HoldsUntilTheTimeAndNoLonger) {
  Remembered table(64);
  const Fingerprint print = print_of(1, 1);
  EXPECT_FALSE(table.holds(print, kNow));
  table.add(print, kNow, kNow + kSecond);
  EXPECT_TRUE(table.holds(print, kNow));
  EXPECT_TRUE(table.holds(print, kNow + (kSecond - 1)));
  EXPECT_FALSE(table.holds(print, kNow + kSecond));
  EXPECT_FALSE(table.holds(print_of(1, 2), kNow));
}

TEST(Remembered, AddingAgainSetsANewEndAndTakesNoSecondPlace) {
  Remembered table(Remembered::kGroup);
  for (int i = 0; i < 100; ++i) {
    table.add(print_of(0, 1), kNow, kNow + kSecond + i);
  }
  for (std::uint8_t other = 2; other < 9; ++other) {
    table.add(print_of(0, other), kNow, kNow + 2 * kSecond);
  }
  EXPECT_TRUE(table.holds(print_of(0, 1), kNow + kSecond + 98));
  EXPECT_FALSE(table.holds(print_of(0, 1), kNow + kSecond + 99));
}

TEST(Remembered, AFullGroupGivesUpWhatWouldHaveEndedFirst) {
  Remembered table(Remembered::kGroup);
  for (std::uint8_t i = 0; i < Remembered::kGroup; ++i) {
    table.add(print_of(0, i), kNow, kNow + (10 + i) * kSecond);
  }
  table.add(print_of(0, 100), kNow, kNow + kSecond);
  EXPECT_FALSE(table.holds(print_of(0, 0), kNow));
  EXPECT_TRUE(table.holds(print_of(0, 100), kNow));
  for (std::uint8_t i = 1; i < Remembered::kGroup; ++i) {
    EXPECT_TRUE(table.holds(print_of(0, i), kNow));
  }
}

TEST(Remembered, WhatHasEndedMakesRoomFirst) {
  Remembered table(Remembered::kGroup);
  table.add(print_of(0, 1), kNow, kNow + 1);
  for (std::uint8_t i = 2; i < 2 + Remembered::kGroup - 1; ++i) {
    table.add(print_of(0, i), kNow, kNow + kSecond);
  }
  table.add(print_of(0, 50), kNow + 2, kNow + kSecond);
  for (std::uint8_t i = 2; i < 2 + Remembered::kGroup - 1; ++i) {
    EXPECT_TRUE(table.holds(print_of(0, i), kNow + 2));
  }
  EXPECT_TRUE(table.holds(print_of(0, 50), kNow + 2));
}

TEST(Remembered, NeverGrows) {
  Remembered table(100);
  EXPECT_EQ(table.capacity(), 104u);
  EXPECT_EQ(Remembered(0).capacity(), Remembered::kGroup);
  Fingerprinter prints;
  for (int i = 0; i < 10'000; ++i) {
    table.add(prints.of({std::to_string(i)}), kNow, kNow + kSecond);
  }
  int held = 0;
  for (int i = 0; i < 10'000; ++i) {
    held += table.holds(prints.of({std::to_string(i)}), kNow) ? 1 : 0;
  }
  EXPECT_EQ(held, 104);
}

TEST(Remembered, RememberingForNoTimeRemembersNothing) {
  Remembered table(8);
  table.add(print_of(0, 1), kNow, kNow);
  EXPECT_FALSE(table.holds(print_of(0, 1), kNow));
  EXPECT_FALSE(table.holds(Fingerprint{}, kNow));
}

}  // namespace
}  // namespace weir
