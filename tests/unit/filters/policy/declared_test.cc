// SPDX-License-Identifier: Apache-2.0
//
// What a head declares when it says it more than once.
#include "filters/declared.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace weir::filters {
namespace {

using Lines = std::vector<std::string>;

// Every field has these lines.
FieldLookup head(const Lines& lines) {
  return {&lines, [](const void* from, std::string_view, std::size_t nth) {
            const auto& all = *static_cast<const Lines*>(from);
            return nth < all.size() ? std::string_view(all[nth]) : std::string_view();
          }};
}

TEST(Declared, TakesTheLastTypeThatIsOne) {
  const auto type = [](const Lines& lines) { return std::string(declared_type(head(lines))); };
  const struct {
    Lines lines;
    std::string want;
  } rows[] = {
      {{}, ""},
      {{"text/html; charset=x"}, "text/html; charset=x"},
      {{"image/png, text/html"}, "text/html"},
      {{"image/png", "text/html"}, "text/html"},
      {{"image/png, text/html;a=\"b,c/d\\\",e/f\"", "*/*, junk,, "},
       "text/html;a=\"b,c/d\\\",e/f\""},
      {{"junk"}, "junk"},
      {{"*/*"}, "*/*"},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(type(row.lines), row.want);
  }
}

TEST(Declared, ReadsItsTypeAsFarAsBrowsersDo) {
  Arena arena;
  for (const auto* said : {"Text/HTML", " text/html ;x", "text/html x", "text/html(x)"}) {
    const Lines lines = {said};
    EXPECT_EQ(declared_media_type(head(lines), arena), "text/html") << said;
  }
}

}  // namespace
}  // namespace weir::filters
