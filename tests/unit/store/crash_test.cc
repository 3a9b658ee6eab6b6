// SPDX-License-Identifier: Apache-2.0
//
// kill -9 at any moment. A child stores and erases at full speed and says through a pipe what is
// certain; it is killed after some of that, in the middle of whatever it is doing. What is found
// afterwards is whole, and not older than what was certain.
#include <signal.h>
#include <sys/wait.h>

#include <array>
#include <random>

#include "tests/unit/store/disk_stage.h"

namespace weir::store {
namespace {

using namespace test;

constexpr unsigned kUrls = 200;
constexpr unsigned kLargeUrls = 10;  // the first of them
constexpr int kRounds = 20;

// A version of that URL has been stored, or all up to it erased.
struct Mark {
  unsigned url = 0;
  unsigned version = 0;
  bool erased = false;
};

std::string url_of(unsigned n) {
  return "http://a.test/" + std::to_string(n);
}

Wanted wanted_of(unsigned url, unsigned version) {
  const std::size_t size = url < kLargeUrls ? 200'000 : version % 7 * 3000 + version % 3;
  return {url_of(url), "", std::to_string(version), size};
}

void store_large(DiskTier& tier, const Wanted& wanted) {
  const auto large = tier.begin_large(wanted.size);
  const std::string bytes = wanted.bytes();
  for (std::size_t at = 0; at < bytes.size(); at += 50'000) {
    large->append(block_of(bytes.substr(at, 50'000)));
  }
  large->finish([&tier, wanted](std::shared_ptr<const Body> body) {
    auto entry = wanted.without_body();
    entry->runs.push_back({0, std::move(body)});
    tier.add(entry);
  });
}

unsigned below(std::mt19937& random, unsigned n) {
  return static_cast<unsigned>(random() % n);
}

// Does one thing, and now and then makes sure of it.
void act(DiskTier& tier, std::mt19937& random, unsigned version, int out) {
  const unsigned url = below(random, kUrls);
  const bool erase = below(random, 8) == 0;
  if (erase) {
    tier.erase(url_of(url));
  } else if (url < kLargeUrls) {
    store_large(tier, wanted_of(url, version));
    flush(tier);  // the entry is queued from the disk thread
  } else {
    tier.add(wanted_of(url, version).entry());
  }
  if (below(random, 4) == 0) {
    flush(tier);
    const Mark mark{url, version, erase};
    ASSERT_EQ(::write(out, &mark, sizeof mark), static_cast<ssize_t>(sizeof mark));
  }
}

[[noreturn]] void be_child(const DiskLimits& limits, unsigned round, int out) {
  const auto tier = open_tier(limits);
  std::mt19937 random(round);
  for (unsigned version = round * 1'000'000 + 1;; ++version) {
    act(*tier, random, version, out);
    if (testing::Test::HasFailure()) {
      ::_exit(1);
    }
  }
}

// Starts a child, kills it after that many marks; all marks it gave.
std::vector<Mark> run_and_kill(const DiskLimits& limits, unsigned round, unsigned after) {
  std::array<int, 2> ends{};
  EXPECT_EQ(::pipe(ends.data()), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    ::close(ends[0]);
    be_child(limits, round, ends[1]);
  }
  ::close(ends[1]);
  std::vector<Mark> marks;
  for (Mark mark; ::read(ends[0], &mark, sizeof mark) == static_cast<ssize_t>(sizeof mark);) {
    marks.push_back(mark);
    if (marks.size() == after) {
      ::kill(child, SIGKILL);
    }
  }
  ::close(ends[0]);
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFSIGNALED(status)) << "the child failed";
  return marks;
}

class Crash : public testing::TestWithParam<std::uint64_t> {};

TEST_P(Crash, WhatIsFoundAfterwardsIsWholeAndNotOutOfDate) {
  const Folder folder;
  const DiskLimits limits = limits_in(folder, GetParam());
  std::array<unsigned, kUrls> oldest{};  // what is found must be at least that
  std::mt19937 random(7);
  std::size_t checked = 0;
  for (unsigned round = 0; round < kRounds; ++round) {
    for (const Mark& mark : run_and_kill(limits, round, 1 + below(random, 100))) {
      oldest[mark.url] = mark.version + (mark.erased ? 1U : 0U);
    }
    const auto tier = open_tier(limits);
    for (unsigned url = 0; url < kUrls; ++url) {
      for (const auto& entry : load(*tier, url_of(url))) {
        const std::string etag(entry->head.fields.lines.back().value);
        const auto version = static_cast<unsigned>(std::stoul(etag.substr(1, etag.size() - 2)));
        EXPECT_GE(version, oldest[url]) << url;
        EXPECT_TRUE(holds(*tier, wanted_of(url, version))) << url << " " << version;
        ++checked;
      }
    }
    EXPECT_EQ(tier->stats().corrupt, 0U);
  }
  EXPECT_GT(checked, 200U);
}

INSTANTIATE_TEST_SUITE_P(WithRoomAndWithout, Crash,
                         testing::Values(64 * 1024 * 1024, 2 * 1024 * 1024));

}  // namespace
}  // namespace weir::store
