// SPDX-License-Identifier: Apache-2.0
//
// Small things the commands stand on: times as people write them, figures, JSON that is written,
// text for terminals, lines of any length.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "proxy/cli/lines.h"
#include "proxy/cli/printable.h"
#include "proxy/cli/stopwatch.h"
#include "proxy/cli/tally.h"
#include "proxy/cli/time_text.h"
#include "proxy/observe/json_writer.h"

namespace weir::cli {
namespace {

TEST(ParseTime, TakesRfc3339) {
  const WallTime noon{1'767'355'200 * kSecond};  // 2026-01-02 12:00:00 UTC
  for (const char* text : {"2026-01-02T12:00:00Z", "2026-01-02 12:00z", "2026-01-02T12:00:00.25Z",
                           "2026-01-02T20:00:00+08:00", "2026-01-02T07:00:00-0500"}) {
    EXPECT_EQ(parse_time(text), noon) << text;
  }
}

TEST(ParseTime, TakesTheSystemsTimeWithoutAnOffset) {
  ::setenv("TZ", "XST-8", 1);
  ::tzset();
  EXPECT_EQ(parse_time("2026-01-02T20:00"), parse_time("2026-01-02T12:00Z"));
  EXPECT_EQ(local_text(*parse_time("2026-01-02T12:00Z")), "2026-01-02 20:00:00 +0800");
  ::unsetenv("TZ");
  ::tzset();
}

TEST(ParseTime, RefusesTheRest) {
  for (const char* bad : {"", "now", "2026-01-02", "2026-02-30T00:00Z", "2026-13-01T00:00Z",
                          "2026-01-02T24:00Z", "2026-01-02T12:60Z", "2026-01-02T12:00:00.Z",
                          "2026-01-02T12:00+8", "2026-01-02T12:00Zx", "26-01-02T12:00Z"}) {
    EXPECT_FALSE(parse_time(bad)) << bad;
  }
}

TEST(Durations, TellPercentilesWithinTheirBuckets) {
  Durations durations;
  for (int i = 1; i <= 1000; ++i) {
    durations.add(i * 10);
  }
  EXPECT_EQ(durations.count(), 1000U);
  EXPECT_NEAR(durations.mean_us(), 5.005, 0.001);
  EXPECT_NEAR(durations.percentile_us(0.5), 5.0, 5.0 * 0.02);
  EXPECT_NEAR(durations.percentile_us(0.99), 9.9, 9.9 * 0.02);
  durations.add(INT64_MAX / 2);  // beyond all buckets
  durations.add(-5);             // a clock that cost less than it was said to
  EXPECT_EQ(durations.count(), 1002U);
}

TEST(Durations, AreZeroBeforeTheFirst) {
  EXPECT_EQ(Durations().mean_us(), 0);
  EXPECT_EQ(Durations().percentile_us(0.99), 0);
}

TEST(JsonWriter, PutsCommasAndEscapesWhereTheyBelong) {
  JsonWriter json;
  json.open_object();
  json.name("a").number(1);
  json.name("b\n").text("\x01\"\\\xff\xc3\xa9");
  json.name("c").open_list();
  json.text("");
  json.null();
  json.flag(true);
  json.open_object();
  json.close_object();
  json.close_list();
  json.name("d").real(1.25, 2);
  json.close_object();
  EXPECT_EQ(json.written(),
            "{\"a\":1,\"b\\u000A\":\"\\u0001\\\"\\\\\\ufffd\xc3\xa9\",\"c\":[\"\",null,true,{}],"
            "\"d\":1.25}");
}

TEST(JsonWriter, Indents) {
  JsonWriter json(true);
  json.open_object();
  json.name("a").open_list();
  json.number(1);
  json.close_list();
  json.name("b").open_list();
  json.close_list();
  json.close_object();
  EXPECT_EQ(json.written(), "{\n  \"a\": [\n    1\n  ],\n  \"b\": []\n}");
}

TEST(Printable, KeepsControlCharactersFromTerminals) {
  EXPECT_EQ(printable("a\033[31m\x7f\xc2\x9b\x9b\xc3\xa9"),
            "a\\x1b[31m\\x7f\\xc2\\x9b\\x9b\xc3\xa9");
  EXPECT_EQ(padded("\xc3\xa9", 3), "\xc3\xa9  ");
  EXPECT_EQ(right("12", 4), "  12");
  EXPECT_EQ(grouped(0), "0");
  EXPECT_EQ(grouped(999), "999");
  EXPECT_EQ(grouped(1234567), "1,234,567");
}

TEST(Tally, OrdersByCountAndThenByName) {
  Tally tally;
  for (const char* name : {"b", "a", "c", "c"}) {
    tally.add(name);
  }
  const auto top = tally.top(2);
  ASSERT_EQ(top.size(), 2U);
  EXPECT_EQ(top[0].name, "c");
  EXPECT_EQ(top[1].name, "a");
  EXPECT_EQ(tally.names(), 3U);
}

class LinesOfAFile : public testing::Test {
 protected:
  LinesOfAFile() : path_(testing::TempDir() + "weir_lines_" + std::to_string(::getpid())) {}
  ~LinesOfAFile() override { std::filesystem::remove(path_); }

  // "T" for a line that was too long.
  std::vector<std::string> read(const std::string& content) {
    std::ofstream(path_, std::ios::binary) << content;
    auto in = LineReader::open(path_);
    std::vector<std::string> out;
    std::string_view line;
    for (auto got = in->next(line); got != LineReader::Got::End; got = in->next(line)) {
      out.push_back(got == LineReader::Got::TooLong ? "T" : std::string(line));
    }
    EXPECT_EQ(in->number(), out.size());
    return out;
  }

  std::string path_;
};

TEST_F(LinesOfAFile, AreGivenWithoutTheirEnds) {
  using Lines = std::vector<std::string>;
  EXPECT_EQ(read(""), Lines{});
  EXPECT_EQ(read("a\nb\r\n\nc"), (Lines{"a", "b", "", "c"}));
  EXPECT_EQ(read("a\n"), Lines{"a"});
}

TEST_F(LinesOfAFile, MayBeLongAndArePassedOverWhenTooLong) {
  const std::string longest(kLineMost, 'x');
  const std::string beyond(3 * kLineMost, 'y');
  EXPECT_EQ(read("a\n" + longest + "\n" + beyond + "\nb\n" + beyond),
            (std::vector<std::string>{"a", longest, "T", "b", "T"}));
}

TEST(LineReader, NamesTheFileItCannotRead) {
  const auto in = LineReader::open("/nonexistent/file");
  ASSERT_FALSE(in);
  EXPECT_NE(in.error().find("/nonexistent/file"), std::string::npos);
}

}  // namespace
}  // namespace weir::cli
