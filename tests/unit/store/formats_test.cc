// SPDX-License-Identifier: Apache-2.0
//
// The formats of the disk tier as bytes: what was put is taken, and nothing else is.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "proxy/store/crc32c.h"
#include "proxy/store/disk_index.h"
#include "proxy/store/extent.h"
#include "proxy/store/journal.h"
#include "proxy/store/record.h"
#include "proxy/store/segment.h"
#include "proxy/store/url_hash.h"

namespace weir::store {
namespace {

std::string some_bytes(std::size_t n) {
  std::string out;
  for (std::size_t i = 0; i < n; ++i) {
    out.push_back(static_cast<char>(i * 131 + (i >> 8)));
  }
  return out;
}

TEST(Crc32c, KnownSums) {
  const struct {
    std::string bytes;
    std::uint32_t sum;
  } rows[] = {
      {"", 0},
      {"123456789", 0xe3069283},
      // RFC 3720 B.4
      {std::string(32, '\0'), 0x8a9136aa},
      {std::string(32, '\xff'), 0x62a8ab43},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(crc32c(row.bytes), row.sum);
    EXPECT_EQ(crc32c_by_table(row.bytes), row.sum);
  }
}

TEST(Crc32c, BothWaysAgreeForEveryLengthAndCut) {
  const std::string bytes = some_bytes(20'000);
  for (const std::size_t n : {1U, 7U, 8U, 9U, 1023U, 3071U, 3072U, 3073U, 6144U, 20'000U}) {
    for (const std::size_t from : {0U, 1U, 5U}) {
      const auto part = std::string_view(bytes).substr(from, n);
      EXPECT_EQ(crc32c(part), crc32c_by_table(part)) << n;
      const auto middle = part.size() / 3;
      EXPECT_EQ(crc32c(part.substr(middle), crc32c(part.substr(0, middle))), crc32c(part)) << n;
    }
  }
}

TEST(UrlHash, IsSipHash) {
  // The first of the authors' vectors: key 00..0f, texts 00..n.
  const HashKey key{0x0706050403020100, 0x0f0e0d0c0b0a0908};
  EXPECT_EQ(keyed_hash(key, ""), 0x726fdb47dd0e0e31U);
  std::string text;
  for (char c = 0; c < 15; ++c) {
    text.push_back(c);
  }
  EXPECT_EQ(keyed_hash(key, text), 0xa129ca6149be45e5U);
  EXPECT_NE(keyed_hash(new_hash_key(), text), keyed_hash(new_hash_key(), text));
}

struct Sample {
  std::string url = "http://a.test/x?y";
  std::string vary = "accept-encoding";
  std::string variant = "gzip";
  std::string head_text = "HTTP/1.1 200 OK\r\n\r\n";
  std::string body = some_bytes(kExtentBlock + 10);

  RecordHead record() const {
    RecordHead out;
    out.url = url;
    out.vary = vary;
    out.variant = variant;
    out.head_text = head_text;
    out.freshness.lifetime = 77;
    out.segment = 3;
    out.offset = 4096;
    out.serial = 42;
    out.length = body.size() + 100;
    out.large = 9;
    Sums sums;
    sums.add(body);
    out.runs.push_back({0, body.size(), 0, sums.take()});
    out.runs.push_back({body.size() + 50, 50, kInLarge, {1234}});
    return out;
  }
  std::string bytes() const {
    RecordHead head = record();
    std::string out = put_record(head);
    out += body;
    out.resize(static_cast<std::size_t>(head.total));
    return out;
  }
};

TEST(Record, WhatWasPutIsTaken) {
  const Sample sample;
  const std::string bytes = sample.bytes();
  RecordHead out;
  const auto taken = take_record(bytes, out);
  ASSERT_EQ(taken.progress, http::Progress::Done);
  EXPECT_FALSE(out.erased);
  EXPECT_EQ(out.url, sample.url);
  EXPECT_EQ(out.vary, sample.vary);
  EXPECT_EQ(out.variant, sample.variant);
  EXPECT_EQ(out.head_text, sample.head_text);
  EXPECT_EQ(out.freshness.lifetime, 77U);
  EXPECT_EQ(out.segment, 3U);
  EXPECT_EQ(out.offset, 4096U);
  EXPECT_EQ(out.serial, 42U);
  EXPECT_EQ(out.large, 9U);
  EXPECT_EQ(out.total, bytes.size());
  ASSERT_EQ(out.runs.size(), 2U);
  EXPECT_EQ(bytes.substr(out.runs[0].at, out.runs[0].size), sample.body);
  EXPECT_EQ(out.runs[0].sums.size(), 2U);
  EXPECT_EQ(out.runs[1].at, kInLarge);
  EXPECT_EQ(out.runs[1].sums, std::vector<std::uint32_t>{1234});
  EXPECT_TRUE(bodies_whole(bytes, out));
}

TEST(Record, CutAnywhereItNeedsMore) {
  const std::string bytes = Sample().bytes();
  RecordHead out;
  ASSERT_EQ(take_record(bytes, out).progress, http::Progress::Done);
  const std::size_t head = out.head;
  for (std::size_t n = 0; n < head; ++n) {
    const auto taken = take_record(std::string_view(bytes).substr(0, n), out);
    EXPECT_EQ(taken.progress, http::Progress::NeedMore) << n;
    EXPECT_GT(taken.used, n);
    EXPECT_LE(taken.used, head);
  }
  EXPECT_EQ(take_record(bytes.substr(0, head), out).progress, http::Progress::Done);
  EXPECT_FALSE(bodies_whole(bytes.substr(0, head + 10), out));
}

TEST(Record, NoFlippedBitIsBelieved) {
  const std::string bytes = Sample().bytes();
  RecordHead out;
  take_record(bytes, out);
  const std::size_t head = out.head;
  const auto body_end = static_cast<std::size_t>(out.runs[0].at + out.runs[0].size);
  for (std::size_t bit = 0; bit < bytes.size() * 8; bit += bit < head * 8 ? 1 : 97) {
    std::string flipped = bytes;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
    const auto taken = take_record(flipped, out);
    if (bit < 64) {
      EXPECT_TRUE(out.erased);
    } else if (bit < head * 8) {
      EXPECT_NE(taken.progress, http::Progress::Done) << bit;
    } else if (bit < body_end * 8) {
      EXPECT_FALSE(bodies_whole(flipped, out)) << bit;
    }
  }
}

TEST(Record, MovedItIsBelievedThereOnly) {
  std::string bytes = Sample().bytes();
  RecordHead out;
  take_record(bytes, out);
  std::string head = bytes.substr(0, out.head);
  place_record(head, 12, 640);
  ASSERT_EQ(take_record(head, out).progress, http::Progress::Done);
  EXPECT_EQ(out.segment, 12U);
  EXPECT_EQ(out.offset, 640U);
  EXPECT_EQ(out.serial, 42U);
}

TEST(Journal, ARowIsTakenWholeOrNotAtAll) {
  const JournalRow row{RowKind::Put, 0x0123456789abcdef, 2, 3, 4, 5, 6, 7};
  std::string bytes;
  append_row(bytes, row);
  ASSERT_EQ(bytes.size(), kJournalRow);
  JournalRow out;
  ASSERT_TRUE(take_row(bytes, out));
  EXPECT_EQ(out, row);
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    std::string flipped = bytes;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_FALSE(take_row(flipped, out)) << bit;
  }
  EXPECT_FALSE(take_row(std::string(kJournalRow, '\0'), out));
}

TEST(Journal, AHeadSaysWhoseItIs) {
  const HashKey key{11, 22};
  const std::string bytes = put_journal_head(key);
  ASSERT_EQ(bytes.size(), kJournalHead);
  HashKey out;
  EXPECT_EQ(take_journal_head(bytes, out), JournalHead::Ours);
  EXPECT_EQ(out, key);
  for (std::size_t n = 0; n < bytes.size(); ++n) {
    EXPECT_EQ(take_journal_head(bytes.substr(0, n), out), JournalHead::Damaged);
    std::string flipped = bytes;
    flipped[n] = static_cast<char>(flipped[n] ^ 4);
    EXPECT_EQ(take_journal_head(flipped, out), JournalHead::Damaged);
  }
}

TEST(Segment, AHeadSaysWhoseItIs) {
  const std::string bytes = put_segment_head(5);
  ASSERT_EQ(bytes.size(), kSegmentHead);
  EXPECT_EQ(take_segment_head(bytes, 5), SegmentHead::Ours);
  EXPECT_EQ(take_segment_head(bytes, 6), SegmentHead::Damaged);
  EXPECT_EQ(take_segment_head("someone else's file, with text", 5), SegmentHead::Foreign);
  for (std::size_t n = 0; n < bytes.size(); ++n) {
    EXPECT_EQ(take_segment_head(bytes.substr(0, n), 5), SegmentHead::Damaged);
    std::string flipped = bytes;
    flipped[n] = static_cast<char>(flipped[n] ^ 4);
    EXPECT_NE(take_segment_head(flipped, 5), SegmentHead::Ours);
  }
}

// Against a list that is searched from end to end.
TEST(DiskIndex, AnswersLikeAPlainList) {
  DiskIndex index;
  std::vector<IndexRow> plain;
  std::uint64_t state = 7;
  const auto random = [&](std::uint64_t below) {
    state = state * 6364136223846793005U + 1442695040888963407U;
    return (state >> 33) % below;
  };
  const auto hash = [&] {
    // A few hashes of one table, side by side and across its end, so that chains meet.
    return (random(2) != 0 ? ~std::uint64_t{0} : std::uint64_t{63} << 58) - random(12);
  };
  for (std::uint32_t n = 1; n < 20'000; ++n) {
    const IndexRow row{hash(), static_cast<std::uint32_t>(random(3)), n, 0, 100, 0, 0};
    const auto same = [&](const IndexRow& each) {
      return each.hash == row.hash && each.variant == row.variant;
    };
    const auto found = std::ranges::find_if(plain, same);
    const bool known = found != plain.end();
    const bool put = random(3) != 0;
    const auto before = put ? index.put(row) : index.take(row.hash, row.variant);
    ASSERT_EQ(before.has_value(), known);
    ASSERT_TRUE(!known || before->same_place(*found));
    std::erase_if(plain, same);
    if (put) {
      plain.push_back(row);
    }
    ASSERT_EQ(index.size(), plain.size());
    for (const IndexRow& each : plain) {
      std::vector<IndexRow> rows;
      index.find(each.hash, rows);
      ASSERT_TRUE(std::ranges::any_of(rows, [&](const IndexRow& row_of) {
        return row_of.variant == each.variant && row_of.same_place(each);
      })) << n;
    }
  }
}

TEST(DiskIndex, NeedsFewBytesForEachRow) {
  DiskIndex index;
  double worst = 0;
  for (std::uint32_t n = 1; n <= 300'000; ++n) {
    index.put({n * 0x9e3779b97f4a7c15U, 0, n, 0, 100, 0, 0});
    if (n % 1000 == 0 && n >= 50'000) {
      worst = std::max(worst, static_cast<double>(index.bytes()) / n);
    }
  }
  EXPECT_LE(worst, 60);
}

}  // namespace
}  // namespace weir::store
