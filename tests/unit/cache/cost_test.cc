// SPDX-License-Identifier: Apache-2.0
//
// What a hit costs: nothing from the heap once the exchange's arena is warm.
#include "proxy/cache/answer_fields.h"
#include "proxy/cache/conditional.h"
#include "proxy/cache/key.h"
#include "proxy/cache/ranges.h"
#include "proxy/cache/reuse.h"
#include "proxy/cache/vary.h"
#include "tests/unit/cache/cases.h"
#include "tests/unit/counted_new.h"

namespace weir::test {
namespace {

struct Hit {
  Parsed<http::RequestHead> request = ask(
      "Accept: text/html, */*;q=0.8|Accept-Language: de, en;q=0.5|Accept-Encoding: gzip, br"
      "|User-Agent: x|Cache-Control: max-age=600|If-None-Match: \"b\", \"c\"|Range: bytes=0-4,8-");
  Parsed<http::ResponseHead> stored =
      answer("Cache-Control: max-age=60|ETag: \"a\"|Vary: Accept-Encoding, Accept-Language");
  cache::Freshness times = freshness("Cache-Control: max-age=60|ETag: \"a\"");
  cache::Variant variant{"accept-encoding,accept-language", "+br,gzip\n+de,en;q=0.5\n", {}, 0};
};

// The questions of one hit, in the order in which a proxy has them.
bool answered(const Hit& hit, Arena& arena) {
  const cache::Asked asked = cache::read_asked(hit.request.head);
  const auto key = cache::cache_key({"http", "a.example", 80, "/p%61th?query"}, arena);
  const auto chosen = cache::choose_variant({&hit.variant, 1}, hit.request.head.fields, arena);
  const auto verdict = cache::may_reuse(asked, hit.times, later(5));
  const auto condition =
      cache::evaluate(hit.request.head.fields, hit.stored.head, hit.times, later(5));
  cache::RangeSet set;
  const bool ranged =
      cache::range_applies(hit.request.head, hit.stored.head, hit.times, later(5)) &&
      cache::resolve_ranges(hit.request.head.fields.value(http::FieldId::Range), 100, set) ==
          cache::RangeAnswer::Parts;
  const auto age = cache::age_text(verdict.age, arena);
  const auto status = cache::cache_status_text(
      {.name = "weir", .has_ttl = true, .ttl = verdict.ttl, .detail = verdict.reason}, arena);
  return !key.empty() && chosen == 0 && verdict.reuse == cache::Reuse::Fresh &&
         condition == cache::Condition::Pass && ranged && age == "5" && !status.empty();
}

TEST(Hit, TakesNothingFromTheHeap) {
  const Hit hit;
  Arena arena;
  EXPECT_TRUE(answered(hit, arena));
  arena.reset();
  const std::size_t before = allocations();
  const bool again = answered(hit, arena);
  EXPECT_EQ(allocations() - before, 0U);
  EXPECT_TRUE(again);
}

}  // namespace
}  // namespace weir::test
