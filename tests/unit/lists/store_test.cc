// SPDX-License-Identifier: Apache-2.0
//
// The store of lists: what is kept can be had back, what is damaged is noticed, and wherever a
// process dies, a list is as it was before or as it shall be.
#include "proxy/lists/store.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <filesystem>
#include <set>

#include "tests/unit/lists/place.h"

namespace weir {
namespace {

namespace fs = std::filesystem;
using filters::ListDocument;

class Store : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(store.claim()); }

  Kept look() { return store.look(list).value_or(Kept{}); }
  std::string current() {
    warning.clear();
    return store.read_current(list, warning).value_or("(none)");
  }

  Place place;
  ListStore store{place.path()};
  ListDocument list = a_list();
  std::string warning;
};

TEST_F(Store, KnowsNothingOfAListThatWasNeverDownloaded) {
  EXPECT_FALSE(look().current);
  EXPECT_EQ(store.read_current(list, warning).error(), "it has not been downloaded");
}

TEST_F(Store, GivesBackWhatItTook) {
  ASSERT_TRUE(store.take(list, "one.example\n", a_version(1, "\"a\"")));
  EXPECT_EQ(current(), "one.example\n");
  EXPECT_EQ(look().url, list.url);
  EXPECT_EQ(look().current.etag, "\"a\"");
  EXPECT_EQ(look().current.rules, 1U);
  EXPECT_EQ(look().current.bytes, 12U);
  EXPECT_EQ(look().current.format, filters::ListFormat::Domains);
  EXPECT_EQ(look().checked, a_version(1).fetched);
}

TEST_F(Store, KeepsBytesThatAreNoText) {
  const std::string bytes("\x1f\x8b\0\n\r\xff", 6);
  ASSERT_TRUE(store.take(list, bytes, a_version(1)));
  EXPECT_EQ(current(), bytes);
}

TEST_F(Store, KeepsTheVersionBeforeAndNoOlderOne) {
  for (const char* text : {"1.example\n", "2.example\n", "3.example\n"}) {
    ASSERT_TRUE(store.take(list, text, a_version(1)));
  }
  EXPECT_EQ(current(), "3.example\n");
  EXPECT_EQ(store.read(list, look().previous).value_or(""), "2.example\n");
  EXPECT_EQ(place.files(".list"), 2U);
}

TEST_F(Store, TakesTheSameVersionAgainWithoutLosingTheOneBefore) {
  ASSERT_TRUE(store.take(list, "1.example\n", a_version(1)));
  ASSERT_TRUE(store.take(list, "2.example\n", a_version(1, "\"a\"")));
  ASSERT_TRUE(store.take(list, "2.example\n", a_version(1, "\"b\"")));
  EXPECT_EQ(look().current.etag, "\"b\"");
  EXPECT_EQ(store.read(list, look().previous).value_or(""), "1.example\n");
}

TEST_F(Store, HoldsAVersionBackBesideTheOneInUse) {
  ASSERT_TRUE(store.take(list, "good.example\n", a_version(1)));
  ASSERT_TRUE(store.hold(list, "bad.example\n", a_version(1), "it is strange"));
  EXPECT_EQ(current(), "good.example\n");
  EXPECT_EQ(look().held_reason, "it is strange");
  EXPECT_EQ(store.read(list, look().held).value_or(""), "bad.example\n");
}

TEST_F(Store, SaysWhyTheOnlyVersionIsNotInUse) {
  ASSERT_TRUE(store.hold(list, "bad.example\n", a_version(1), "it is strange"));
  EXPECT_EQ(store.read_current(list, warning).error(), "held back: it is strange");
}

TEST_F(Store, AcceptsAHeldVersion) {
  ASSERT_TRUE(store.take(list, "old.example\n", a_version(1)));
  ASSERT_TRUE(store.hold(list, "new.example\n", a_version(1), "it is strange"));
  ASSERT_TRUE(store.accept(list));
  EXPECT_EQ(current(), "new.example\n");
  EXPECT_FALSE(look().held);
  EXPECT_EQ(look().held_reason, "");
  EXPECT_FALSE(store.accept(list));
}

