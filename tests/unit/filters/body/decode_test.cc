// SPDX-License-Identifier: Apache-2.0
//
// Content codings: round trips under every cut, several members, two codings, early ends, damage,
// and the caps. Encoded with the libraries' own encoders.
#include "filters/body/decode.h"

#include <brotli/encode.h>
#include <gtest/gtest.h>
#include <zlib.h>
#include <zstd.h>

#include <map>
#include <random>
#include <string>
#include <vector>

#include "tests/unit/filters/body/naive_rewrite.h"

namespace weir::filters {
namespace {

using test::run_stage;

std::string zlib_coded(const std::string& text, int window_bits) {
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, 9, Z_DEFLATED, window_bits, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string out(deflateBound(&stream, text.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

std::string brotli_coded(const std::string& text) {
  std::size_t size = BrotliEncoderMaxCompressedSize(text.size());
  std::string out(size, '\0');
  EXPECT_TRUE(BrotliEncoderCompress(5, 22, BROTLI_MODE_TEXT, text.size(),
                                    reinterpret_cast<const std::uint8_t*>(text.data()), &size,
                                    reinterpret_cast<std::uint8_t*>(out.data())));
  out.resize(size);
  return out;
}

std::string zstd_coded(const std::string& text) {
  std::string out(ZSTD_compressBound(text.size()), '\0');
  out.resize(ZSTD_compress(out.data(), out.size(), text.data(), text.size(), 3));
  return out;
}

std::string coded(ContentCoding coding, const std::string& text) {
  switch (coding) {
    case ContentCoding::Gzip:
      return zlib_coded(text, 15 + 16);
    case ContentCoding::Deflate:
      return zlib_coded(text, 15);
    case ContentCoding::Brotli:
      return brotli_coded(text);
    case ContentCoding::Zstd:
      return zstd_coded(text);
  }
  return {};
}

struct Outcome {
  std::string text;
  BodyTrouble trouble = BodyTrouble::None;
  bool over = false;
};

Outcome decoded(const CodingList& list, std::string_view body, std::size_t piece = SIZE_MAX,
                std::size_t room = 4096, const DecodeLimits& limits = {}) {
  const auto decoder = make_decoder(list, limits);
  Outcome out;
  out.text = run_stage(*decoder, body, piece, room);
  out.trouble = decoder->trouble();
  out.over = decoder->over();
  return out;
}

CodingList only(ContentCoding coding) {
  return {{coding}, 1};
}

constexpr ContentCoding kAll[] = {ContentCoding::Gzip, ContentCoding::Deflate,
                                  ContentCoding::Brotli, ContentCoding::Zstd};

std::string some_text(std::size_t size) {
  std::mt19937 random(3);
  std::string out(size, ' ');
  for (char& c : out) {
    c = "etaoin shrdlu\n"[random() % 14];
  }
  return out;
}

void expect_text(const Outcome& got, const std::string& want) {
  EXPECT_EQ(got.trouble, BodyTrouble::None);
  EXPECT_TRUE(got.over);
  EXPECT_EQ(got.text, want);
}

TEST(Decode, GivesBackWhatWasEncodedHoweverItIsCut) {
  for (const auto coding : kAll) {
    SCOPED_TRACE(static_cast<int>(coding));
    for (const std::size_t size : {0U, 1U, 100U, 5000U}) {
      const std::string text = some_text(size);
      const std::string body = coded(coding, text);
      for (const std::size_t piece : {1U, 2U, 3U, 10U, 11U, 1000U, 100'000U}) {
        expect_text(decoded(only(coding), body, piece, 4096), text);
        expect_text(decoded(only(coding), body, piece, 1), text);
      }
    }
    const std::string large = some_text(1 << 20);
    expect_text(decoded(only(coding), coded(coding, large), 1460, 128 << 10), large);
  }
}

TEST(Decode, UndoesTwoCodingsInTheRightOrder) {
  const std::string text = some_text(30'000);
  for (const auto first : kAll) {
    for (const auto second : kAll) {
      const std::string body = coded(second, coded(first, text));
      for (const std::size_t piece : {1U, 700U}) {
        expect_text(decoded({{first, second}, 2}, body, piece, 999), text);
      }
    }
  }
}

TEST(Decode, CopiesABodyWithoutACoding) {
  expect_text(decoded({}, "plain", 2, 1), "plain");
  expect_text(decoded({}, ""), "");
}

TEST(Decode, TakesDeflateWithAndWithoutItsHead) {
  for (const auto* text : {"", "a", "hello hello hello"}) {
    const std::string bare = zlib_coded(text, -15);
    for (const std::size_t piece : {1U, 100U}) {
      expect_text(decoded(only(ContentCoding::Deflate), bare, piece, 1), text);
    }
  }
}

TEST(Decode, TakesSeveralMembersAndFramesInARow) {
  for (const auto coding : {ContentCoding::Gzip, ContentCoding::Zstd}) {
    const std::string body = coded(coding, "one ") + coded(coding, "") + coded(coding, "two");
    for (std::size_t piece = 1; piece <= body.size(); ++piece) {
      expect_text(decoded(only(coding), body, piece, 3), "one two");
    }
  }
}

TEST(Decode, DropsWhatFollowsTheEnd) {
  for (const auto coding : {ContentCoding::Gzip, ContentCoding::Deflate, ContentCoding::Brotli}) {
    for (const auto* junk : {"junk", "\x1fjunk"}) {
      const std::string body = coded(coding, "text") + junk;
      for (const std::size_t piece : {1U, 100U}) {
        expect_text(decoded(only(coding), body, piece), "text");
      }
    }
  }
}

TEST(Decode, NoticesABodyThatEndsTooEarly) {
  const std::string text = some_text(2000);
  for (const auto coding : kAll) {
    SCOPED_TRACE(static_cast<int>(coding));
    const std::string body = coded(coding, text);
    expect_text(decoded(only(coding), ""), "");  // no body at all is whole
    for (std::size_t cut = 1; cut < body.size(); ++cut) {
      const Outcome out = decoded(only(coding), body.substr(0, cut), 1000);
      EXPECT_EQ(out.trouble, BodyTrouble::Truncated) << cut;
      EXPECT_FALSE(out.over);
      EXPECT_TRUE(text.starts_with(out.text));
    }
  }
}

TEST(Decode, NeverTakesDamageForAWholeBodyOfTheSameText) {
  const std::string text = some_text(300);
  for (const auto coding : {ContentCoding::Gzip, ContentCoding::Deflate}) {  // have check sums
    const std::string body = coded(coding, text);
    for (std::size_t at = coding == ContentCoding::Gzip ? 10 : 2; at < body.size(); ++at) {
      std::string damaged = body;
      damaged[at] = static_cast<char>(damaged[at] ^ 0x10);
      const Outcome out = decoded(only(coding), damaged);
      EXPECT_TRUE(!out.over || out.text == text) << at;
    }
  }
  for (const auto coding : kAll) {
    EXPECT_NE(decoded(only(coding), "\xff\xff<html>not coded at all").trouble, BodyTrouble::None);
  }
}

TEST(Decode, StopsABodyThatIsTooDense) {
  const std::string zeros(4 << 20, '\0');
  for (const auto coding : kAll) {
    const std::string body = coded(coding, zeros);
    ASSERT_LT(body.size() * 200, zeros.size());
    const Outcome out = decoded(only(coding), body, 1460, 4096);
    EXPECT_EQ(out.trouble, BodyTrouble::TooDense);
    EXPECT_LE(out.text.size(), (64U << 10) + 4096 + 100 * body.size());
    expect_text(decoded(only(coding), body, 1460, 4096, {.ratio = 0}), zeros);
    // The first 64 KiB may be as dense as they like.
    const std::string few(64 << 10, '\0');
    expect_text(decoded(only(coding), coded(coding, few)), few);
  }
  const CodingList two{{ContentCoding::Brotli, ContentCoding::Gzip}, 2};
  const std::string body = coded(ContentCoding::Gzip, coded(ContentCoding::Brotli, zeros));
  EXPECT_EQ(decoded(two, body).trouble, BodyTrouble::TooDense);
}

TEST(Decode, StopsABodyThatIsTooLarge) {
  const std::string text = some_text(10'000);
  for (const auto coding : kAll) {
    const std::string body = coded(coding, text);
    const Outcome out = decoded(only(coding), body, 100, 64, {.output = 9999});
    EXPECT_EQ(out.trouble, BodyTrouble::TooLarge);
    EXPECT_EQ(out.text, text.substr(0, 9999));
    EXPECT_FALSE(out.over);
    expect_text(decoded(only(coding), body, 100, 64, {.output = 10'000}), text);
  }
}

TEST(Decode, KeepsLittleMemoryForAWindowThatAFrameClaims) {
  // A zstd frame head that asks for a window of 2 GiB.
  const std::string frame("\x28\xb5\x2f\xfd\x00\xa8\x01\x00\x00", 9);
  EXPECT_EQ(decoded(only(ContentCoding::Zstd), frame).trouble, BodyTrouble::Malformed);
}

TEST(Decode, SkipsFramesThatHoldNothingToShow) {
  const std::string skipped("\x5a\x2a\x4d\x18\x03\x00\x00\x00xyz", 11);
  const std::string body = skipped + coded(ContentCoding::Zstd, "text") + skipped;
  for (std::size_t piece = 1; piece <= body.size(); ++piece) {
    expect_text(decoded(only(ContentCoding::Zstd), body, piece, 3), "text");
  }
}

TEST(Decode, TakesNoPartOfAFramesHeadForAFrame) {
  // Four bytes in, the head reads like a frame of no bytes that is to be skipped.
  const std::string frame("\x28\xb5\x2f\xfd\x57\x2a\x4d\x18\x00\x00\x00\x00", 12);
  for (std::size_t cut = 1; cut < frame.size(); ++cut) {
    const auto decoder = make_decoder(only(ContentCoding::Zstd), {});
    std::vector<char> to(100'000);
    EXPECT_EQ(decoder->step(frame.substr(0, cut), false, to).used, cut);
    const BodyFlow flow = decoder->step(frame.substr(cut), true, to);
    decoder->step(frame.substr(cut + flow.used), true, to);
    EXPECT_EQ(decoder->trouble(), BodyTrouble::Malformed) << cut;
  }
}

TEST(Decode, RefusesFramesFromBeforeTheStandard) {
  // "hello" as zstd 0.7 wrote it, which the library may know, and know no limit on its window.
  const std::string frame("\x27\xb5\x2f\xfd\x20\x05\x40\x00\x05hello\xc0\x00\x00", 17);
  for (std::size_t piece = 1; piece <= frame.size(); ++piece) {
    const Outcome out = decoded(only(ContentCoding::Zstd), frame, piece);
    EXPECT_EQ(out.trouble, BodyTrouble::Malformed);
    EXPECT_EQ(out.text, "");
  }
  const Outcome second =
      decoded(only(ContentCoding::Zstd), coded(ContentCoding::Zstd, "text") + frame);
  EXPECT_EQ(second.trouble, BodyTrouble::Malformed);
  EXPECT_EQ(second.text, "text");
}

TEST(Decode, ShowsTheBeginningForSniffing) {
  std::vector<char> to(10);
  const std::string body = coded(ContentCoding::Gzip, some_text(5000));
  EXPECT_EQ(decode_start(only(ContentCoding::Gzip), body.substr(0, body.size() / 2), to).text,
            some_text(5000).substr(0, 10));
  EXPECT_EQ(decode_start({}, "plain", to).text, "plain");
  EXPECT_EQ(decode_start(only(ContentCoding::Gzip), "", to).text, "");
  EXPECT_EQ(decode_start(only(ContentCoding::Gzip), "not gzip", to).text, "");
}

TEST(Decode, TellsWhetherTheBeginningIsAllOrBroken) {
  std::vector<char> to(10);
  const auto start = [&to](ContentCoding coding, std::string_view body) {
    return decode_start(only(coding), body, to);
  };
  EXPECT_TRUE(start(ContentCoding::Gzip, "not gzip").broken);
  EXPECT_TRUE(start(ContentCoding::Brotli, coded(ContentCoding::Brotli, "all")).over);
  const DecodedStart part =
      start(ContentCoding::Gzip, coded(ContentCoding::Gzip, "some").substr(0, 8));
  EXPECT_FALSE(part.over || part.broken);
}

FieldLookup encoded(const std::vector<std::string>& lines) {
  const auto get = [](const void* from, std::string_view name, std::size_t nth) {
    const auto& all = *static_cast<const std::vector<std::string>*>(from);
    return name == "Content-Encoding" && nth < all.size() ? std::string_view(all[nth])
                                                          : std::string_view();
  };
  return {&lines, get};
}

std::optional<CodingList> codings_of(const std::vector<std::string>& lines) {
  return content_codings(encoded(lines));
}

TEST(Decode, ReadsContentEncoding) {
  EXPECT_EQ(codings_of({})->count, 0U);
  EXPECT_EQ(codings_of({"identity"})->count, 0U);
  EXPECT_EQ(codings_of({"", " , "})->count, 0U);
  EXPECT_EQ(codings_of({"X-GZip"})->codings[0], ContentCoding::Gzip);
  const auto two = codings_of({"deflate, identity", "BR"});
  ASSERT_EQ(two->count, 2U);
  EXPECT_EQ(two->codings[0], ContentCoding::Deflate);
  EXPECT_EQ(two->codings[1], ContentCoding::Brotli);
  EXPECT_EQ(codings_of({"zstd"})->codings[0], ContentCoding::Zstd);
  EXPECT_FALSE(codings_of({"compress"}));
  EXPECT_FALSE(codings_of({"gzip, gzip, gzip"}));
  EXPECT_FALSE(codings_of({"gzip;q=1"}));
}

TEST(Decode, KnowsWhichCodingsClientsReadDifferently) {
  const auto seen = [](const std::vector<std::string>& lines) {
    return codings_as_seen(encoded(lines));
  };
  for (const auto* plain : {"", "identity", "utf-8", "none", "x-own, other", "gzip;q=1"}) {
    EXPECT_EQ(seen({plain}).as, CodedAs::Plain) << plain;
    EXPECT_EQ(seen({plain}).list.count, 0U);
  }
  EXPECT_EQ(seen({"GZIP", ", br,"}).as, CodedAs::Coded);
  EXPECT_EQ(seen({"GZIP", ", br,"}).list.count, 2U);
  for (const auto* disputed : {"gzip, x-own", "x-own, gzip", "x-own gzip", "identity, gzip",
                               "gzip,identity", "gzip, gzip, gzip", "gzip\tbr"}) {
    EXPECT_EQ(seen({disputed}).as, CodedAs::Disputed) << disputed;
    EXPECT_EQ(seen({disputed}).list.count, 0U);
  }
}

}  // namespace
}  // namespace weir::filters
