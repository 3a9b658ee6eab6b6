// SPDX-License-Identifier: Apache-2.0
//
// The name under which a browser would save an answer, as senders spell it and misspell it.
#include "proxy/http/disposition.h"

#include <gtest/gtest.h>

#include <string>

namespace weir::http {
namespace {

std::string name_of(std::string_view disposition, std::string_view path = "/p/q.bin?x#y") {
  Arena arena;
  return std::string(file_name(disposition, path, arena));
}

TEST(FileName, IsTheLastSegmentOfThePathWithoutADisposition) {
  EXPECT_EQ(name_of(""), "q.bin");
  EXPECT_EQ(name_of("inline"), "q.bin");
  EXPECT_EQ(name_of("attachment; filename="), "q.bin");
  EXPECT_EQ(name_of("", "/a%20b.exe"), "a b.exe");
  EXPECT_EQ(name_of("", "/"), "");
  EXPECT_EQ(name_of("", "/a.exe?b/c.txt"), "a.exe");
}

TEST(FileName, ReadsTokensAndQuotedStrings) {
  EXPECT_EQ(name_of("attachment; filename=a.exe"), "a.exe");
  EXPECT_EQ(name_of("attachment;FileName = \"a b.exe\" ; x=y"), "a b.exe");
  EXPECT_EQ(name_of("attachment; filename=\"a;\\\"b.exe\""), "a;\"b.exe");
  EXPECT_EQ(name_of("attachment; filename=a.txt; filename=b.exe"), "a.txt");
}

TEST(FileName, PrefersTheExtendedParameter) {
  EXPECT_EQ(name_of("attachment; filename=a.txt; filename*=UTF-8''b%20c.exe"), "b c.exe");
  EXPECT_EQ(name_of("attachment; filename*=UTF-8'en'it's.exe"), "it's.exe");
  EXPECT_EQ(name_of("attachment; filename*=plain.exe"), "plain.exe");
}

TEST(FileName, LeavesOutFoldersAndNothingElse) {
  EXPECT_EQ(name_of("attachment; filename=\"/x/y/a.exe\""), "a.exe");
  EXPECT_EQ(name_of("attachment; filename*=UTF-8''x%5Ca.exe"), "a.exe");
  EXPECT_EQ(name_of("attachment; filename=\"a?.exe\""), "a?.exe");
  EXPECT_EQ(name_of("attachment; filename=\"a#b.exe\""), "a#b.exe");
  EXPECT_EQ(name_of("attachment; filename*=UTF-8''a%3Fb%23c.exe"), "a?b#c.exe");
  EXPECT_EQ(name_of("", "/a%3Fb.exe"), "a?b.exe");
}

TEST(FileName, DropsWhatIsDroppedFromTheEndOfAName) {
  EXPECT_EQ(name_of("attachment; filename=\"a.exe. . \""), "a.exe");
  EXPECT_EQ(name_of("attachment; filename*=UTF-8''a.exe%20"), "a.exe");
  EXPECT_EQ(name_of("", "/a.exe."), "a.exe");
  EXPECT_EQ(name_of("attachment; filename*=UTF-8''.; filename=\".. \"", "/a.exe"), "a.exe");
}

TEST(FileName, UndoesEscapesAndEncodedWordsAsBrowsersDo) {
  EXPECT_EQ(name_of("attachment; filename=\"a%2eexe\""), "a.exe");
  EXPECT_EQ(name_of("attachment; filename=\"100%.txt\""), "100%.txt");
  EXPECT_EQ(name_of("attachment; filename=\"=?UTF-8?B?YS5leGU=?=\""), "a.exe");
  EXPECT_EQ(name_of("attachment; filename=\"=?utf-8?q?a_b=2Eexe?=\""), "a b.exe");
  EXPECT_EQ(name_of("attachment; filename=\"=?u?Q?a?= =?u?b?LmV4ZQ==?=\""), "a.exe");
  EXPECT_EQ(name_of("attachment; filename=\"x=?u?Q?a?=y\""), "xay");
}

TEST(FileName, LeavesBrokenEncodedWordsAsTheyAre) {
  for (const std::string word :
       {"=?", "=?u", "=?u?Q", "=?u?Q?a", "=?u?B?!!!!?=", "=?u?X?a?=", "=?u??a?="}) {
    EXPECT_EQ(name_of("attachment; filename=\"" + word + "b.exe\""), word + "b.exe");
  }
}

TEST(FileName, TakesTimeInProportionToTheField) {
  std::string many = "attachment; filename=\"";
  for (int i = 0; i < 100'000; ++i) {
    many += "=?u?B?!";
  }
  EXPECT_TRUE(name_of(many + ".exe\"").ends_with(".exe"));
  EXPECT_TRUE(name_of(many + "?=.exe\"").ends_with(".exe"));
}

}  // namespace
}  // namespace weir::http
