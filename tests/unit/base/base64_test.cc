// SPDX-License-Identifier: Apache-2.0
//
// Tables for the strict Base64 decoder: what it reads, what it refuses and why, and that nothing
// but one text decodes to a given sequence of bytes.
#include "proxy/base/base64.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

#include "tests/base64_encode.h"

namespace weir {
namespace {

std::optional<std::string> decode(std::string_view text, std::size_t room = 4096) {
  std::string out(room, '#');
  const auto size = decode_base64(text, out);
  if (!size) {
    return std::nullopt;
  }
  return out.substr(0, *size);
}

TEST(Base64, ReadsTheExamplesOfTheRfc) {
  // RFC 4648 10.
  EXPECT_EQ(decode(""), "");
  EXPECT_EQ(decode("Zg=="), "f");
  EXPECT_EQ(decode("Zm8="), "fo");
  EXPECT_EQ(decode("Zm9v"), "foo");
  EXPECT_EQ(decode("Zm9vYg=="), "foob");
  EXPECT_EQ(decode("Zm9vYmE="), "fooba");
  EXPECT_EQ(decode("Zm9vYmFy"), "foobar");
}

TEST(Base64, ReadsEveryByteInEveryPlace) {
  for (unsigned value = 0; value < 256; ++value) {
    for (std::size_t place = 0; place < 5; ++place) {
      std::string bytes(5, 'x');
      bytes[place] = static_cast<char>(value);
      EXPECT_EQ(decode(test::encode_base64(bytes)), bytes);
    }
  }
}

TEST(Base64, RefusesWhatIsNotTheOneSpelling) {
  struct Case {
    const char* what;
    std::string_view text;
  };
  constexpr std::array kCases{
      Case{"no padding", "Zg"},
      Case{"half the padding", "Zg="},
      Case{"one character alone", "Z"},
      Case{"five characters", "Zm9vY"},
      Case{"padding only", "===="},
      Case{"two of padding only", "=="},
      Case{"three of padding", "Z==="},
      Case{"padding after a whole group", "Zm9v===="},
      Case{"padding in the middle", "Zg==Zg=="},
      Case{"padding first", "=Zg="},
      Case{"padding inside a group", "Z=g="},
      Case{"spare bits behind one byte", "Zh=="},
      Case{"spare bits behind two bytes", "Zm9="},
      Case{"a space", "Zm 9v"},
      Case{"a space in a group", "Zm9 "},
      Case{"a line end", "Zm9v\r\n"},
      Case{"a line end in a group", "Zm9\n"},
      Case{"the alphabet for URLs, minus", "ab-c"},
      Case{"the alphabet for URLs, underscore", "ab_c"},
      Case{"a comma", "Zg==,Zg="},
      Case{"a NUL", std::string_view("Zm\0v", 4)},
      Case{"a byte above ASCII", "Zm\xc3\xa4"},
  };
  for (const Case& c : kCases) {
    EXPECT_EQ(decode(c.text), std::nullopt) << c.what;
  }
}

TEST(Base64, RefusesEveryByteOutsideTheAlphabet) {
  const std::string_view alphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (unsigned value = 0; value < 256; ++value) {
    const char c = static_cast<char>(value);
    const bool inside = alphabet.find(c) != std::string_view::npos;
    EXPECT_EQ(decode(std::string("AA") + c + "A").has_value(), inside) << value;
  }
}

TEST(Base64, NoTwoTextsOfOneGroupMeanTheSame) {
  // All texts of four characters from a few, the padding among them.
  const std::string_view some = "ABQgw/=";
  for (const char a : some) {
    for (const char b : some) {
      for (const char c : some) {
        for (const char d : some) {
          const std::string text{a, b, c, d};
          const auto bytes = decode(text);
          if (bytes) {
            EXPECT_EQ(test::encode_base64(*bytes), text);
          }
        }
      }
    }
  }
}

TEST(Base64, NeverWritesBeyondTheRoomItIsGiven) {
  EXPECT_EQ(decode("Zm9v", 3), "foo");
  EXPECT_EQ(decode("Zm9v", 2), std::nullopt);
  EXPECT_EQ(decode("Zm8=", 2), "fo");
  EXPECT_EQ(decode("Zm8=", 1), std::nullopt);
  EXPECT_EQ(decode("Zg==", 1), "f");
  EXPECT_EQ(decode("Zg==", 0), std::nullopt);
  EXPECT_EQ(decode("", 0), "");
}

}  // namespace
}  // namespace weir
