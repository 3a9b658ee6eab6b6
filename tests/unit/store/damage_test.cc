// SPDX-License-Identifier: Apache-2.0
//
// Files that are cut short, altered, lost or not ours: what is found is what was stored, or
// nothing, and the operator is told.
#include <cstring>
#include <map>

#include "proxy/store/crc32c.h"
#include "proxy/store/journal.h"
#include "proxy/store/segment.h"
#include "tests/unit/store/disk_stage.h"

namespace weir::store {
namespace {

using namespace test;

constexpr int kKept = 6;

Wanted kept(int n) {
  return {"http://a.test/" + std::to_string(n), "", "1", static_cast<std::size_t>(n) * 15};
}
const Wanted kReplaced{"http://a.test/replaced", "gzip", "2", 30};
const Wanted kErased{"http://a.test/erased", "", "1", 50};

// A directory with entries that stay, one that was replaced and one that was erased.
class Damage : public testing::Test {
 protected:
  void SetUp() override {
    {
      const auto tier = open_tier(limits_in(folder_));
      Wanted first = kReplaced;
      first.version = "1";
      tier->add(first.entry());
      tier->add(kErased.entry());
      for (int n = 0; n < kKept; ++n) {
        tier->add(kept(n).entry());
      }
      flush(*tier);
      tier->erase(kErased.url);
      tier->add(kReplaced.entry());
    }
    for (const auto& path : folder_.files("")) {
      files_[path] = read_file(path);
    }
    journal_ = folder_ / "weir-cache.journal";
    segment_ = folder_.files("segment-").at(0);
  }

  void restore() const {
    for (const auto& path : folder_.files("")) {
      std::filesystem::remove(path);
    }
    for (const auto& [path, bytes] : files_) {
      write_file(path, bytes);
    }
  }

  static std::vector<Wanted> all() {
    std::vector<Wanted> out = {kReplaced, kErased};
    for (int n = 0; n < kKept; ++n) {
      out.push_back(kept(n));
    }
    return out;
  }

  // How many are there; each is what it should be, or found to be unreadable and then erased.
  static int count_right(DiskTier& tier, const std::string& where) {
    std::vector<std::string> urls;
    for (const Wanted& wanted : all()) {
      urls.push_back(wanted.url);
    }
    const auto found = load_all(tier, urls);
    int right = 0;
    for (const Found& each : found) {
      EXPECT_NE(each.entry->url, kErased.url) << where;
      for (const Wanted& wanted : all()) {
        if (wanted.url == each.entry->url) {
          EXPECT_EQ(each.entry->variant, wanted.variant) << where;
          EXPECT_EQ(each.entry->head_text, wanted.head()) << where;
          EXPECT_TRUE(each.text == wanted.bytes() || each.text == "unreadable") << where;
          EXPECT_EQ(tier.may_have(wanted.url), each.text != "unreadable") << where;
          right += each.text == wanted.bytes() ? 1 : 0;
        }
      }
    }
    return right;
  }

  // Everything that stays is there, to the byte.
  void expect_all(const std::string& where) const {
    const auto tier = open_tier(limits_in(folder_));
    EXPECT_EQ(count_right(*tier, where), kKept + 1) << where;
  }

  // What is there is right; how much of it. Now and then twice, because the first start may write
  // things down.
  int expect_nothing_wrong(const std::string& where, bool twice) const {
    int found = 0;
    for (int start = 0; start < (twice ? 2 : 1); ++start) {
      const auto tier = open_tier(limits_in(folder_));
      found = count_right(*tier, where);
    }
    return found;
  }

