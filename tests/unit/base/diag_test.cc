// SPDX-License-Identifier: Apache-2.0
//
// The operator's log: levels, files, and that neither a flood nor a stranger's bytes get into it.
#include "proxy/base/diag.h"

#include <stdlib.h>
#include <sys/stat.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace weir {
namespace {

class DiagTest : public testing::Test {
 protected:
  DiagTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "weir-diag-XXXXXX").string();
    EXPECT_NE(::mkdtemp(pattern.data()), nullptr);
    dir_ = pattern;
  }
  ~DiagTest() override {
    EXPECT_TRUE(diag_open("stderr", Level::Info));
    std::error_code ignored;
    std::filesystem::remove_all(dir_, ignored);
  }
  std::string file(const std::string& name = "weir.log") const { return dir_ + "/" + name; }
  std::string text(const std::string& name = "weir.log") const {
    std::ifstream in(file(name));
    return {std::istreambuf_iterator<char>(in), {}};
  }

 private:
  std::string dir_;
};

TEST_F(DiagTest, WritesLinesOfTheLevelAndAbove) {
  ASSERT_TRUE(diag_open(file(), Level::Warning));
  diag(Level::Info, "not this");
  diag(Level::Warning, "but this");
  diag(Level::Error, "and this");
  EXPECT_THAT(text(),
              testing::MatchesRegex(
                  "[0-9-]+T[0-9:.]+Z warning: but this\n[0-9-]+T[0-9:.]+Z error: and this\n"));
  EXPECT_FALSE(diag_wants(Level::Info));
  EXPECT_TRUE(diag_wants(Level::Error));
}

TEST_F(DiagTest, AMessageIsOneLineWhateverIsInIt) {
  ASSERT_TRUE(diag_open(file(), Level::Info));
  diag(Level::Info, "host \"a\nb\" \x1b[2J {} %s");
  EXPECT_THAT(text(), testing::EndsWith("info: host \"a\\x0Ab\" \\x1B[2J {} %s\n"));
}

TEST_F(DiagTest, TheFileIsNotForEverybodyAndCanBeReopened) {
  ASSERT_TRUE(diag_open(file(), Level::Info));
  struct stat about {};
  ASSERT_EQ(::stat(file().c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 0007u, 0u);
  diag(Level::Info, "one");
  std::filesystem::rename(file(), file("moved"));
  ASSERT_TRUE(diag_open(file(), Level::Info));
  diag(Level::Info, "two");
  EXPECT_THAT(text("moved"), testing::EndsWith(": one\n"));
  EXPECT_THAT(text(), testing::EndsWith(": two\n"));
}

TEST_F(DiagTest, AFileThatCannotBeOpenedChangesNothing) {
  ASSERT_TRUE(diag_open(file(), Level::Info));
  const auto opened = diag_open(file("no/such/folder"), Level::Error);
  ASSERT_FALSE(opened);
  EXPECT_THAT(opened.error(), testing::HasSubstr("no/such/folder: No such file"));
  diag(Level::Info, "still here");
  EXPECT_THAT(text(), testing::HasSubstr("still here"));
}

TEST_F(DiagTest, RepeatedComplaintsAreWrittenOnce) {
  ASSERT_TRUE(diag_open(file(), Level::Info));
  for (int i = 0; i < 100; ++i) {
    diag_limited("diag_test", 3600 * kSecond, Level::Error, "again");
  }
  diag_limited("diag_test_other", 3600 * kSecond, Level::Error, "another matter");
  EXPECT_THAT(text(), testing::MatchesRegex("[^\n]*: again\n[^\n]*: another matter\n"));
}

TEST(DiagLimiter, PassesOnceAnIntervalAndSaysHowManyItLeftOut) {
  DiagLimiter limiter;
  EXPECT_EQ(limiter.pass("a", 10, Instant{100}), 0u);
  EXPECT_EQ(limiter.pass("a", 10, Instant{101}), std::nullopt);
  EXPECT_EQ(limiter.pass("b", 10, Instant{105}), 0u);
  EXPECT_EQ(limiter.pass("a", 10, Instant{109}), std::nullopt);
  EXPECT_EQ(limiter.pass("a", 10, Instant{110}), 2u);
  EXPECT_EQ(limiter.pass("a", 10, Instant{120}), 0u);
}

TEST(Diag, KnowsTheWordsOfItsLevels) {
  EXPECT_EQ(parse_level("debug"), Level::Debug);
  EXPECT_EQ(parse_level("warning"), Level::Warning);
  EXPECT_EQ(parse_level("Warning"), std::nullopt);
  EXPECT_EQ(parse_level(""), std::nullopt);
}

}  // namespace
}  // namespace weir
