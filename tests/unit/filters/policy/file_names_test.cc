// SPDX-License-Identifier: Apache-2.0
//
// Names of answers: what RFC 6266 says, then what browsers make of what it does not say.
#include "filters/file_names.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "filters/encoded_words.h"

namespace weir::filters {
namespace {

using Texts = std::vector<std::string>;

// The names of an answer with these Content-Disposition fields.
Texts names_of(const Texts& fields, std::string_view path = "/folder/path.txt?query.exe") {
  Arena arena;
  Subject subject;
  subject.path = path;
  subject.response = {&fields, [](const void* from, std::string_view name, std::size_t nth) {
                        const auto& all = *static_cast<const Texts*>(from);
                        return name == "Content-Disposition" && nth < all.size()
                                   ? std::string_view(all[nth])
                                   : std::string_view();
                      }};
  set_file_names(subject, arena);
  return {subject.file_names.begin(), subject.file_names.end()};
}

struct Case {
  std::string field;
  Texts names;
};

void expect_all(const std::vector<Case>& cases) {
  for (const Case& each : cases) {
    EXPECT_EQ(names_of({each.field}), each.names) << each.field;
  }
}

TEST(FileNames, AreThePathsLastSegmentWithoutAField) {
  EXPECT_EQ(names_of({}), Texts{"path.txt"});
  EXPECT_EQ(names_of({"attachment"}), Texts{"path.txt"});
  EXPECT_EQ(names_of({}, "/a%20b.exe."), Texts{"a b.exe"});
  EXPECT_EQ(names_of({}, "/folder/"), Texts{});
  EXPECT_EQ(names_of({}, ""), Texts{});
}

TEST(FileNames, AreWhatTheStandardSays) {
  expect_all({
      {"attachment; filename=a.exe", {"a.exe"}},
      {"inline;FileName = \"a b.exe\" ; size=3", {"a b.exe"}},
      {R"(attachment; filename="a\"b;c.exe"; x=y)", {"a\"b;c.exe"}},
      {"attachment; x=\"; filename=b.exe\"; filename=a.exe", {"a.exe"}},
      {"attachment; filename*=UTF-8''%e2%82%ac.exe", {"€.exe"}},
      {"attachment; filename*=utf-8'en'it's.exe", {"it's.exe"}},
      {"attachment; filename=EUR.exe; filename*=UTF-8''%e2%82%ac.exe", {"EUR.exe", "€.exe"}},
      {"filename=a.exe", {"a.exe"}},
  });
}

TEST(FileNames, AreAlsoWhatBrowsersMakeOfTheField) {
  expect_all({
      {"attachment; filename=\"a%2Eexe\"", {"a%2Eexe", "a.exe"}},
      {"attachment; filename=a.exe b.txt", {"a.exe b.txt", "a.exe"}},
      {"attachment; filename=\"a.txt\"b.exe", {"a.txt", "a.txt\"b.exe"}},
      {"attachment; filename=\"a.txt\"b.exe\"", {"a.txt", "a.txt\"b.exe"}},
      {"attachment; filename=\"a.exe", {"a.exe"}},
      {"attachment; filename=a.txt; filename=b.exe", {"a.txt", "b.exe"}},
      {"attachment; filename=\"=?UTF-8?B?YS5leGU=?=\"",
       {"=?UTF-8?B?YS5leGU=?=", "a.exe", "path.txt"}},
      {"attachment; filename=\"what?.exe\"", {"what?.exe"}},
      {"attachment; filename=\"C:\\\\dir\\\\a.exe\"", {"a.exe"}},
      {"attachment; filename=\"../a.exe . .\"", {"a.exe"}},
  });
  EXPECT_EQ(names_of({"attachment; filename=a.txt", "attachment; filename=b.exe"}),
            (Texts{"a.txt", "b.exe"}));
}

TEST(FileNames, AreThePathsTooWhereABrowserMayRefuseTheFields) {
  expect_all({
      {"attachment; filename=\"\"", {"path.txt"}},
      {"attachment; filename=\"...\"", {"path.txt"}},
      {"attachment; filename=\"%ff.exe\"", {"%ff.exe", "\xff.exe", "path.txt"}},
      {"attachment; filename*=none''a.exe", {"a.exe", "path.txt"}},
      {"attachment; filename*=a.exe", {"a.exe", "path.txt"}},
      {"attachment; filename*=\"UTF-8''a.exe\"", {"a.exe", "path.txt"}},
      {"attachment; filename*=UTF-8''%ff.exe", {"\xff.exe", "path.txt"}},
      {"attachment; filename*=UTF-16BE''%00a%00.%00e%00x%00e", {"a.exe", "path.txt"}},
  });
}

TEST(FileNames, KeepTheFirstAndTheLastOfMany) {
  std::string field = "attachment";
  for (int i = 0; i < 100; ++i) {
    field += "; filename=" + std::to_string(i);
  }
  EXPECT_EQ(names_of({field}), (Texts{"0", "1", "2", "3", "4", "5", "6", "99"}));
}

TEST(EncodedWords, TakeTimeInProportion) {
  Arena arena;
  std::string many;
  for (int i = 0; i < 100'000; ++i) {
    many += "=?u?B?!";
  }
  EXPECT_EQ(decode_words(many, arena), many);
  EXPECT_EQ(decode_words(many + "?=.exe", arena), ".exe");
}

TEST(EncodedWords, BecomeTheirBytes) {
  Arena arena;
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", ""},
      {"plain", "plain"},
      {"=?utf-8?q?a_b=2Eexe?=", "a b.exe"},
      {"=?utf-8?Q?a=2?=", "a=2"},
      {"=?utf-8?Q?a=5Fb_c?=", "a_b c"},
      {"=?UTF-8?B?YS5leGU?=", "a.exe"},
      {"=?UTF-8?b?YS4?= \t=?UTF-8?b?ZXhl?= x", "a.exe x"},
      {"=?a?q?1?= =?b?q?2?= 3", "12 3"},
      {"x=?a?q?1?=y", "x1y"},
      {"=?a?q?1", "=?a?q?1"},
      {"=?a?qq?1?=", "=?a?qq?1?="},
      {"=?"
       "?=",
       "=?"
       "?="},
      {"=?a?b?*?=x", "x"},
  };
  for (const auto& [text, bytes] : cases) {
    EXPECT_EQ(decode_words(text, arena), bytes) << text;
  }
}

}  // namespace
}  // namespace weir::filters
