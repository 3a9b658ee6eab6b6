// SPDX-License-Identifier: Apache-2.0
//
// Response heads: what is understood and what is refused, under every cut of the input. Also the
// field lines of a complete trailer section, which obey the same rules.
#include "tests/unit/http/heads.h"

namespace weir::test {
namespace {

using namespace std::string_view_literals;

struct Row {
  std::string_view input;
  std::string_view want;  // the picture, or the failure's word
};

void expect_done(const Row& row) {
  every_cut(head_parser<http::ResponseHead>(), row.input,
            {Progress::Done, row.input.size(), std::string(row.want)});
}

TEST(ResponseHead, IsUnderstood) {
  const Row rows[] = {
      {"HTTP/1.1 200 OK\r\n\r\n", "1.1 200 'OK'"},
      {"HTTP/1.0 200 OK\r\n\r\n", "1.0 200 'OK'"},
      {"HTTP/1.3 200 OK\r\n\r\n", "1.1 200 'OK'"},
      {"HTTP/1.1 200 \r\n\r\n", "1.1 200 ''"},
      {"HTTP/1.1 200\r\n\r\n", "1.1 200 ''"},
      {"HTTP/1.1 404 Not Found at all\r\n\r\n", "1.1 404 'Not Found at all'"},
      {"HTTP/1.1 200  two\tgaps \r\n\r\n", "1.1 200 ' two\tgaps '"},
      {"HTTP/1.1 200 \xc3\xa4\xff\r\n\r\n", "1.1 200 '\xc3\xa4\xff'"},
      {"HTTP/1.1 100 Continue\r\n\r\n", "1.1 100 'Continue'"},
      {"HTTP/1.1 599 x\r\n\r\n", "1.1 599 'x'"},
      {"HTTP/1.1 999 x\r\n\r\n", "1.1 999 'x'"},
      {"HTTP/1.1 200 OK\r\nA: 1\r\nB:\r\na: 2\r\n\r\n", "1.1 200 'OK' [A: 1] [B: ] [a: 2]"},
  };
  for (const Row& row : rows) {
    expect_done(row);
  }
}

TEST(ResponseHead, ThatIsMalformedIsRefused) {
  constexpr std::string_view kInputs[] = {
      "\r\nHTTP/1.1 200 OK\r\n\r\n",  // left over from the answer before
      "\nHTTP/1.1 200 OK\r\n\r\n",
      " HTTP/1.1 200 OK\r\n\r\n",
      "<html>",
      "ICY 200 OK\r\n\r\n",
      "http/1.1 200 OK\r\n\r\n",
      "HTTP 200 OK\r\n\r\n",
      "HTTP/1 200 OK\r\n\r\n",
      "HTTP/2.0 200 OK\r\n\r\n",
      "HTTP/0.9 200 OK\r\n\r\n",
      "HTTP/1.10 200 OK\r\n\r\n",
      "HTTP/1.1\r\n\r\n",
      "HTTP/1.1 \r\n\r\n",
      "HTTP/1.1 20\r\n\r\n",
      "HTTP/1.1 20 OK\r\n\r\n",
      "HTTP/1.1 2000 OK\r\n\r\n",
      "HTTP/1.1 200OK\r\n\r\n",
      "HTTP/1.1  200 OK\r\n\r\n",
      "HTTP/1.1\t200 OK\r\n\r\n",
      "HTTP/1.1 200\tOK\r\n\r\n",
      "HTTP/1.1 099 OK\r\n\r\n",
      "HTTP/1.1 000 OK\r\n\r\n",
      "HTTP/1.1 -20 OK\r\n\r\n",
      "HTTP/1.1 +20 OK\r\n\r\n",
      "HTTP/1.1 2 0 OK\r\n\r\n",
      "HTTP/1.1 0x2 OK\r\n\r\n",
      "HTTP/1.1 OK 200\r\n\r\n",
      "HTTP/1.1 200 a\0b\r\n\r\n"sv,
      "HTTP/1.1 200 a\rb\r\n\r\n",
      "HTTP/1.1 200 a\x7f\r\n\r\n",
      "HTTP/1.1 200 OK\n\n",
      "HTTP/1.1 200 OK\nA: b\r\n\r\n",
      "HTTP/1.1 200 OK\r\nA: b\n",
      "HTTP/1.1 200 OK\r\nA: b\r\n\n",
      "HTTP/1.1 200 OK\r\n A: b\r\n\r\n",
      "HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n",
      "HTTP/1.1 200 OK\r\nA : b\r\n\r\n",
      "HTTP/1.1 200 OK\r\nA\r\n\r\n",
      "HTTP/1.1 200 OK\r\n: b\r\n\r\n",
      "HTTP/1.1 200 OK\r\nA: \0\r\n\r\n"sv,
      "HTTP/1.1 200 OK\r\nA: b\r\r\n\r\n",
      "HTTP/1.1 200 OK\r\nA: \v\r\n\r\n",
      "HTTP/1.1 200 OK\r\nHTTP/1.1 200 OK\r\n\r\n",
  };
  for (const std::string_view input : kInputs) {
    every_cut(head_parser<http::ResponseHead>(), input, bad("origin_bad_head"));
  }
}

TEST(ResponseHead, IsRefusedAtTheFirstByteThatNoAnswerBeginsWith) {
  for (const std::string_view input : {"X", "HX", "HTX", "HTTX", "HTTP1", "\r"}) {
    auto parser = head_parser<http::ResponseHead>()();
    EXPECT_EQ(parser(input).progress, Progress::Bad) << input;
  }
}

TEST(FieldLines, OfATrailerSectionObeyTheRulesOfAHead) {
  const Row rows[] = {
      {"", ""},
      {"A: b\r\n", " [A: b]"},
      {"A:\r\nb: \t c \r\n", " [A: ] [b: c]"},
      {"A\r\n", "bad"},
      {"A : b\r\n", "bad"},
      {" A: b\r\n", "bad"},
      {"A: b\r\n\tc\r\n", "bad"},
      {"A: \0\r\n"sv, "bad"},
      {"A: b\rc\r\n", "bad"},
      {": b\r\n", "bad"},
  };
  for (const Row& row : rows) {
    http::Fields fields;
    const bool good = http::parse_field_lines(row.input, 8, fields);
    EXPECT_EQ(good ? picture(fields) : "bad", row.want) << shown(row.input);
  }
  http::Fields fields;
  EXPECT_TRUE(http::parse_field_lines("A: b\r\nA: b\r\n", 2, fields));
  EXPECT_FALSE(http::parse_field_lines("A: b\r\nA: b\r\nA: b\r\n", 2, fields));
}

// Former bugs

// A bare CR is refused as soon as it is seen. One whose line had already ended when it came in is
// only noticed with the whole head, which is refused all the same.
TEST(ResponseHead, WithABareCarriageReturnIsRefusedHoweverItComes) {
  for (const std::string_view start :
       {"HTTP/1.1 200 O\rK", "HTTP/1.1 200 OK\r\r", "HTTP/1.1 200 OK\r\nA: b\rc"}) {
    auto early = head_parser<http::ResponseHead>()();
    EXPECT_EQ(early(start).progress, Progress::Bad) << shown(start);
    const std::string ended = std::string(start) + "x\r\nB: d";
    auto late = head_parser<http::ResponseHead>()();
    EXPECT_EQ(late(ended).progress, Progress::NeedMore) << shown(ended);
    EXPECT_EQ(late(ended + "\r\n\r\n").progress, Progress::Bad) << shown(ended);
  }
}

}  // namespace
}  // namespace weir::test
