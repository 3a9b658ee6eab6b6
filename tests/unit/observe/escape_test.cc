// SPDX-License-Identifier: Apache-2.0
//
// Numbers, dates and escaping: what every access-log line is made of. Tables, no files, no threads.
#include <gtest/gtest.h>

#include <array>
#include <ctime>
#include <string>
#include <vector>

#include "proxy/observe/date_text.h"
#include "proxy/observe/escape.h"
#include "proxy/observe/line.h"

namespace weir {
namespace {

std::string percent(std::string_view in, std::size_t most = 100) {
  std::array<char, 256> room;
  Line line(room);
  put_percent(line, in, kBareBytes, most);
  return std::string(line.text());
}
std::string slash(std::string_view in, std::size_t most = 100) {
  std::array<char, 256> room;
  Line line(room);
  put_slash(line, in, kQuotedBytes, most);
  return std::string(line.text());
}
std::string json(std::string_view in, std::size_t most = 100) {
  std::array<char, 256> room;
  Line line(room);
  put_json(line, in, most);
  return std::string(line.text());
}

TEST(Line, PrintsEveryLengthOfNumber) {
  std::vector<std::uint64_t> values{0, 9, 10, 99, 100, UINT64_MAX};
  for (std::uint64_t v = 1; v < UINT64_MAX / 10; v *= 10) {
    values.insert(values.end(), {v, v - 1, v + 1, v * 9});
  }
  for (const std::uint64_t value : values) {
    std::array<char, 32> room;
    Line line(room);
    line.number(value);
    EXPECT_EQ(line.text(), std::to_string(value));
  }
}

TEST(Line, PadsCutsAndNeverPassesItsEnd) {
  std::array<char, 8> room;
  Line line(room);
  line.put("ab");
  line.number(7);
  line.pad_left(2, 3);
  EXPECT_EQ(line.text(), "ab  7");
  line.put("123456");
  EXPECT_EQ(line.text(), "ab  7123");
  line.put('x');
  line.pad_left(0, 20);
  EXPECT_EQ(line.text(), "ab  7123");
}

TEST(DateText, AgreesWithTheSystemsCalendar) {
  DateText dates;
  // Every 9 days and some from 1970 to 2170: each month end, leap years, and the century 2100.
  for (std::int64_t second = 0; second < 200LL * 366 * 86400; second += 9 * 86400 + 8765) {
    const auto when = static_cast<std::time_t>(second);
    std::tm parts{};
    gmtime_r(&when, &parts);
    std::array<char, 64> expected;
    const std::size_t size =
        std::strftime(expected.data(), expected.size(), "%d/%b/%Y:%H:%M:%S +0000", &parts);
    ASSERT_EQ(dates.common({second * kSecond}), std::string_view(expected.data(), size));
  }
}

TEST(DateText, ShowsMillisecondsAndStaysInFourDigitYears) {
  DateText dates;
  EXPECT_EQ(dates.iso({1767323045678901}), "2026-01-02T03:04:05.678Z");
  EXPECT_EQ(dates.iso({1767323045001000}), "2026-01-02T03:04:05.001Z");
  EXPECT_EQ(dates.iso({-5}), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(dates.common({INT64_MAX}), "31/Dec/9999:23:59:59 +0000");
  EXPECT_EQ(dates.iso({951782400 * kSecond}), "2000-02-29T00:00:00.000Z");
}

TEST(Escape, LeavesNoByteThatCouldForgeALineOrAField) {
  for (unsigned c = 0; c < 256; ++c) {
    const std::string in(1, static_cast<char>(c));
    for (const std::string& out : {percent(in), slash(in), json(in)}) {
      for (const char o : out) {
        EXPECT_TRUE(static_cast<unsigned char>(o) >= 0x20 && o != 0x7f) << c;
      }
    }
    EXPECT_EQ(percent(in).find_first_of(" \"\n"), std::string::npos) << c;
    EXPECT_EQ(slash(in).find('"'), std::string::npos) << c;
  }
}

TEST(Escape, SpellsEachFormatInItsOwnWay) {
  EXPECT_EQ(percent("a b\r\n\"\xFF%41"), "a%20b%0D%0A%22%FF%41");
  EXPECT_EQ(slash("a b\r\n\"\\\xC3\xA9"), "a b\\x0D\\x0A\\x22\\x5C\\xC3\\xA9");
  EXPECT_EQ(json("a b\n\"\\\x01\x7f"), "a b\\u000A\\\"\\\\\\u0001\\u007F");
}

TEST(Escape, JsonPassesGoodUtf8AndReplacesTheRest) {
  struct Case {
    std::string_view in;
    std::string_view out;
  };
  const Case cases[] = {
      {"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80", "\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80"},
      {"\xFF", "\\ufffd"},
      {"\xC3", "\\ufffd"},
      {"\xC3(", "\\ufffd("},
      {"\xE2\x82", "\\ufffd\\ufffd"},
      {"\xC0\xAF", "\\ufffd\\ufffd"},                        // overlong '/'
      {"\xE0\x80\xAF", "\\ufffd\\ufffd\\ufffd"},             // overlong
      {"\xED\xA0\x80", "\\ufffd\\ufffd\\ufffd"},             // surrogate
      {"\xF4\x90\x80\x80", "\\ufffd\\ufffd\\ufffd\\ufffd"},  // beyond U+10FFFF
      {"\xF0\x80\x80\x80", "\\ufffd\\ufffd\\ufffd\\ufffd"},
      {"\xC2\x9B", "\\u009B"},  // a C1 control
      {"\x80", "\\ufffd"},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(json(c.in), c.out);
  }
}

TEST(Escape, CutsWhereACharacterEndsAndNeverExceedsTheLimit) {
  const std::string in =
      "ab\n\xE2\x82\xAC"
      "cd\"ef";
  using Escaper = std::string (*)(std::string_view, std::size_t);
  for (const Escaper escape : {Escaper(percent), Escaper(slash), Escaper(json)}) {
    const std::string whole = escape(in, 100);
    for (std::size_t most = 0; most < whole.size() + 3; ++most) {
      const std::string out = escape(in, most);
      ASSERT_LE(out.size(), most);
      if (most >= whole.size()) {
        EXPECT_EQ(out, whole);
      } else if (most >= 3) {
        EXPECT_TRUE(out.ends_with("...")) << out;
        const std::string kept = out.substr(0, out.size() - 3);
        EXPECT_TRUE(whole.starts_with(kept)) << out;
        EXPECT_TRUE(kept.empty() || kept.back() != '\\') << out;
      }
    }
  }
  EXPECT_EQ(percent("abc\ndef", 6), "abc...");
  EXPECT_EQ(percent("abc\n", 6), "abc%0A");
  EXPECT_EQ(percent("abc\n", 5), "ab...");
}

}  // namespace
}  // namespace weir
