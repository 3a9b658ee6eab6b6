// SPDX-License-Identifier: Apache-2.0
//
// Bodies under every cut: where they end, what their payload is, and each way in which the chunked
// coding can be wrong. Limits at the byte. The comparison with a naive decoder is in
// body_oracle_test.cc.
#include "proxy/http/body.h"

#include "tests/unit/every_cut.h"

namespace weir::test {
namespace {

using namespace std::string_view_literals;
using http::BodyKind;
using http::BodyReader;
using http::Framing;

constexpr Framing kChunked = {BodyKind::Chunked, 0};

// A factory of body parsers for every_cut; text: payload, and trailers behind a '|'.
auto body_parser(Framing framing) {
  return [framing] {
    BodyReader reader;
    reader.begin(framing);
    return [reader, at = std::size_t{0}, payload = std::string()](std::string_view in) mutable {
      while (at < in.size() && !reader.over()) {
        const http::BodyStep step = reader.next(in.substr(at));
        if (step.bad) {
          return bad(reader.bad_trailer() ? "bad trailer" : "bad chunk");
        }
        EXPECT_GT(step.used, 0U);
        EXPECT_GE(step.used, step.payload.size());
        EXPECT_EQ(step.over, reader.over());
        payload += step.payload;
        at += step.used;
      }
      const std::string trailers(reader.trailers());
      return reader.over()
                 ? Verdict{Progress::Done, at, payload + (trailers.empty() ? "" : "|" + trailers)}
                 : Verdict{};
    };
  };
}

struct Row {
  std::string_view input;
  std::string_view want;
};

void expect_done(const Row& row, Framing framing = kChunked) {
  every_cut(body_parser(framing), row.input,
            {Progress::Done, row.input.size(), std::string(row.want)});
}

TEST(Body, WithALengthEndsThere) {
  expect_done({"", ""}, {BodyKind::None, 0});
  expect_done({"", ""}, {BodyKind::Length, 0});
  expect_done({"x", "x"}, {BodyKind::Length, 1});
  expect_done({"0\r\n\r\nGET / \n\0\xff"sv, "0\r\n\r\nGET / \n\0\xff"sv}, {BodyKind::Length, 14});
  every_cut(body_parser({BodyKind::Length, 5}), "abcd", {});
  every_cut(body_parser({BodyKind::Length, UINT64_C(5) << 30}), "abcd", {});
}

TEST(Body, UntilCloseEndsWithTheConnection) {
  every_cut(body_parser({BodyKind::UntilClose, 0}), "0\r\n\r\n", {});
  BodyReader reader;
  reader.begin({BodyKind::UntilClose, 0});
  EXPECT_EQ(reader.next("abc").payload, "abc");
  EXPECT_FALSE(reader.over());
  EXPECT_TRUE(reader.close());
  EXPECT_TRUE(reader.over());
  EXPECT_EQ(reader.next("more").used, 0U);
}

TEST(Body, CutShortByTheEndOfTheConnectionIsNotOver) {
  for (const std::string_view input :
       {"", "5", "5\r", "5\r\n", "5\r\nabc", "5\r\nabcde", "5\r\nabcde\r\n", "0\r\n",
        "0\r\nA: b\r\n", "0\r\nA: b\r\n\r"}) {
    BodyReader reader;
    reader.begin(kChunked);
    for (std::size_t at = 0; at < input.size();) {
      at += reader.next(input.substr(at)).used;
    }
    EXPECT_FALSE(reader.close()) << shown(input);
  }
  BodyReader counted;
  counted.begin({BodyKind::Length, 4});
  counted.next("abc");
  EXPECT_FALSE(counted.close());
  counted.next("d");
  EXPECT_TRUE(counted.close());
}

TEST(ChunkedBody, IsDecoded) {
  const Row rows[] = {
      {"0\r\n\r\n", ""},
      {"000\r\n\r\n", ""},
      {"0000000000000000\r\n\r\n", ""},
      {"1\r\nx\r\n0\r\n\r\n", "x"},
      {"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", "abcde"},
      {"0003\r\nabc\r\n0\r\n\r\n", "abc"},
      {"0000000000000003\r\nabc\r\n0\r\n\r\n", "abc"},
      {"a\r\n0123456789\r\n0\r\n\r\n", "0123456789"},
      {"A\r\n0123456789\r\n0\r\n\r\n", "0123456789"},
      {"10\r\n0123456789abcdef\r\n0\r\n\r\n", "0123456789abcdef"},
      {"5\r\n\r\n0\r\n\r\n0\r\n\r\n", "\r\n0\r\n"},
      {"4\r\n\0\n\r\xff\r\n0\r\n\r\n"sv, "\0\n\r\xff"sv},
      // Extensions are dropped.
      {"1;\r\nx\r\n0\r\n\r\n", "x"},
      {"1;a\r\nx\r\n0;b=c\r\n\r\n", "x"},
      {"1;a=\"q;,\\\" \xff\"\r\nx\r\n0\r\n\r\n", "x"},
      {"1 ;a\r\nx\r\n0\t ; b\r\n\r\n", "x"},
      {"1; a = b ;; c \t\r\nx\r\n0\r\n\r\n", "x"},
      {"1;3\r\nx\r\n0\r\n\r\n", "x"},
      // Trailers are kept apart.
      {"0\r\nA: b\r\n\r\n", "|A: b\r\n"},
      {"1\r\nx\r\n0;e\r\nA: b\r\nC:\r\n\r\n", "x|A: b\r\nC:\r\n"},
      {"0\r\nA\xff:\t b \r\n\r\n", "|A\xff:\t b \r\n"},
  };
  for (const Row& row : rows) {
    expect_done(row);
  }
}

TEST(ChunkedBody, ThatIsMalformedIsRefused) {
  constexpr std::string_view kInputs[] = {
      // Sizes.
      "\r\n\r\n",
      "\n",
      " 1\r\nx\r\n",
      "\t1\r\n",
      "-1\r\n",
      "+1\r\nx\r\n",
      "0x1\r\nx\r\n",
      "x\r\n",
      "g\r\n",
      "1g\r\n",
      "1,\r\n",
      "1.0\r\n",
      "1_0\r\n",
      "\"1\"\r\n",
      ";a\r\n",
      "\0\r\n"sv,
      "\x80",
      "1\x85\r\nx\r\n",
      "1\v\r\nx",
      "1\0\r\nx"sv,
      "G",
      "/",
      ":",
      "@",
      "`",
      // Line ends.
      "1\nx\r\n0\r\n\r\n",
      "1\rx\r\n",
      "1\r\rx",
      "1\r \nx",
      "1\r\nx\n",
      "1\r\nx\rx",
      "1\r\nx\r\r\n",
      "1\r\nx0\r\n\r\n",
      "1\r\nxy\r\n0\r\n\r\n",
      "1\r\nx \r\n",
      "1\r\nx;\r\n",
      "0\n\r\n",
      "0\r\r\n",
      "1\r\nx\r\n\r\n0\r\n\r\n",
      "1\r\nx\r\n 0\r\n\r\n",
      "0\r0",
      // White space that no extension follows.
      "1 \r\nx\r\n",
      "1\t\r\nx\r\n",
      "1 1\r\nx\r\n",
      "1 a\r\n",
      "1 =a\r\n",
      "0 \r\n\r\n",
      // Extensions.
      "1;a\nx\r\n0\r\n\r\n",
      "1;a\rb\r\nx",
      "1;a\r\r\nx",
      "1;\0\r\nx"sv,
      "1;\x7f\r\n",
      "1;a\vb\r\n",
      "1;a=\"\n\"\r\n",
      "1;a=\"\r\n \"\r\nx\r\n0\r\n\r\nz",
  };
  for (const std::string_view input : kInputs) {
    every_cut(body_parser(kChunked), input, bad("bad chunk"));
  }
}

TEST(ChunkedBody, WithAMalformedTrailerLineEndIsRefused) {
  constexpr std::string_view kInputs[] = {
      "0\r\n\n",
      "0\r\n\r\r\n",
      "0\r\n\rx",
      "0\r\nA: b\n",
      "0\r\nA: b\n\r\n",
      "0\r\nA: b\r\n\n",
      "0\r\nA: b\rC: d\r\n",
      "0\r\nA: b\r\r\n",
      "0\r\nA: \0\r\n"sv,
      "0\r\nA: \x7f\r\n",
      "0\r\n\v",
  };
  for (const std::string_view input : kInputs) {
    every_cut(body_parser(kChunked), input, bad("bad trailer"));
  }
}

TEST(ChunkSize, HoldsAtMostSixteenDigitsAndSixtyThreeBits) {
  constexpr std::string_view kGood[] = {"7fffffffffffffff", "7FFFFFFFFFFFFFFF", "0fffffffffffffff",
                                        "0000000000000001", "ffffffffffffff",   "100000000"};
  for (const std::string_view size : kGood) {
    BodyReader reader;
    reader.begin(kChunked);
    const std::string line = std::string(size) + "\r\n";
    EXPECT_FALSE(reader.next(line).bad) << size;
    EXPECT_EQ(reader.sure_payload(), std::stoull(std::string(size), nullptr, 16)) << size;
  }
  constexpr std::string_view kBad[] = {
      "8000000000000000",  "ffffffffffffffff",  "FFFFFFFFFFFFFFFE",
      "00000000000000000", "00000000000000001", "10000000000000000",
      "10000000000000001", "fffffffffffffffff", "0000000000000000000000000000005"};
  for (const std::string_view size : kBad) {
    every_cut(body_parser(kChunked), std::string(size) + "\r\nx\r\n0\r\n\r\n", bad("bad chunk"));
  }
}

// All chunks of a body with `total` bytes of extensions, `each` a chunk.
std::string body_with_extensions(std::size_t total, std::size_t each) {
  std::string out;
  while (total > 0) {
    const std::size_t n = std::min(total, each);
    out += "1;" + std::string(n - 1, 'e') + "\r\nx\r\n";
    total -= n;
  }
  return out + "0\r\n\r\n";
}

Progress judge(const std::string& input) {
  return body_parser(kChunked)()(input).progress;
}

TEST(ChunkExtensions, AreBoundedInSumToTheByte) {
  constexpr std::size_t kMost = BodyReader::kMaxExtensions;
  for (const std::size_t each : {kMost, std::size_t{1}, std::size_t{2}, std::size_t{1000}}) {
    EXPECT_EQ(judge(body_with_extensions(kMost, each)), Progress::Done) << each;
    EXPECT_EQ(judge(body_with_extensions(kMost + 1, each)), Progress::Bad) << each;
  }
  EXPECT_EQ(judge("1" + std::string(kMost - 1, ' ') + ";\r\nx\r\n0\r\n\r\n"), Progress::Done);
  EXPECT_EQ(judge("1" + std::string(kMost, ' ') + ";\r\nx\r\n0\r\n\r\n"), Progress::Bad);
}

TEST(ChunkExtensions, OfOneBodyAreForgottenWithTheNext) {
  const std::string input = body_with_extensions(BodyReader::kMaxExtensions, 100);
  BodyReader reader;
  for (int round = 0; round < 3; ++round) {
    reader.begin(kChunked);
    for (std::size_t at = 0; at < input.size();) {
      at += reader.next(std::string_view(input).substr(at)).used;
      ASSERT_FALSE(reader.bad_trailer());
    }
    EXPECT_TRUE(reader.over());
  }
}

TEST(Trailers, AreBoundedToTheByte) {
  constexpr std::size_t kMost = BodyReader::kMaxTrailers;
  const auto one = [](std::size_t size) { return "0\r\n" + std::string(size, 'a') + "\r\n\r\n"; };
  EXPECT_EQ(judge(one(kMost)), Progress::Done);
  EXPECT_EQ(judge(one(kMost + 1)), Progress::Bad);
  std::string many = "0\r\n";
  for (std::size_t i = 0; i < kMost / 6; ++i) {
    many += "A: b\r\n";
  }
  EXPECT_EQ(judge(many + "\r\n"), Progress::Done);
  EXPECT_EQ(judge(many + "A: b\r\nA: b\r\n\r\n"), Progress::Bad);
}

TEST(Body, ThatIsOverOrBadTakesNothingMore) {
  BodyReader reader;
  reader.begin(kChunked);
  EXPECT_EQ(reader.next("0\r\n\r\n0\r\n\r\n").used, 5U);
  EXPECT_TRUE(reader.over());
  EXPECT_EQ(reader.next("0\r\n\r\n").used, 0U);
  EXPECT_EQ(reader.sure_payload(), 0U);
  reader.begin(kChunked);
  EXPECT_TRUE(reader.next("x").bad);
  EXPECT_TRUE(reader.next("0\r\n\r\n").bad);
  EXPECT_FALSE(reader.over());
  EXPECT_FALSE(reader.close());
  EXPECT_EQ(reader.sure_payload(), 0U);
}

// Former bugs

TEST(Body, DoesNotChangeWhenNothingIsSkipped) {
  BodyReader reader;
  reader.begin(kChunked);
  reader.skip(0);
  EXPECT_EQ(reader.next("1\r\nx").payload, "x");
  reader.skip(0);
  reader.next("\r\n0\r\n\r\n");
  EXPECT_TRUE(reader.over());
  reader.skip(0);
  EXPECT_TRUE(reader.over());
}

}  // namespace
}  // namespace weir::test