TEST_F(Store, DoesNotAcceptAHeldVersionThatIsDamaged) {
  ASSERT_TRUE(store.take(list, "old.example\n", a_version(1)));
  ASSERT_TRUE(store.hold(list, "new.example\n", a_version(1), "it is strange"));
  write_file(store.path_of(list, look().held), "new.exam");
  EXPECT_FALSE(store.accept(list));
  EXPECT_EQ(current(), "old.example\n");
}

TEST_F(Store, GoesBackToTheVersionBefore) {
  ASSERT_TRUE(store.take(list, "old.example\n", a_version(1)));
  ASSERT_TRUE(store.take(list, "new.example\n", a_version(1)));
  ASSERT_TRUE(store.revert(list, "it is useless"));
  EXPECT_EQ(current(), "old.example\n");
  EXPECT_EQ(store.read(list, look().held).value_or(""), "new.example\n");
}

TEST_F(Store, KeepsWhatIsInUseWhenADownloadFails) {
  ASSERT_TRUE(store.take(list, "old.example\n", a_version(1)));
  ASSERT_TRUE(store.fail(list, "the server answered 500"));
  EXPECT_EQ(current(), "old.example\n");
  EXPECT_EQ(look().failure, "the server answered 500");
  ASSERT_TRUE(store.confirm(list, WallTime{5}));
  EXPECT_EQ(look().failure, "");
  EXPECT_EQ(look().checked, WallTime{5});
}

TEST_F(Store, NoticesAVersionThatWasCutOrChangedAndUsesTheOneBefore) {
  ASSERT_TRUE(store.take(list, "old.example\n", a_version(1)));
  ASSERT_TRUE(store.take(list, "new.example\n", a_version(1)));
  for (const char* text : {"", "new.exa", "nEw.example\n"}) {
    write_file(store.path_of(list, look().current), text);
    EXPECT_EQ(current(), "old.example\n") << text;
    EXPECT_NE(warning.find("is damaged; the version before it is used"), std::string::npos);
  }
}

TEST_F(Store, ReportsDamagedMetadataWherever) {
  ASSERT_TRUE(store.take(list, "one.example\n", a_version(1)));
  const std::string about = place.only(".about");
  const std::string whole = read_file(about);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    write_file(about, whole.substr(0, size));
    EXPECT_FALSE(store.look(list)) << size;
  }
  ASSERT_TRUE(store.take(list, "two.example\n", a_version(1)));
  EXPECT_EQ(current(), "two.example\n");
}

TEST_F(Store, SweepsWhatACrashHasLeft) {
  ASSERT_TRUE(store.take(list, "one.example\n", a_version(1)));
  const std::string begin = place.path() + "/" + ListStore::base_name(list);
  write_file(begin + ".about.new", "weir li");                    // before the rename
  write_file(begin + ".00112233445566.list", "three.example\n");  // before the metadata
  write_file(begin + ".00112233445566.list.new", "thr");
  EXPECT_EQ(current(), "one.example\n");
  ASSERT_TRUE(store.take(list, "two.example\n", a_version(1)));
  EXPECT_EQ(place.files(".new"), 0U);
  EXPECT_EQ(place.files(".list"), 2U);
}

