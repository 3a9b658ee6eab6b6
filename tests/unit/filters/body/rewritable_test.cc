// SPDX-License-Identifier: Apache-2.0
//
// Which responses may be rewritten, and what becomes untrue of their heads.
#include "filters/body/rewritable.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "proxy/base/ascii.h"

namespace weir::filters {
namespace {

using Head = std::vector<std::pair<std::string, std::string>>;

std::string_view field_of(const void* from, std::string_view name, std::size_t nth) {
  for (const auto& [field, value] : *static_cast<const Head*>(from)) {
    if (same_ignoring_case(field, name) && nth-- == 0) {
      return value;
    }
  }
  return {};
}

Rewritable asked(std::uint16_t status, std::string_view type, const Head& head = {}) {
  CodingList codings;
  return may_rewrite(status, type, {&head, field_of}, codings);
}

TEST(Rewritable, IsTextAndNothingElse) {
  for (const auto* type :
       {"text/html", "text/x-anything", "application/json", "application/javascript",
        "application/x-javascript", "application/ld+json", "image/svg+xml", "application/xhtml+xml",
        "application/vnd.apple.mpegurl", "application/xml"}) {
    EXPECT_EQ(asked(200, type), Rewritable::Yes) << type;
  }
  for (const auto* type :
       {"", "image/png", "application/octet-stream", "application/pdf", "video/mp4", "font/woff2",
        "application/zip", "multipart/form-data", "textual/x"}) {
    EXPECT_EQ(asked(200, type), Rewritable::NotText) << type;
  }
}

TEST(Rewritable, IsAWholeBodyThatNobodyProtects) {
  for (const auto status : std::initializer_list<std::uint16_t>{101, 103, 204, 304}) {
    EXPECT_EQ(asked(status, "text/html"), Rewritable::NoBody);
  }
  EXPECT_EQ(asked(404, "text/html"), Rewritable::Yes);
  EXPECT_EQ(asked(206, "text/html"), Rewritable::Partial);
  EXPECT_EQ(asked(200, "text/html", {{"content-range", "bytes 0-1/2"}}), Rewritable::Partial);
  EXPECT_EQ(asked(200, "text/html",
                  {{"Cache-Control", "max-age=1"}, {"cache-control", "private , No-Transform"}}),
            Rewritable::NoTransform);
  EXPECT_EQ(asked(200, "text/html", {{"Cache-Control", "no-transformers"}}), Rewritable::Yes);
  EXPECT_EQ(asked(200, "text/html", {{"Content-Encoding", "br"}}), Rewritable::Yes);
  EXPECT_EQ(asked(200, "text/html", {{"Content-Encoding", "compress"}}), Rewritable::UnknownCoding);
}

TEST(Rewritable, NamesTheFieldsThatBecomeUntrue) {
  for (const auto* name : {"content-encoding", "CONTENT-LENGTH", "Accept-Ranges", "Content-MD5",
                           "Digest", "Repr-Digest", "Content-Digest"}) {
    EXPECT_TRUE(untrue_when_rewritten(name)) << name;
  }
  EXPECT_FALSE(untrue_when_rewritten("Content-Type"));
  EXPECT_EQ(fields_untrue_when_rewritten().size(), 8U);
}

TEST(Rewritable, WeakensTheEntityTag) {
  Arena arena;
  EXPECT_EQ(weak_etag("\"a\"", arena), "W/\"a\"");
  EXPECT_EQ(weak_etag("W/\"a\"", arena), "W/\"a\"");
  EXPECT_EQ(weak_etag("", arena), "");
}

}  // namespace
}  // namespace weir::filters
