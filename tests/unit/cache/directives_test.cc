// SPDX-License-Identifier: Apache-2.0
//
// Cache-Control and Pragma, well and badly written.
#include "proxy/cache/directives.h"

#include "tests/unit/cache/cases.h"

namespace weir::test {
namespace {

using cache::Delta;
using cache::kAbsent;
using cache::kForever;

std::string shown(Delta delta) {
  return delta == kAbsent ? "-" : delta == kForever ? "ever" : std::to_string(delta);
}

// What was understood, in one line.
std::string picture(const cache::ResponseDirectives& said) {
  std::string out;
  const auto flag = [&out](bool set, std::string_view name) {
    out += set ? std::string(name) + " " : std::string();
  };
  flag(said.no_store, "no-store");
  flag(said.no_cache, "no-cache");
  flag(said.no_cache_fields, "no-cache=");
  flag(said.is_private, "private");
  flag(said.private_fields, "private=");
  flag(said.is_public, "public");
  flag(said.must_revalidate, "must-revalidate");
  flag(said.proxy_revalidate, "proxy-revalidate");
  flag(said.must_understand, "must-understand");
  flag(said.immutable, "immutable");
  const auto number = [&out](Delta delta, std::string_view name) {
    out += delta == kAbsent ? std::string() : std::string(name) + "=" + shown(delta) + " ";
  };
  number(said.max_age, "max-age");
  number(said.s_maxage, "s-maxage");
  number(said.stale_while_revalidate, "swr");
  number(said.stale_if_error, "sie");
  if (!out.empty()) {
    out.pop_back();
  }
  return out;
}

std::string picture(const cache::RequestDirectives& said) {
  std::string out;
  out += said.no_cache ? "no-cache " : "";
  out += said.no_store ? "no-store " : "";
  out += said.only_if_cached ? "only-if-cached " : "";
  out += said.pragma ? "pragma " : "";
  return out + shown(said.max_age) + " " + shown(said.min_fresh) + " " + shown(said.max_stale) +
         " " + shown(said.stale_if_error);
}

TEST(ResponseDirectives, AreReadFromAllLines) {
  const struct {
    std::string_view fields;
    std::string_view want;
  } rows[] = {
      {"", ""},
      {"X: no-store", ""},
      {"Cache-Control: no-store", "no-store"},
      {"Cache-Control: No-StOrE", "no-store"},
      {"Cache-Control: MaX-aGe=3600", "max-age=3600"},
      {"Cache-Control: foobar, max-age=3600", "max-age=3600"},
      {"Cache-Control: ,, max-age=3600 ,", "max-age=3600"},
      {"Cache-Control: public|Cache-Control: max-age=5", "public max-age=5"},
      {"Cache-Control: must-revalidate, proxy-revalidate, must-understand, immutable",
       "must-revalidate proxy-revalidate must-understand immutable"},
      {"Cache-Control: s-maxage=1, max-age=2", "max-age=2 s-maxage=1"},
      {"Cache-Control: stale-while-revalidate=7, stale-if-error=8", "swr=7 sie=8"},
      {"Cache-Control: no-store=1", "no-store"},
      {"Cache-Control: no-storex, xprivate", ""},
      {"Pragma: no-cache", ""},
      {"Pragma: no-cache|Cache-Control: max-age=1", "max-age=1"},
  };
  for (const auto& row : rows) {
    const auto head = answer(row.fields);
    EXPECT_EQ(picture(cache::read_response_directives(head.head.fields)), row.want) << row.fields;
  }
}

TEST(ResponseDirectives, MakeNothingFreshThatIsNotUnderstood) {
  const struct {
    std::string_view value;
    std::string_view want;
  } rows[] = {
      {"max-age=0", "max-age=0"},
      {"max-age=003600", "max-age=3600"},
      {"max-age=\"3600\"", "max-age=3600"},
      {"max-age='3600'", "max-age=0"},
      {"max-age=-3600", "max-age=0"},
      {"max-age=+3600", "max-age=0"},
      {"max-age=a3600", "max-age=0"},
      {"max-age=3600a", "max-age=0"},
      {"max-age=-100a", "max-age=0"},
      {"max-age=3600.0", "max-age=0"},
      {"max-age=3600.5", "max-age=0"},
      {"max-age=0x10", "max-age=0"},
      {"max-age=1 2", "max-age=0"},
      {"max-age", "max-age=0"},
      {"max-age=", "max-age=0"},
      {"max-age=\"\"", "max-age=0"},
      {"max-age=\"", "no-store max-age=0"},
      {"max-age =3600", "max-age=0"},
      {"max-age= 3600", "max-age=0"},
      {"max-age=3600;", "max-age=0"},
      {"max-age=2147483647", "max-age=2147483647"},
      {"max-age=2147483648", "max-age=ever"},
      {"max-age=2147483649", "max-age=ever"},
      {"max-age=99999999999", "max-age=ever"},
      {"max-age=99999999999999999999999999999999", "max-age=ever"},
      {"max-age=1800, max-age=1", "max-age=1800"},
      {"max-age=1, max-age=1800", "max-age=1"},
      {"max-age=x, max-age=1800", "max-age=0"},
      {"s-maxage=5, s-maxage=6", "s-maxage=5"},
      {"stale-while-revalidate", "swr=0"},
      {"stale-if-error=1h", "sie=0"},
      {"extension=\"max-age=3600\", max-age=1", "max-age=1"},
      {"max-age=1, extension=\"max-age=3600\"", "max-age=1"},
      {"extension=\"a, no-store\", max-age=1", "max-age=1"},
      {"extension=\"a\\\", max-age=3600\", max-age=1", "max-age=1"},
  };
  for (const auto& row : rows) {
    const auto head = answer("Cache-Control: " + std::string(row.value));
    EXPECT_EQ(picture(cache::read_response_directives(head.head.fields)), row.want) << row.value;
  }
}

TEST(ResponseDirectives, HideNothingInAQuoteThatNeverEnds) {
  for (const std::string_view value :
       {"extension=\"a, max-age=5", "a=\"b\\\", max-age=5", "\"", "private=\"x, no-store"}) {
    const auto head = answer("Cache-Control: max-age=9|Cache-Control: " + std::string(value));
    EXPECT_TRUE(cache::read_response_directives(head.head.fields).no_store) << value;
  }
}

TEST(ResponseDirectives, TakeTheStricterOfAPlainRestrictionAndOneWithNames) {
  const struct {
    std::string_view value;
    std::string_view want;
  } rows[] = {
      {"private", "private"},
      {"private=\"set-cookie\"", "private="},
      {"private=set-cookie", "private="},
      {"private=\"a, b\"", "private="},
      {"private=\"\"", "private"},
      {"private=", "private"},
      {"private=\" , \"", "private"},
      {"private=\"a b\"", "private"},
      {"private=\"a\", private", "private private="},
      {"no-cache", "no-cache"},
      {"no-cache=\"a\"", "no-cache="},
      {"no-cache=\"a\\\"b\"", "no-cache"},
      {"No-Cache=\"A\", max-age=3", "no-cache= max-age=3"},
  };
  for (const auto& row : rows) {
    const auto head = answer("Cache-Control: " + std::string(row.value));
    EXPECT_EQ(picture(cache::read_response_directives(head.head.fields)), row.want) << row.value;
  }
}

TEST(ResponseDirectives, NameTheFieldsTheyRestrict) {
  const auto head = answer(
      "Cache-Control: no-cache=\"a, B\", private=c|Cache-Control: max-age=1, private=\"set-cookie\""
      "|Cache-Control: other=\"d\", no-cache=\"e f\"");
  for (const std::string_view name : {"a", "A", "b", "C", "Set-Cookie"}) {
    EXPECT_TRUE(cache::restricts_field(head.head.fields, name)) << name;
  }
  for (const std::string_view name : {"d", "e", "f", "max-age", "no-cache", "", "ab"}) {
    EXPECT_FALSE(cache::restricts_field(head.head.fields, name)) << name;
  }
}

TEST(RequestDirectives, AreReadFromCacheControlAndPragma) {
  const struct {
    std::string_view fields;
    std::string_view want;
  } rows[] = {
      {"", "- - - -"},
      {"Cache-Control: no-cache", "no-cache - - - -"},
      {"Cache-Control: NO-STORE", "no-store - - - -"},
      {"Cache-Control: only-if-cached", "only-if-cached - - - -"},
      {"Cache-Control: max-age=0", "0 - - -"},
      {"Cache-Control: max-age=1, min-fresh=2, max-stale=3, stale-if-error=4", "1 2 3 4"},
      {"Cache-Control: max-stale", "- - ever -"},
      {"Cache-Control: max-stale=\"5\"", "- - 5 -"},
      {"Cache-Control: max-stale=x", "- - 0 -"},
      {"Cache-Control: max-stale=", "- - 0 -"},
      {"Cache-Control: max-stale=5, max-stale", "- - 5 -"},
      {"Cache-Control: max-age=x", "0 - - -"},
      {"Cache-Control: max-age=7|Cache-Control: max-age=8", "7 - - -"},
      {"Cache-Control: x=\"no-cache", "no-cache - - - -"},
      {"Pragma: no-cache", "pragma - - - -"},
      {"Pragma: x, No-Cache", "pragma - - - -"},
      {"Pragma: unrecognised-extension", "- - - -"},
      {"Pragma: no-cache|Cache-Control: max-age=10", "10 - - -"},
  };
  for (const auto& row : rows) {
    const auto head = ask(row.fields);
    EXPECT_EQ(picture(cache::read_request_directives(head.head.fields)), row.want) << row.fields;
  }
}

}  // namespace
}  // namespace weir::test