  Folder folder_;
  std::map<std::filesystem::path, std::string> files_;
  std::filesystem::path journal_;
  std::filesystem::path segment_;
};

TEST_F(Damage, AJournalCutAnywhereLosesNothing) {
  const std::string bytes = files_[journal_];
  for (std::size_t n = 0; n < bytes.size(); ++n) {
    restore();
    write_file(journal_, bytes.substr(0, n));
    expect_all("cut at " + std::to_string(n));
  }
}

TEST_F(Damage, AJournalAlteredAnywhereLosesNothing) {
  const std::string bytes = files_[journal_];
  for (std::size_t n = 0; n < bytes.size(); ++n) {
    restore();
    std::string altered = bytes;
    altered[n] = static_cast<char>(altered[n] ^ (1 << (n % 8)));
    write_file(journal_, altered);
    expect_all("altered at " + std::to_string(n));
  }
}

TEST_F(Damage, AJournalThatIsLostIsMadeAnew) {
  std::filesystem::remove(journal_);
  const Folder elsewhere;
  const Log log(elsewhere / "log");
  expect_all("without a journal");
  EXPECT_NE(log.text().find("is missing: reading 1 segment"), std::string::npos) << log.text();
  expect_all("with its journal");
}

TEST_F(Damage, AJournalWithZerosAtItsEndLosesNothing) {
  write_file(journal_, files_[journal_] + std::string(4096, '\0'));
  const Folder elsewhere;
  const Log log(elsewhere / "log");
  expect_all("zeros");
  EXPECT_NE(log.text().find("the journal in"), std::string::npos) << log.text();
}

TEST_F(Damage, ASegmentCutAnywhereLosesWhatLayBehind) {
  const std::string bytes = files_[segment_];
  int before = 0;
  for (std::size_t n = 0; n <= bytes.size(); ++n) {
    restore();
    write_file(segment_, bytes.substr(0, n));
    const int found = expect_nothing_wrong("cut at " + std::to_string(n), n % 16 == 0);
    EXPECT_GE(found, before);
    before = found;
  }
  EXPECT_EQ(before, kKept + 1);
}

TEST_F(Damage, ASegmentAlteredAnywhereNeverYieldsAWrongBody) {
  const std::string bytes = files_[segment_];
  for (std::size_t n = 0; n < bytes.size(); ++n) {
    restore();
    std::string altered = bytes;
    altered[n] = static_cast<char>(altered[n] ^ (1 << (n % 8)));
    write_file(segment_, altered);
    const int found = expect_nothing_wrong("altered at " + std::to_string(n), n % 16 == 0);
    EXPECT_GE(found, n < kSegmentHead ? 0 : kKept) << "one entry may suffer";
  }
}

TEST_F(Damage, ASegmentAlteredAnywhereIsWalkedUpToThere) {
  const std::string bytes = files_[segment_];
  for (std::size_t n = kSegmentHead; n < bytes.size(); ++n) {
    restore();
    std::filesystem::remove(journal_);
    std::string altered = bytes;
    altered[n] = static_cast<char>(altered[n] ^ (1 << (n % 8)));
    write_file(segment_, altered);
    expect_nothing_wrong("altered at " + std::to_string(n), false);
  }
}

TEST_F(Damage, WhatAnotherVersionStoredIsRemovedAndNothingElse) {
  std::string head = put_journal_head({1, 2});
  HashKey key;
  // Version 2, with the sum that it would have.
  head[8] = 2;
  const std::uint32_t sum = crc32c(std::string_view(head).substr(0, kJournalHead - 4));
  std::memcpy(head.data() + kJournalHead - 4, &sum, sizeof sum);
  ASSERT_EQ(take_journal_head(head, key), JournalHead::OtherVersion);
  write_file(journal_, head + "whatever");
  write_file(folder_ / "large-00000007", "a body");
  write_file(folder_ / "notes.txt", "the operator's");
  write_file(folder_ / "segment-0000000g", "not a name of ours");
  write_file(folder_ / "segment-00000099", "a name of ours on somebody else's file");
  const Folder elsewhere;
  const Log log(elsewhere / "log");
  const auto tier = open_tier(limits_in(folder_));
  EXPECT_EQ(tier->stats().entries, 0U);
  EXPECT_NE(log.text().find("another version: starting empty"), std::string::npos) << log.text();
  EXPECT_FALSE(std::filesystem::exists(segment_));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "large-00000007"));
  EXPECT_TRUE(std::filesystem::exists(folder_ / "notes.txt"));
  EXPECT_TRUE(std::filesystem::exists(folder_ / "segment-0000000g"));
  EXPECT_TRUE(std::filesystem::exists(folder_ / "segment-00000099"));
  tier->add(kept(1).entry());
  EXPECT_TRUE(holds(*tier, kept(1)));
}

TEST_F(Damage, WhatIsTornAtTheEndOfASegmentIsCutOffOnce) {
  write_file(segment_, files_[segment_] + std::string(100, 'x'));
  const Folder elsewhere;
  const Log log(elsewhere / "log");
  expect_all("torn");
  EXPECT_NE(log.text().find("holds no whole entry in its last 100 bytes: cut off"),
            std::string::npos)
      << log.text();
  EXPECT_EQ(read_file(segment_), files_[segment_]);
}

TEST_F(Damage, ASegmentThatVanishesTakesItsEntriesWithIt) {
  const auto tier = open_tier(limits_in(folder_));
  std::filesystem::remove(segment_);
  for (int n = 0; n < kKept; ++n) {
    EXPECT_TRUE(load(*tier, kept(n).url).empty());
    EXPECT_FALSE(tier->may_have(kept(n).url));
  }
  tier->add(kept(1).entry());
  EXPECT_TRUE(holds(*tier, kept(1)));
}

TEST_F(Damage, ABodyThatIsSpoiltAfterItWasLoadedIsNotSent) {
  const auto tier = open_tier(limits_in(folder_));
  const auto entry = load(*tier, kept(5).url).at(0);
  std::string bytes = files_[segment_];
  bytes[bytes.find(kept(5).bytes()) + 3] ^= 1;
  write_file(segment_, bytes);
  EXPECT_EQ(text_of(*tier, entry), "unreadable");
  EXPECT_FALSE(entry->runs[0].body->extent()->ready(0, 1));
  EXPECT_FALSE(tier->may_have(kept(5).url));
  EXPECT_EQ(tier->stats().corrupt, 1U);
}

// A device that cannot be read is played by a file that shrinks under the reader.
TEST_F(Damage, ABodyThatCannotBeReadIsNotSent) {
  const auto tier = open_tier(limits_in(folder_));
  const auto entry = load(*tier, kept(5).url).at(0);
  std::filesystem::resize_file(segment_, 100);
  EXPECT_EQ(text_of(*tier, entry), "unreadable");
  EXPECT_FALSE(tier->may_have(kept(5).url));
}

}  // namespace
}  // namespace weir::store
