// SPDX-License-Identifier: Apache-2.0
//
// A disk tier that fills up: the oldest goes, what is being read stays, and a disk that refuses
// costs entries and nothing else.
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <csignal>

#include "tests/unit/store/disk_stage.h"

namespace weir::store {
namespace {

using namespace test;

constexpr std::uint64_t kSmall = 1024 * 1024;

Wanted numbered(int n, std::size_t size = 5000) {
  return {"http://a.test/" + std::to_string(n), "", "1", size};
}

std::uint64_t bytes_in(const Folder& folder) {
  std::uint64_t out = 0;
  for (const auto& path : folder.files("")) {
    std::error_code gone;  // old files are removed meanwhile
    const std::uintmax_t size = std::filesystem::file_size(path, gone);
    out += gone ? 0 : size;
  }
  return out;
}

TEST(DiskRoom, TheOldestGoesAndTheBoundHolds) {
  const Folder folder;
  const auto tier = open_tier(limits_in(folder, kSmall));
  for (int n = 0; n < 1000; ++n) {
    tier->add(numbered(n).entry());
    if (n % 50 == 0) {
      flush(*tier);
      EXPECT_LE(bytes_in(folder), kSmall);
    }
  }
  flush(*tier);
  EXPECT_LE(bytes_in(folder), kSmall);
  const DiskStats stats = tier->stats();
  EXPECT_EQ(stats.written, 1000U);
  EXPECT_EQ(stats.entries + stats.evicted, 1000U);
  EXPECT_GT(stats.entries, 120U) << "far less than what has room";
  EXPECT_TRUE(load(*tier, numbered(0).url).empty());
  for (int n = 1000 - 100; n < 1000; ++n) {
    EXPECT_TRUE(holds(*tier, numbered(n))) << n;
  }
}

TEST(DiskRoom, ALowerBoundIsReachedInTheBackground) {
  const Folder folder;
  {
    const auto tier = open_tier(limits_in(folder, 16 * kSmall));
    for (int n = 0; n < 1000; ++n) {
      tier->add(numbered(n).entry());
    }
  }
  const auto tier = open_tier(limits_in(folder, kSmall));
  while (tier->stats().bytes > kSmall) {
    flush(*tier);
  }
  EXPECT_TRUE(holds(*tier, numbered(999)));
}

TEST(DiskRoom, WhatIsBeingReadStays) {
  const Folder folder;
  {
    const auto tier = open_tier(limits_in(folder, kSmall));
    for (int n = 0; n < 2000; ++n) {
      tier->add(numbered(n).entry());
      if (n >= 5) {
        EXPECT_TRUE(holds(*tier, numbered(n % 5))) << n;
      }
    }
    EXPECT_GT(tier->stats().evicted, 1500U);
  }
  const auto tier = open_tier(limits_in(folder, kSmall));
  for (int n = 0; n < 5; ++n) {
    EXPECT_TRUE(holds(*tier, numbered(n))) << n;
    EXPECT_EQ(load(*tier, numbered(n).url).size(), 1U);
  }
}

TEST(DiskRoom, WhatWasReadOnceGoesInTheEnd) {
  const Folder folder;
  const auto tier = open_tier(limits_in(folder, kSmall));
  tier->add(numbered(0).entry());
  EXPECT_TRUE(holds(*tier, numbered(0)));
  for (int n = 1; n < 1000; ++n) {
    tier->add(numbered(n).entry());
  }
  EXPECT_TRUE(load(*tier, numbered(0).url).empty());
}

TEST(DiskRoom, WhatWasErasedOnItsWayStaysErased) {
  const Folder folder;
  {
    const auto tier = open_tier(limits_in(folder, kSmall));
    for (int n = 0; n < 1500; ++n) {
      tier->add(numbered(n).entry());
      EXPECT_TRUE(n % 3 != 0 || n < 20 || holds(*tier, numbered(n - 10)));
      if (n >= 200) {
        tier->erase(numbered(n - 90).url);
      }
    }
  }
  std::filesystem::remove(folder / "weir-cache.journal");
  const auto tier = open_tier(limits_in(folder, kSmall));
  for (int n = 110; n < 1410; ++n) {
    EXPECT_TRUE(load(*tier, numbered(n).url).empty()) << n;
  }
}

TEST(DiskRoom, AnEntryThatCanNeverFitIsDropped) {
  const Folder folder;
  DiskLimits limits = limits_in(folder, kSmall);
  limits.largest = 10 * kSmall;
  const auto tier = open_tier(limits);
  tier->add(numbered(1).entry());
  tier->add(numbered(2, 3 * kSmall).entry());
  EXPECT_TRUE(load(*tier, numbered(2).url).empty());
  EXPECT_TRUE(holds(*tier, numbered(1))) << "nothing else went for its sake";
  EXPECT_EQ(tier->begin_large(3 * kSmall), nullptr);
}

TEST(DiskRoom, TheJournalStaysShort) {
  const Folder folder;
  {
    const auto tier = open_tier(limits_in(folder, 16 * kSmall));
    for (int n = 0; n < 20'000; ++n) {
      tier->add(numbered(n % 50, 10).entry());
    }
    flush(*tier);
    EXPECT_LT(std::filesystem::file_size(folder / "weir-cache.journal"), 100'000U);
  }
  const auto tier = open_tier(limits_in(folder, 16 * kSmall));
  EXPECT_EQ(tier->stats().entries, 50U);
  for (int n = 0; n < 50; ++n) {
    EXPECT_TRUE(holds(*tier, numbered(n, 10))) << n;
  }
}

// Runs `scene` in a process of its own, which may limit itself.
void alone(const std::function<void()>& scene) {
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    scene();
    ::_exit(testing::Test::HasFailure() ? 1 : 0);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
}

TEST(DiskRoom, AFileThatMayNotGrowCostsEntriesOnly) {
  const Folder folder;
  const Folder elsewhere;
  alone([&] {
    const Log log(elsewhere / "log");
    const auto tier = open_tier(limits_in(folder));
    const rlimit limit{100'000, 100'000};
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &limit), 0);
    for (int n = 0; n < 100; ++n) {
      tier->add(numbered(n).entry());
    }
    const auto large = tier->begin_large(0);
    for (int n = 0; large && n < 30; ++n) {
      large->append(block_of(bytes_of("large", 5000)));
    }
    flush(*tier);
    EXPECT_GT(tier->stats().dropped, 0U);
    int found = 0;
    for (int n = 0; n < 100; ++n) {
      found += holds(*tier, numbered(n)) ? 1 : 0;
    }
    EXPECT_GT(found, 60);
    EXPECT_TRUE(large == nullptr || large->failed());
    EXPECT_NE(log.text().find("File too large; storing nothing on disk for a while"),
              std::string::npos)
        << log.text();
  });
  const auto tier = open_tier(limits_in(folder));
  int found = 0;
  for (int n = 0; n < 100; ++n) {
    found += holds(*tier, numbered(n)) ? 1 : 0;
  }
  EXPECT_GT(found, 60);
}

// A disk of 2 MiB in that folder.
class SmallDisk {
 public:
  explicit SmallDisk(const Folder& folder) : path_(folder.path().string()) {
    there_ = ::mount("none", path_.c_str(), "tmpfs", 0, "size=2m") == 0;
  }
  ~SmallDisk() {
    if (there_) {
      EXPECT_EQ(::umount2(path_.c_str(), MNT_DETACH), 0);
    }
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;
  bool there() const { return there_; }

 private:
  std::string path_;
  bool there_ = false;
};

TEST(DiskRoom, AFullDiskCostsEntriesOnly) {
  const Folder folder;
  const SmallDisk disk(folder);
  if (!disk.there()) {
    GTEST_SKIP() << "needs the right to mount";
  }
  {
    const auto tier = open_tier(limits_in(folder, 64 * kSmall));
    for (int n = 0; n < 2000; ++n) {
      tier->add(numbered(n).entry());
      if (n % 100 == 99) {
        tier->erase(numbered(n).url);
      }
    }
    flush(*tier);
    const DiskStats stats = tier->stats();
    EXPECT_GT(stats.dropped, 0U);
    EXPECT_GT(stats.evicted, 0U) << "eviction makes room again";
    EXPECT_GT(stats.written, 1000U) << "and storing goes on";
  }
  const auto tier = open_tier(limits_in(folder, 64 * kSmall));
  unsigned found = 0;
  for (int n = 0; n < 2000; ++n) {
    const auto entries = load(*tier, numbered(n).url);
    EXPECT_TRUE(entries.empty() || n % 100 != 99) << n;
    EXPECT_TRUE(entries.empty() || holds(*tier, numbered(n))) << n;
    found += entries.empty() ? 0U : 1U;
  }
  EXPECT_GT(found, 100U);
}

TEST(DiskRoom, AfterARefusalNothingIsStoredForAWhile) {
  const Folder folder;
  alone([&] {
    DiskLimits limits = limits_in(folder);
    limits.pause = 3600 * kSecond;
    const auto tier = open_tier(limits);
    tier->add(numbered(1).entry());
    flush(*tier);
    const rlimit limit{6'000, RLIM_INFINITY};
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &limit), 0);
    tier->add(numbered(2).entry());
    flush(*tier);
    const rlimit none{RLIM_INFINITY, RLIM_INFINITY};
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &none), 0);
    tier->add(numbered(3).entry());
    EXPECT_FALSE(tier->may_have(numbered(3).url));
    EXPECT_EQ(tier->begin_large(0), nullptr);
    EXPECT_TRUE(holds(*tier, numbered(1))) << "reading goes on";
    EXPECT_EQ(tier->stats().dropped, 3U);
  });
}

}  // namespace
}  // namespace weir::store
