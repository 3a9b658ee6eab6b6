// SPDX-License-Identifier: Apache-2.0
//
// Tables for the password file: which hashes are taken, what each refusal says, and that no message
// repeats what might be a password. Good hashes are made here, at the lowest cost there is.
#include "proxy/pipeline/password_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <fstream>
#include <string>

#include "proxy/pipeline/password_hash.h"
#include "tests/unit/pipeline/make_hash.h"

namespace weir {
namespace {

using test::make_hash;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

bool matches(std::string_view password, const std::string& hash) {
  Password secret;
  secret.assign(SecretView(password));
  return password_matches(secret, hash);
}

// The only problem of a file with this line in it.
std::string problem_of(const std::string& line) {
  const auto loaded = PasswordFile::parse(line + "\n", "users");
  EXPECT_EQ(loaded.file, nullptr) << line;
  EXPECT_EQ(loaded.problems.size(), 1u) << line;
  return loaded.problems.empty() ? "" : loaded.problems.front();
}

TEST(PasswordHash, EveryKindThatIsTakenVerifies) {
  for (const char* kind : {"$2y$", "$2b$", "$2a$", "$y$", "$6$", "$5$"}) {
    const std::string hash = make_hash("open sesame", kind);
    ASSERT_THAT(hash, StartsWith(kind));
    EXPECT_EQ(why_refused(hash), "") << hash;
    EXPECT_TRUE(matches("open sesame", hash)) << kind;
    EXPECT_FALSE(matches("open sesam", hash)) << kind;
    EXPECT_FALSE(matches("open sesame ", hash)) << kind;
    EXPECT_FALSE(matches("", hash)) << kind;
  }
}

TEST(PasswordHash, AHashWithoutRoundsIsTaken) {
  const std::string salted = "$6$abcdefgh$";
  EXPECT_EQ(why_refused(salted + std::string(86, 'x')), "");
  EXPECT_NE(why_refused(salted + std::string(85, 'x')), "");
  EXPECT_EQ(why_refused("$5$abcdefgh$" + std::string(43, 'x')), "");
}

TEST(PasswordHash, AHashThatWasCutShortOrLengthenedIsDamaged) {
  for (const char* kind : {"$2y$", "$y$", "$6$", "$5$"}) {
    const std::string hash = make_hash("p", kind);
    EXPECT_THAT(std::string(why_refused(hash.substr(0, hash.size() - 1))), HasSubstr("damaged"));
    EXPECT_THAT(std::string(why_refused(hash + "x")), HasSubstr("damaged"));
    EXPECT_THAT(std::string(why_refused(hash + ":x")), HasSubstr("damaged"));
    EXPECT_THAT(std::string(why_refused(kind)), HasSubstr("damaged"));
  }
}

TEST(PasswordHash, CostsAreBounded) {
  const std::string rest = "$" + std::string(53, 'a');
  EXPECT_EQ(why_refused("$2y$04" + rest), "");
  EXPECT_EQ(why_refused("$2y$16" + rest), "");
  EXPECT_THAT(std::string(why_refused("$2y$17" + rest)), HasSubstr("costs too much"));
  EXPECT_THAT(std::string(why_refused("$2y$03" + rest)), HasSubstr("damaged"));
  EXPECT_THAT(std::string(why_refused("$2y$32" + rest)), HasSubstr("damaged"));
  EXPECT_THAT(std::string(why_refused("$2y$4" + rest)), HasSubstr("damaged"));
  EXPECT_THAT(std::string(why_refused("$2y$+4" + rest)), HasSubstr("damaged"));
  const std::string salt = "$salt$" + std::string(86, 'a');
  EXPECT_EQ(why_refused("$6$rounds=1000" + salt), "");
  EXPECT_EQ(why_refused("$6$rounds=10000000" + salt), "");
  EXPECT_THAT(std::string(why_refused("$6$rounds=10000001" + salt)), HasSubstr("costs too much"));
  EXPECT_THAT(std::string(why_refused("$6$rounds=999" + salt)), HasSubstr("damaged"));
  EXPECT_THAT(std::string(why_refused("$6$rounds=" + salt)), HasSubstr("damaged"));
  EXPECT_THAT(std::string(why_refused("$6$rounds=9999999999" + salt)), HasSubstr("damaged"));
}

TEST(PasswordFile, FindsUsersByTheirExactNames) {
  const std::string a = make_hash("a", "$2y$");
  const std::string b = make_hash("b", "$6$");
  const auto loaded = PasswordFile::parse("# people\n\nzoe:" + a + "\nAnna:" + b, "users");
  ASSERT_NE(loaded.file, nullptr);
  EXPECT_THAT(loaded.problems, IsEmpty());
  EXPECT_THAT(loaded.warnings, IsEmpty());
  EXPECT_EQ(loaded.file->users(), 2u);
  EXPECT_EQ(loaded.file->hash_of("zoe"), a);
  EXPECT_EQ(loaded.file->hash_of("Anna"), b);
  for (const char* other : {"", "anna", "Ann", "Annab", "zoe ", "# people"}) {
    EXPECT_EQ(loaded.file->hash_of(other), "") << other;
  }
}

TEST(PasswordFile, ReadsTheLineEndsAndMarksOfOtherSystems) {
  const std::string hash = make_hash("a", "$2y$");
  const auto loaded = PasswordFile::parse(
      "\xef\xbb\xbf"
      "a:" +
          hash + "\r\nb:" + hash + " \t\r\n\r\n",
      "users");
  ASSERT_NE(loaded.file, nullptr);
  EXPECT_EQ(loaded.file->hash_of("a"), hash);
  EXPECT_EQ(loaded.file->hash_of("b"), hash);
}

TEST(PasswordFile, WeakHashesAreRefusedWithTheLineAndTheRemedy) {
  struct Case {
    const char* hash;
    const char* says;
  };
  constexpr std::array kCases{
      Case{"$apr1$lZL6V/ci$eIMz/iKDkbtys/uU7LEK00", "MD5"},
      Case{"$1$saltsalt$qjXMvbEw8oaL.CzflDtaK/", "MD5"},
      Case{"{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=", "SHA-1"},
      Case{"{SSHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=", "SHA-1"},
      Case{"rqXexS6ZhobKA", "DES"},
      Case{"correct horse battery staple", "plain text"},
      Case{"$2x$04$......................WSX35gnq5oGE3d5SVkdcWhKUWnYGnWO",
           "plain text or an unknown"},
      Case{"$3$$8846f7eaee8fb117ad06bdd830b7586c", "plain text or an unknown"},
      Case{"*", "plain text or an unknown"},
      Case{"!", "plain text or an unknown"},
      Case{"", "missing"},
  };
  for (const Case& c : kCases) {
    const std::string problem = problem_of("# first\nuser:" + std::string(c.hash));
    EXPECT_THAT(problem, StartsWith("users:2: "));
    EXPECT_THAT(problem, HasSubstr(c.says));
    EXPECT_THAT(problem, EndsWith("htpasswd -B users <user>"));
    if (std::string_view(c.hash).size() > 1) {
      EXPECT_THAT(problem, Not(HasSubstr(c.hash)));
    }
  }
}

TEST(PasswordFile, MalformedLinesAreToldWithoutRepeatingThem) {
  const std::string hash = make_hash("a", "$2y$");
  const std::string user(255, 'u');
  EXPECT_EQ(problem_of("hunter2"), "users:1: expected user:hash, found no colon");
  EXPECT_EQ(problem_of(":" + hash), "users:1: the user name is empty");
  EXPECT_THAT(problem_of(std::string("a\x01:") + hash), HasSubstr("control characters"));
  EXPECT_THAT(problem_of(user + "u:" + hash), HasSubstr("too long"));
  EXPECT_NE(PasswordFile::parse(user + ":" + hash, "users").file, nullptr);
  EXPECT_THAT(problem_of("u:" + std::string(PasswordFile::kMaxLine - 1, 'x')),
              HasSubstr("longer than 1024 bytes"));
  EXPECT_THAT(problem_of("u:" + std::string(PasswordFile::kMaxLine - 2, 'x')),
              HasSubstr("plain text"));
}

TEST(PasswordFile, AUserWhoStandsThereTwiceIsAProblem) {
  const std::string hash = make_hash("a", "$2y$");
  const auto loaded =
      PasswordFile::parse("b:" + hash + "\na:" + hash + "\nb:" + hash + "\n", "users");
  EXPECT_EQ(loaded.file, nullptr);
  EXPECT_THAT(loaded.problems,
              ElementsAre("users:3: the same user stands in line 1 already; remove one of them"));
}

TEST(PasswordFile, AllProblemsAreToldTogetherUpToALimit) {
  const auto two = PasswordFile::parse("x\nu:y\n", "users");
  EXPECT_THAT(two.problems, ElementsAre(StartsWith("users:1: "), StartsWith("users:2: ")));
  std::string text;
  for (std::size_t i = 0; i < PasswordFile::kMaxProblems + 7; ++i) {
    text += "x\n";
  }
  const auto many = PasswordFile::parse(text, "users");
  EXPECT_EQ(many.problems.size(), PasswordFile::kMaxProblems + 1);
  EXPECT_EQ(many.problems.back(), "users: and 7 more lines with problems");
}

TEST(PasswordFile, AFileWithoutUsersIsAWarning) {
  const auto loaded = PasswordFile::parse("# nobody yet\n", "users");
  ASSERT_NE(loaded.file, nullptr);
  EXPECT_EQ(loaded.file->users(), 0u);
  EXPECT_EQ(loaded.file->decoy(7), "");
  EXPECT_THAT(loaded.warnings, ElementsAre(HasSubstr("no users")));
}

TEST(PasswordFile, ADecoyIsAlwaysTheHashOfSomeUser) {
  const std::string a = make_hash("a", "$2y$");
  const std::string b = make_hash("b", "$5$");
  const auto file = PasswordFile::parse("a:" + a + "\nb:" + b, "users").file;
  ASSERT_NE(file, nullptr);
  EXPECT_EQ(file->decoy(0), a);
  EXPECT_EQ(file->decoy(1), b);
  EXPECT_EQ(file->decoy(UINT64_MAX), b);
}

class PasswordFileOnDisk : public testing::Test {
 protected:
  PasswordFileOnDisk() {
    std::string pattern = testing::TempDir() + "weir-users-XXXXXX";
    const int fd = ::mkstemp(pattern.data());
    EXPECT_GE(fd, 0);
    ::close(fd);
    path_ = pattern;
  }
  ~PasswordFileOnDisk() override { ::unlink(path_.c_str()); }
  void write(const std::string& text, mode_t mode) {
    std::ofstream(path_) << text;
    ASSERT_EQ(::chmod(path_.c_str(), mode), 0);
  }
  std::string path_;
};

TEST_F(PasswordFileOnDisk, IsLoaded) {
  const std::string hash = make_hash("a", "$2y$");
  write("a:" + hash + "\n", 0640);
  const auto loaded = PasswordFile::load(path_);
  ASSERT_NE(loaded.file, nullptr);
  EXPECT_THAT(loaded.warnings, IsEmpty());
  EXPECT_EQ(loaded.file->hash_of("a"), hash);
}

TEST_F(PasswordFileOnDisk, WarnsWhenEverybodyCanReadOrChangeIt) {
  const std::string text = "a:" + make_hash("a", "$2y$") + "\n";
  write(text, 0644);
  EXPECT_THAT(PasswordFile::load(path_).warnings, ElementsAre(HasSubstr("can read")));
  write(text, 0646);
  const auto loaded = PasswordFile::load(path_);
  EXPECT_NE(loaded.file, nullptr);
  EXPECT_THAT(loaded.warnings, ElementsAre(HasSubstr("can change")));
}

TEST_F(PasswordFileOnDisk, ProblemsNameTheFileAndTheLine) {
  write("# users\na:secret\n", 0600);
  EXPECT_THAT(PasswordFile::load(path_).problems, ElementsAre(StartsWith(path_ + ":2: ")));
}

TEST_F(PasswordFileOnDisk, WhatIsNotAReadableRegularFileIsAProblem) {
  EXPECT_THAT(PasswordFile::load(path_ + ".none").problems, ElementsAre(HasSubstr("No such file")));
  EXPECT_THAT(PasswordFile::load("/").problems, ElementsAre(HasSubstr("not a regular file")));
  EXPECT_THAT(PasswordFile::load("/dev/zero").problems, ElementsAre(HasSubstr("not a regular")));
  const std::string fifo = path_ + ".fifo";
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  EXPECT_THAT(PasswordFile::load(fifo).problems, ElementsAre(HasSubstr("not a regular file")));
  ::unlink(fifo.c_str());
}

TEST_F(PasswordFileOnDisk, AnEndlessFileIsNotRead) {
  ASSERT_EQ(::truncate(path_.c_str(), PasswordFile::kMaxFile + 100'000), 0);
  const auto loaded = PasswordFile::load(path_);
  EXPECT_EQ(loaded.file, nullptr);
  EXPECT_THAT(loaded.problems, ElementsAre(HasSubstr("larger than 16777216 bytes")));
}

}  // namespace
}  // namespace weir
