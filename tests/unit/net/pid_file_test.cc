// SPDX-License-Identifier: Apache-2.0
//
// The pid file in a real folder: what is written, what goes, and what is left alone.
#include "proxy/net/pid_file.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include <gtest/gtest.h>

namespace weir {
namespace {

class PidFiles : public testing::Test {
 protected:
  PidFiles() {
    std::string pattern = (std::filesystem::temp_directory_path() / "weir-pid-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
    path_ = folder_ / "weir.pid";
  }
  ~PidFiles() override { std::filesystem::remove_all(folder_); }

  bool there() const { return std::filesystem::exists(path_); }
  std::string text() const {
    std::ifstream file(path_);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  void put(const std::string& text) const { std::ofstream(path_) << text; }

  std::filesystem::path folder_;
  std::filesystem::path path_;
};

TEST_F(PidFiles, AreWrittenOverWhatWasThereAndRemoved) {
  put("123456789\n");
  PidFile file;
  ASSERT_TRUE(file.write(path_, 42));
  EXPECT_EQ(text(), "42\n");
  file.remove();
  EXPECT_FALSE(there());
  file.remove();  // nothing is left to do
  EXPECT_FALSE(there());
}

TEST_F(PidFiles, AreNotWrittenThroughALink) {
  const auto theirs = folder_ / "theirs";
  std::ofstream(theirs) << "theirs";
  std::filesystem::create_symlink(theirs, path_);
  EXPECT_FALSE(PidFile().write(path_, 42));
  EXPECT_EQ(errno, ELOOP);
  PidFile::remove(path_, 42);
  EXPECT_EQ(text(), "theirs");
}

TEST_F(PidFiles, AreLeftAloneWhenTheyNameAnother) {
  PidFile file;
  ASSERT_TRUE(file.write(path_, 42));
  put("421\n");
  file.remove();
  PidFile::remove(path_, 42);
  EXPECT_EQ(text(), "421\n");
}

TEST_F(PidFiles, AreLeftAloneWhenAnotherIsThere) {
  PidFile file;
  ASSERT_TRUE(file.write(path_, 42));
  std::filesystem::remove(path_);
  put("42\n");
  file.remove();
  EXPECT_EQ(text(), "42\n");
}

TEST_F(PidFiles, OfAnotherProcessGo) {
  put("42\n");
  PidFile::remove(path_, 42);
  EXPECT_FALSE(there());
  PidFile::remove(path_, 42);  // none is there
  put("");                     // another's, who is about to write it
  PidFile::remove(path_, 42);
  EXPECT_TRUE(there());
}

TEST_F(PidFiles, LeftToAnotherStay) {
  PidFile file;
  ASSERT_TRUE(file.write(path_, 42));
  file.leave();
  file.remove();
  EXPECT_EQ(text(), "42\n");
}

TEST(PidFile, ThatWasNeverWrittenRemovesNothing) {
  PidFile().remove();
}

}  // namespace
}  // namespace weir