TEST_F(Store, IsWholeWhereverItsProcessIsKilled) {
  const auto text = [](int n) { return std::string(20'000, 'a') + std::to_string(n) + "\n"; };
  ASSERT_TRUE(store.take(list, text(0), a_version(1)));
  for (int round = 0; round < 30; ++round) {
    std::array<int, 2> pipe{};
    ASSERT_EQ(::pipe(pipe.data()), 0);
    const pid_t child = ::fork();
    for (int n = 0; child == 0; ++n) {
      static_cast<void>(n % 3 == 0 ? store.hold(list, text(n), a_version(1), "strange")
                                   : store.take(list, text(n), a_version(1)));
      static_cast<void>(::write(pipe[1], "", 1) == 1);
    }
    for (int change = 0; change < 1 + round % 4; ++change) {
      char done = 0;
      ASSERT_EQ(::read(pipe[0], &done, 1), 1);
    }
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    ::close(pipe[0]);
    ::close(pipe[1]);
    ASSERT_TRUE(store.look(list)) << store.look(list).error();
    ASSERT_GT(current().size(), 20'000U);
    ASSERT_EQ(warning, "");
    ASSERT_TRUE(!look().held || store.read(list, look().held));
  }
  ASSERT_TRUE(store.take(list, "end.example\n", a_version(1)));
  EXPECT_EQ(place.files(".new"), 0U);
}

TEST_F(Store, IsClaimedByOneProcessOnly) {
  ListStore other(place.path());
  const auto claimed = other.claim();
  ASSERT_FALSE(claimed);
  EXPECT_NE(claimed.error().find("another process"), std::string::npos);
  ASSERT_TRUE(store.take(list, "one.example\n", a_version(1)));
  EXPECT_EQ(other.read_current(list, warning).value_or(""), "one.example\n");
}

TEST_F(Store, LetsAnotherProcessAcceptWhatItHolds) {
  ASSERT_TRUE(store.hold(list, "one.example\n", a_version(1), "it is strange"));
  ListStore other(place.path());
  ASSERT_TRUE(other.accept(list));
  EXPECT_EQ(current(), "one.example\n");
}

TEST_F(Store, KeepsListsApartThatReadAlike) {
  ListDocument slash = a_list("a/b");
  ListDocument dots = a_list("../../a b");
  ListDocument moved = a_list("a/b");
  moved.url = "https://other.example/";
  std::set<std::string> names;
  for (const ListDocument* each : {&slash, &dots, &moved}) {
    ASSERT_TRUE(store.take(*each, each->name + each->url, a_version(1)));
    names.insert(ListStore::base_name(*each));
    EXPECT_EQ(ListStore::base_name(*each).find_first_of("/. "), std::string::npos);
  }
  EXPECT_EQ(names.size(), 3U);
  EXPECT_EQ(store.read_current(slash, warning).value_or(""), slash.name + slash.url);
}

TEST_F(Store, WritesNothingForOthersToRead) {
  ASSERT_TRUE(store.take(list, "one.example\n", a_version(1)));
  struct stat about {};
  ASSERT_EQ(::stat(store.path_of(list, look().current).c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 07U, 0U);
}

TEST(ListStoreClaim, NeedsAFolder) {
  EXPECT_FALSE(ListStore("").claim());
  EXPECT_FALSE(ListStore("/proc/nowhere").claim());
  const Place place;
  write_file(place.path() + "/file", "");
  EXPECT_FALSE(ListStore(place.path() + "/file").claim());
  EXPECT_TRUE(ListStore(place.path() + "/one/two").claim());
}

TEST(KeptText, ReadsToWhatItWasWrittenFrom) {
  Kept kept;
  kept.url = "https://lists.example/a b";
  kept.current = a_version(7, "W/\"x y\"");
  kept.current.sha256 = std::string(64, 'a');
  kept.held = kept.current;
  kept.held_reason = "line 1: what\nnow";
  kept.checked = WallTime{-5};
  const auto again = read_kept(kept_text(kept));
  ASSERT_TRUE(again);
  EXPECT_EQ(again->url, kept.url);
  EXPECT_EQ(again->current.etag, kept.current.etag);
  EXPECT_EQ(again->held.sha256, kept.held.sha256);
  EXPECT_EQ(again->held_reason, "line 1: what\\x0Anow");
  EXPECT_EQ(again->checked, kept.checked);
  EXPECT_FALSE(again->previous);
}

TEST(KeptText, RefusesWhatItDidNotWrite) {
  for (const char* text :
       {"", "end\n", "weir list 1\n", "weir list 2\nend\n", "weir list 1\nend",
        "weir list 1\nchecked x\nend\n", "weir list 1\ncurrent.sha256 ../../etc\nend\n",
        "weir list 1\ncurrent.format html\nend\n", "weir list 1\nurl\nend\n"}) {
    EXPECT_FALSE(read_kept(text)) << text;
  }
  EXPECT_TRUE(read_kept("weir list 1\nlater 5\nheld.later 6\nend\n"));
}

}  // namespace
}  // namespace weir
