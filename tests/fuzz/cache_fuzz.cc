// SPDX-License-Identifier: Apache-2.0
//
// A request head, the head of its answer and perhaps that of a 304, one after the other, through
// the cache's policy. Invariants, seen independently of it: nothing with a plain no-store or
// private, or with Vary: *, is stored, nor what answers an unsafe method; what is kept has one Date
// and no field of this hop; a response never answers fresh past its lifetime, and stale never
// against must-revalidate or no-cache; the request that was stored for selects the variant stored
// for it; merging keeps the length.
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "proxy/base/assert.h"
#include "proxy/cache/conditional.h"
#include "proxy/cache/invalidation.h"
#include "proxy/cache/ranges.h"
#include "proxy/cache/storage.h"
#include "proxy/cache/validation.h"
#include "proxy/cache/vary.h"
#include "proxy/http/date.h"
#include "proxy/http/parse.h"

namespace {

using namespace weir;
using namespace weir::cache;
using http::FieldId;
using http::Progress;

constexpr WallTime kNow{1'800'000'000 * kSecond};
constexpr std::string_view kKey = "http://a.example:80/x";

// Does a line of that id, one without any quote, have this element?
bool plainly_says(const http::Fields& fields, FieldId id, std::string_view word) {
  return std::ranges::any_of(fields.lines, [&](const http::Field& line) {
    bool found = false;
    if (line.id == id && line.value.find('"') == std::string_view::npos) {
      http::each_element(line.value, [&](std::string_view element) {
        found = found || same_ignoring_case(element, word);
        return !found;
      });
    }
    return found;
  });
}

void check_stored(const http::RequestHead& request, const http::ResponseHead& response) {
  const bool understood = plainly_says(response.fields, FieldId::CacheControl, "must-understand");
  WEIR_ASSERT(understood || !plainly_says(response.fields, FieldId::CacheControl, "no-store"));
  WEIR_ASSERT(!plainly_says(request.fields, FieldId::CacheControl, "no-store"));
  WEIR_ASSERT(!plainly_says(response.fields, FieldId::CacheControl, "private"));
  WEIR_ASSERT(!plainly_says(response.fields, FieldId::Vary, "*"));
  WEIR_ASSERT(response.status >= 200 && response.status != 304);
  WEIR_ASSERT(request.method == "GET" ||
              (request.method == "POST" && response.fields.has(FieldId::ContentLocation)));
}

void check_fields(const http::ResponseHead& response, const Freshness& freshness) {
  Arena arena;
  http::Fields kept;
  stored_fields(response, freshness, arena, kept);
  WEIR_ASSERT(kept.count(FieldId::Date) == 1);
  WEIR_ASSERT(http::parse_date(kept.value(FieldId::Date), kNow).has_value());
  for (const http::Field& line : kept.lines) {
    WEIR_ASSERT(line.id == FieldId::ContentLength || http::hop_of(line.id) != http::Hop::HopByHop);
    WEIR_ASSERT(line.id != FieldId::Age && line.id != FieldId::Warning);
  }
}

void check_verdict(const ReuseVerdict& verdict, const Freshness& freshness) {
  WEIR_ASSERT(verdict.ttl == std::int64_t{freshness.lifetime} - verdict.age);
  WEIR_ASSERT(verdict.reason != Reason::None && verdict.reason != Reason::Absent);
  if (verdict.usable()) {
    WEIR_ASSERT(!freshness.no_cache);
    WEIR_ASSERT((verdict.reuse == Reuse::Fresh) == (verdict.ttl > 0));
    WEIR_ASSERT(verdict.ttl > 0 || !freshness.must_revalidate);
  }
}

void check_reuse(const Asked& asked, const Freshness& freshness) {
  for (const std::int64_t after : {-100L, 0L, 1L, 60L, 3600L, 100'000L, 3'000'000'000L}) {
    const WallTime now{kNow.us + after * kSecond};
    check_verdict(may_reuse(asked, freshness, now), freshness);
    for (const ErrorKind error :
         {ErrorKind::Unreachable, ErrorKind::Timeout, ErrorKind::Status5xx}) {
      check_verdict(may_serve_on_error(asked, freshness, now, error), freshness);
    }
  }
}

void check_vary(const http::RequestHead& request, const http::ResponseHead& response) {
  Arena arena;
  const std::string_view vary = vary_text(response.fields, arena);
  const Variant stored{vary, variant_text(vary, request.fields, arena), {}, 0};
  WEIR_ASSERT(choose_variant({&stored, 1}, request.fields, arena) == 0);
}

void check_merge(const http::ResponseHead& stored, const Freshness& freshness,
                 const http::ResponseHead& update) {
  const Candidate candidate{&stored, &freshness, true};
  const std::size_t selected = select_by_304(update, {&candidate, 1});
  WEIR_ASSERT(selected == 0 || selected == kNoCandidate);
  http::ResponseHead merged;
  merged.status = stored.status;
  merge_fields(stored, update, merged.fields);
  WEIR_ASSERT(merged.fields.count(FieldId::ContentLength) ==
              stored.fields.count(FieldId::ContentLength));
  WEIR_ASSERT(merged.fields.value(FieldId::ContentLength) ==
              stored.fields.value(FieldId::ContentLength));
  const Freshness renewed =
      read_freshness(merged, read_response_directives(merged.fields), {kNow, kNow}, {}, {});
  check_fields(merged, renewed);
  (void)effect_of_head(update, stored, 5);
}

void check_all(const http::RequestHead& request, const http::ResponseHead& response,
               const http::ResponseHead& update) {
  const Asked asked = read_asked(request);
  const Rules rules;
  const StoreVerdict verdict = may_store({.asked = asked,
                                          .key = kKey,
                                          .response = response,
                                          .directives = read_response_directives(response.fields),
                                          .exchanged = {kNow, kNow},
                                          .rules = rules,
                                          .overrides = {}});
  WEIR_ASSERT(verdict.reason != Reason::None);
  Arena arena;
  (void)keys_to_invalidate(request.method_id, kKey, response, arena);
  if (!verdict.store) {
    return;
  }
  check_stored(request, response);
  check_fields(response, verdict.freshness);
  check_reuse(asked, verdict.freshness);
  check_vary(request, response);
  check_merge(response, verdict.freshness, update);
  (void)evaluate(request.fields, response, verdict.freshness, kNow);
  (void)range_applies(request, response, verdict.freshness, kNow);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  http::RequestHead request;
  http::ResponseHead response;
  http::ResponseHead update;
  http::HeadScan first;
  const auto asked = http::take_request(text, first, {}, request);
  if (asked.progress != Progress::Done) {
    return 0;
  }
  text.remove_prefix(asked.used);
  http::HeadScan second;
  const auto answered = http::take_response(text, second, {}, response);
  if (answered.progress != Progress::Done) {
    return 0;
  }
  text.remove_prefix(answered.used);
  http::HeadScan third;
  if (http::take_response(text, third, {}, update).progress != Progress::Done) {
    update.clear();
  }
  check_all(request, response, update);
  return 0;
}
