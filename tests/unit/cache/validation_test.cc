// SPDX-License-Identifier: Apache-2.0
//
// Asking whether what is stored is current, and what the answer does to it.
#include "proxy/cache/validation.h"

#include "tests/unit/cache/cases.h"

namespace weir::test {
namespace {

using cache::Candidate;
using cache::Etag;
using cache::HeadEffect;
using cache::kNoCandidate;

TEST(EntityTag, IsStrict) {
  const struct {
    std::string_view text;
    bool valid;
    bool weak;
  } rows[] = {
      {"\"a\"", true, false},    {"\"\"", true, false},      {"W/\"a\"", true, true},
      {"\"a\\\"", true, false},  {"\"a,b\"", true, false},   {"\"\xc3\xbc\"", true, false},
      {"", false, false},        {"a", false, false},        {"\"", false, false},
      {"w/\"a\"", false, false}, {"W\"a\"", false, false},   {"W/a", false, false},
      {"\"a\"b", false, false},  {"\"a b\"", false, false},  {"\"a\"\"", false, false},
      {"W/", false, false},      {"W\\\"a\"", false, false},
  };
  for (const auto& row : rows) {
    const Etag tag = cache::parse_etag(row.text);
    EXPECT_EQ(tag.valid(), row.valid) << row.text;
    EXPECT_EQ(tag.weak, row.weak) << row.text;
  }
}

TEST(EntityTag, IsComparedStronglyOrWeakly) {
  const struct {
    std::string_view one;
    std::string_view other;
    bool strong;
    bool weak;
  } rows[] = {
      // RFC 9110 8.8.3.2
      {"W/\"1\"", "W/\"1\"", false, true},
      {"W/\"1\"", "W/\"2\"", false, false},
      {"W/\"1\"", "\"1\"", false, true},
      {"\"1\"", "\"1\"", true, true},
      {"\"1\"", "\"2\"", false, false},
      {"1", "1", false, false},
      {"", "", false, false},
  };
  for (const auto& row : rows) {
    const Etag one = cache::parse_etag(row.one);
    const Etag other = cache::parse_etag(row.other);
    EXPECT_EQ(cache::strongly_equal(one, other), row.strong) << row.one << row.other;
    EXPECT_EQ(cache::weakly_equal(one, other), row.weak) << row.one << row.other;
  }
}

// Stored responses for one key; the one whose fields begin with "!" is chosen.
struct Stored {
  explicit Stored(const std::vector<std::string>& all) {
    for (const std::string& fields : all) {
      const bool chosen = fields.starts_with('!');
      const std::string text = fields.substr(chosen ? 1 : 0);
      heads.push_back(std::make_unique<Parsed<http::ResponseHead>>(answer(text)));
      times.push_back(std::make_unique<cache::Freshness>(freshness(text)));
      candidates.push_back({&heads.back()->head, times.back().get(), chosen});
    }
  }
  std::vector<std::unique_ptr<Parsed<http::ResponseHead>>> heads;
  std::vector<std::unique_ptr<cache::Freshness>> times;
  std::vector<Candidate> candidates;
};

TEST(Conditions, NameTheValidatorsThatAreThere) {
  const std::string old = date(-3000);
  const struct {
    std::vector<std::string> stored;
    std::string_view none_match;
    std::string_view modified_since;
  } rows[] = {
      {{}, "", ""},
      {{"!A: 1"}, "", ""},
      {{"!ETag: \"a\""}, "\"a\"", ""},
      {{"!ETag: W/\"a\""}, "W/\"a\"", ""},
      {{"!ETag: a"}, "", ""},
      {{"!Last-Modified: @-3000@"}, "", old},
      {{"!Last-Modified: x"}, "", ""},
      {{"!ETag: \"a\"|Last-Modified: @-3000@"}, "\"a\"", old},
      {{"ETag: \"a\"", "!ETag: \"b\"", "ETag: \"c\""}, "\"b\", \"a\", \"c\"", ""},
      {{"ETag: \"a\"", "ETag: \"a\"", "ETag: \"b\""}, "\"a\", \"b\"", ""},
      {{"ETag: \"a\"|Last-Modified: @-3000@"}, "\"a\"", ""},
      {{"ETag: \"a\"", "!Last-Modified: @-3000@"}, "", old},
      {{"ETag: \"a\"", "!B: 1"}, "\"a\"", ""},
      {{"ETag: \"1\"", "ETag: \"2\"", "ETag: \"3\"", "ETag: \"4\"", "ETag: \"5\"", "ETag: \"6\"",
        "ETag: \"7\"", "ETag: \"8\"", "!ETag: \"9\""},
       "\"9\", \"1\", \"2\", \"3\", \"4\", \"5\", \"6\", \"7\"",
       ""},
  };
  for (const auto& row : rows) {
    const Stored stored(row.stored);
    Arena arena;
    const auto found = cache::conditions_for(stored.candidates, arena);
    EXPECT_EQ(found.if_none_match, row.none_match);
    EXPECT_EQ(found.if_modified_since, row.modified_since);
    EXPECT_EQ(found.any(), !row.none_match.empty() || !row.modified_since.empty());
  }
}

TEST(ValidatingFields, TakeThePlaceOfTheClients) {
  const auto request =
      ask("Abc: 123|If-None-Match: \"x\"|If-Modified-Since: y|Range: bytes=0-1|If-Range: \"x\""
          "|If-Match: \"m\"|If-Unmodified-Since: z|Cache-Control: max-age=0");
  http::Fields out;
  cache::validating_fields(request.head.fields, {"\"a\"", "then"}, out);
  EXPECT_EQ(picture(out),
            " [Host: a.example] [Abc: 123] [If-Match: \"m\"] [If-Unmodified-Since: z]"
            " [Cache-Control: max-age=0] [If-None-Match: \"a\"] [If-Modified-Since: then]");
  cache::validating_fields(request.head.fields, {"\"a\"", ""}, out);
  EXPECT_TRUE(picture(out).ends_with("[If-None-Match: \"a\"]"));
}

TEST(NotModified, SelectsByTheStrongestValidatorItHas) {
  const struct {
    std::vector<std::string> stored;
    std::string_view answer;
    std::size_t want;
  } rows[] = {
      {{"!ETag: \"a\""}, "ETag: \"a\"", 0},
      {{"!ETag: \"a\""}, "ETag: \"b\"", kNoCandidate},
      {{"!ETag: \"a\""}, "ETag: b", kNoCandidate},
      {{"!ETag: \"a\""}, "", 0},
      {{"!A: 1"}, "", 0},
      {{"!A: 1"}, "ETag: \"a\"", kNoCandidate},
      {{"!ETag: W/\"a\""}, "ETag: W/\"a\"", 0},
      // Servers that compress weaken the tag of the 200 only.
      {{"!ETag: W/\"a\""}, "ETag: \"a\"", 0},
      {{"!ETag: W/\"a\"", "ETag: \"a\""}, "ETag: \"a\"", 1},
      {{"ETag: \"a\"", "!ETag: \"b\""}, "ETag: \"a\"", 0},
      {{"ETag: \"a\"|Date: @-5@", "ETag: \"a\"|Date: @-1@", "ETag: \"a\"|Date: @-9@"},
       "ETag: \"a\"",
       1},
      {{"ETag: \"a\"|Date: @-1@", "!ETag: \"a\"|Date: @-5@"}, "ETag: \"a\"", 1},
      {{"ETag: \"a\"", "!ETag: \"b\""}, "", kNoCandidate},
      {{"A: 1", "!ETag: \"b\""}, "", 1},
      {{"!Last-Modified: @-3000@"}, "Last-Modified: @-3000@", 0},
      {{"!Last-Modified: @-3000@"}, "Last-Modified: @-2000@", kNoCandidate},
      {{"!Last-Modified: @-3000@"}, "", 0},
      {{"!ETag: \"a\"|Last-Modified: @-3000@"}, "Last-Modified: @-3000@", 0},
      {{"Last-Modified: @-3000@|Date: @-2@", "Last-Modified: @-3000@|Date: @-1@"},
       "Last-Modified: @-3000@",
       1},
      {{}, "ETag: \"a\"", kNoCandidate},
      {{}, "", kNoCandidate},
  };
  for (const auto& row : rows) {
    const Stored stored(row.stored);
    EXPECT_EQ(cache::select_by_304(answer(row.answer, 304).head, stored.candidates), row.want)
        << (row.stored.empty() ? "" : row.stored[0]) << " / " << row.answer;
  }
}

std::string merged(std::string_view stored, std::string_view update, int status = 200) {
  const auto before = answer(stored, status);
  const auto news = answer(update, 304);
  http::Fields out;
  cache::merge_fields(before.head, news.head, out);
  return picture(out);
}

TEST(Merging, ReplacesWhatTheUpdateSays) {
  const struct {
    std::string_view stored;
    std::string_view update;
    std::string_view want;
  } rows[] = {
      {"A: 1|B: 2", "", " [A: 1] [B: 2]"},
      {"A: 1|B: 2", "a: 3", " [B: 2] [a: 3]"},
      {"A: 1|A: 2", "A: 3|A: 4", " [A: 3] [A: 4]"},
      {"Cache-Control: max-age=1", "Cache-Control: max-age=3600", " [Cache-Control: max-age=3600]"},
      {"Content-Length: 36", "Content-Length: 10", " [Content-Length: 36]"},
      {"A: 1", "Connection: x, a|A: 2|X: 3|Keep-Alive: 5|Proxy-Authenticate: y|TE: z", " [A: 1]"},
      {"A: 1", "Transfer-Encoding: chunked|Upgrade: h2c|Trailer: x", " [A: 1]"},
      {"Set-Cookie: a=b", "Set-Cookie: a=c", " [Set-Cookie: a=c]"},
      {"Content-Type: a/b", "Content-Type: c/d", " [Content-Type: c/d]"},
      {"Content-Location: /a", "Content-Location: /b", " [Content-Location: /b]"},
      {"ETag: \"a\"|Expires: 1", "ETag: \"a\"|Expires: 2", " [ETag: \"a\"] [Expires: 2]"},
      {"Last-Modified: x", "Last-Modified: y", " [Last-Modified: y]"},
      // The bytes are known to be the same only by a strong entity tag.
      {"ETag: \"a\"|Content-Encoding: gzip", "ETag: \"a\"|Content-Encoding: br",
       " [ETag: \"a\"] [Content-Encoding: br]"},
      {"ETag: W/\"a\"|Content-Encoding: gzip", "ETag: W/\"a\"|Content-Encoding: br",
       " [Content-Encoding: gzip] [ETag: W/\"a\"]"},
      {"A: 1", "Content-Encoding: gzip", " [A: 1]"},
      {"ETag: W/\"a\"", "ETag: \"a\"", " [ETag: W/\"a\"]"},
      {"ETag: \"a\"", "ETag: W/\"a\"", " [ETag: W/\"a\"]"},
      // What tells of a moment is that of the update, even by its absence.
      {"Date: x|A: 1", "Date: y", " [A: 1] [Date: y]"},
      {"Date: x|A: 1", "", " [A: 1]"},
      {"A: 1", "Age: 7|Warning: 110 - x", " [A: 1] [Age: 7]"},
      {"Content-Range: x", "Content-Range: y", " [Content-Range: y]"},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(merged(row.stored, row.update), row.want) << row.stored << " / " << row.update;
  }
  EXPECT_EQ(merged("Content-Range: bytes 0-4/10", "Content-Range: bytes 5-9/10", 206),
            " [Content-Range: bytes 0-4/10]");
}

TEST(Merging, GivesANewLifetime) {
  const auto before = answer("Cache-Control: max-age=2|Date: @-100@|Age: 3|ETag: \"a\"");
  const auto news = answer("ETag: \"a\"|Date: @0@|Cache-Control: max-age=60|Age: 10", 304);
  http::ResponseHead head;
  head.status = 200;
  cache::merge_fields(before.head, news.head, head.fields);
  const auto renewed = cache::read_freshness(head, cache::read_response_directives(head.fields),
                                             {kNow, kNow}, {}, {});
  EXPECT_EQ(cache::ttl(renewed, kNow), 50);
}

TEST(HeadAnswer, FreshensInvalidatesOrDoesNothing) {
  const struct {
    std::string_view answer;
    int status;
    std::string_view stored;
    HeadEffect want;
  } rows[] = {
      {"", 200, "A: 1", HeadEffect::Freshen},
      {"Cache-Control: max-age=1000", 200, "Cache-Control: max-age=2", HeadEffect::Freshen},
      {"ETag: \"a\"", 200, "ETag: \"a\"", HeadEffect::Freshen},
      {"ETag: W/\"a\"", 200, "ETag: W/\"a\"", HeadEffect::Freshen},
      {"ETag: \"b\"", 200, "ETag: \"a\"", HeadEffect::Invalidate},
      {"ETag: \"b\"", 200, "A: 1", HeadEffect::Invalidate},
      {"", 200, "ETag: \"a\"", HeadEffect::Freshen},
      {"Last-Modified: @-9@", 200, "Last-Modified: @-9@", HeadEffect::Freshen},
      {"Last-Modified: @-8@", 200, "Last-Modified: @-9@", HeadEffect::Invalidate},
      {"Last-Modified: @-8@", 200, "", HeadEffect::Invalidate},
      {"Content-Length: 36", 200, "", HeadEffect::Freshen},
      {"Content-Length: 37", 200, "", HeadEffect::Invalidate},
      {"Content-Length: 36|ETag: \"b\"", 200, "ETag: \"a\"", HeadEffect::Invalidate},
      {"ETag: \"b\"", 410, "ETag: \"a\"", HeadEffect::Nothing},
      {"ETag: \"b\"", 304, "ETag: \"a\"", HeadEffect::Nothing},
      {"ETag: \"b\"", 503, "ETag: \"a\"", HeadEffect::Nothing},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(
        cache::effect_of_head(answer(row.answer, row.status).head, answer(row.stored).head, 36),
        row.want)
        << row.answer << " / " << row.stored;
  }
  EXPECT_EQ(cache::effect_of_head(answer("").head, answer("", 404).head, 36),
            HeadEffect::Invalidate);
}

TEST(Validator, IsAWellFormedTagOrDate) {
  EXPECT_TRUE(cache::has_validator(answer("ETag: \"a\"").head.fields));
  EXPECT_TRUE(cache::has_validator(answer("Last-Modified: @-9@").head.fields));
  EXPECT_FALSE(cache::has_validator(answer("ETag: a|Last-Modified: x").head.fields));
  EXPECT_FALSE(cache::has_validator(answer("").head.fields));
}

TEST(LastModified, IsStrongAMinuteBeforeDate) {
  EXPECT_TRUE(cache::strong_date(freshness("Date: @0@|Last-Modified: @-60@")));
  EXPECT_FALSE(cache::strong_date(freshness("Date: @0@|Last-Modified: @-59@")));
  EXPECT_FALSE(cache::strong_date(freshness("Date: @0@|Last-Modified: @60@")));
  EXPECT_FALSE(cache::strong_date(freshness("Date: @0@")));
}

}  // namespace
}  // namespace weir::test
