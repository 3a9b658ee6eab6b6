// SPDX-License-Identifier: Apache-2.0
//
// Arbitrary bytes as each of the texts that the cache's policy reads. Invariants: a date that is
// read is written and read back as the same; numbers stay within 2^31; an entity tag keeps its
// quotes; a key made again from a key is that key; the normal form of Vary and of a variant is its
// own normal form.
#include <cstdint>
#include <string>
#include <string_view>

#include "proxy/base/ascii.h"
#include "proxy/base/assert.h"
#include "proxy/cache/directives.h"
#include "proxy/cache/freshness.h"
#include "proxy/cache/key.h"
#include "proxy/cache/validation.h"
#include "proxy/cache/vary.h"
#include "proxy/http/date.h"

namespace {

using namespace weir;
using namespace weir::cache;

constexpr WallTime kNow{1'800'000'000 * kSecond};

http::Fields one(std::string_view name, std::string_view value) {
  http::Fields out;
  out.lines.push_back({name, value, http::field_id(name)});
  return out;
}

void check_date(std::string_view text) {
  const auto second = http::parse_date(text, kNow);
  if (!second) {
    return;
  }
  char written[http::kDateLength];
  http::write_date(*second, written);
  WEIR_ASSERT(http::parse_date({written, http::kDateLength}, kNow) == second);
}

void check_delta(Delta delta) {
  WEIR_ASSERT(delta == kAbsent || (delta >= 0 && delta <= kForever));
}

void check_directives(std::string_view text) {
  const ResponseDirectives said = read_response_directives(one("Cache-Control", text));
  check_delta(said.max_age);
  check_delta(said.s_maxage);
  check_delta(said.stale_while_revalidate);
  check_delta(said.stale_if_error);
  const RequestDirectives asked = read_request_directives(one("Cache-Control", text));
  check_delta(asked.max_age);
  check_delta(asked.min_fresh);
  check_delta(asked.max_stale);
  check_delta(parse_age(one("Age", text)));
  // What has no quotes hides nothing from a plain look.
  if (text.find('"') == std::string_view::npos) {
    bool plain = false;
    http::each_element(text, [&plain](std::string_view element) {
      plain = plain || same_ignoring_case(element, "no-store");
      return true;
    });
    WEIR_ASSERT(!plain || (said.no_store && asked.no_store));
  }
}

void check_etag(std::string_view text) {
  const Etag tag = parse_etag(text);
  WEIR_ASSERT(!tag.valid() || (tag.opaque.size() >= 2 && text.ends_with(tag.opaque)));
  WEIR_ASSERT(!tag.valid() || weakly_equal(tag, parse_etag(text)));
}

void check_key(std::string_view text) {
  Arena arena;
  const std::string_view base = "http://a.example:80/b/c?d";
  const std::string_view key = resolve_key(base, text, arena);
  WEIR_ASSERT(key.size() <= kKeyLimit);
  if (!key.empty()) {
    WEIR_ASSERT(key.starts_with("http://") || key.starts_with("https://"));
    WEIR_ASSERT(resolve_key(base, key, arena) == key);
    WEIR_ASSERT(same_origin(key, key));
  }
  const std::string_view made = cache_key({"http", "a.example", 80, text}, arena);
  if (text.starts_with('/') && !made.empty()) {
    const std::string_view path = made.substr(std::string_view("http://a.example:80").size());
    WEIR_ASSERT(path.size() <= text.size());
    WEIR_ASSERT(cache_key({"http", "a.example", 80, path}, arena) == made);
  }
}

void check_variant(std::string_view name, std::string_view text) {
  Arena arena;
  const std::string_view first = variant_text(name, one(name, text), arena);
  WEIR_ASSERT(first.starts_with('+') && first.ends_with('\n'));
  const std::string_view value = first.substr(1, first.size() - 2);
  WEIR_ASSERT(variant_text(name, one(name, value), arena) == first);
}

void check_vary(std::string_view text) {
  Arena arena;
  const std::string_view names = vary_text(one("Vary", text), arena);
  WEIR_ASSERT(vary_text(one("Vary", names), arena) == names);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text =
      trim_ows(std::string_view(reinterpret_cast<const char*>(data), size));
  check_date(text);
  check_etag(text);
  if (all(text, kFieldVchar)) {
    check_directives(text);
    check_key(text);
    check_vary(text);
    for (const std::string_view name : {"accept-language", "accept", "foo", "cookie"}) {
      check_variant(name, text);
    }
  }
  return 0;
}
