// SPDX-License-Identifier: Apache-2.0
//
// Field names, methods and comma-separated lists.
#include "proxy/http/message.h"

#include <set>
#include <vector>

#include "proxy/base/ascii.h"
#include "tests/unit/http/heads.h"

namespace weir::test {
namespace {

using http::FieldId;
using http::Hop;
using http::Method;

struct KnownName {
  FieldId id;
  std::string_view name;
  Hop hop;
};

constexpr KnownName kKnown[] = {
#define FIELD(id, name, hop) {FieldId::id, name, Hop::hop},
#include "proxy/http/field_names.def"
#undef FIELD
};

TEST(FieldName, OfTheTableIsFoundInAnyCase) {
  std::set<std::string_view> seen;
  for (const KnownName& known : kKnown) {
    EXPECT_TRUE(seen.insert(known.name).second) << known.name;
    std::string upper;
    for (const char c : known.name) {
      ASSERT_EQ(to_lower(c), c) << known.name << " must be written in lower case";
      upper += is(c, kAlpha) ? static_cast<char>(c - 32) : c;
    }
    EXPECT_EQ(http::field_id(known.name), known.id);
    EXPECT_EQ(http::field_id(upper), known.id);
    EXPECT_EQ(http::hop_of(known.id), known.hop) << known.name;
  }
}

TEST(FieldName, ThatOnlyResemblesOneIsAnother) {
  for (const KnownName& known : kKnown) {
    const std::string name(known.name);
    EXPECT_EQ(http::field_id(name + "x"), FieldId::Other);
    EXPECT_EQ(http::field_id("x" + name), FieldId::Other);
    EXPECT_EQ(http::field_id(name.substr(1)), FieldId::Other) << name;
    for (std::size_t i = 0; i < name.size(); ++i) {
      std::string changed = name;
      changed[i] = '_';
      EXPECT_EQ(http::field_id(changed), FieldId::Other) << changed;
    }
  }
  EXPECT_EQ(http::field_id(""), FieldId::Other);
  EXPECT_EQ(http::field_id(std::string(31, 'a')), FieldId::Other);
  EXPECT_EQ(http::field_id(std::string(32, 'a')), FieldId::Other);
  EXPECT_EQ(http::field_id(std::string(5000, 'a')), FieldId::Other);
  EXPECT_EQ(http::hop_of(FieldId::Other), Hop::EndToEnd);
}

TEST(FieldName, ThatFramesRoutesOrAuthenticatesThisHopIsNeverForwardedAsReceived) {
  for (const std::string_view name :
       {"connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding",
        "upgrade", "content-length", "host", "proxy-authorization", "proxy-authenticate",
        "proxy-authentication-info"}) {
    EXPECT_EQ(http::hop_of(http::field_id(name)), Hop::HopByHop) << name;
  }
}

TEST(MethodName, IsCaseSensitive) {
  struct {
    std::string_view name;
    Method id;
    bool safe;
    bool idempotent;
  } const rows[] = {
      {"GET", Method::Get, true, true},          {"HEAD", Method::Head, true, true},
      {"POST", Method::Post, false, false},      {"PUT", Method::Put, false, true},
      {"DELETE", Method::Delete, false, true},   {"CONNECT", Method::Connect, false, false},
      {"OPTIONS", Method::Options, true, true},  {"TRACE", Method::Trace, true, true},
      {"get", Method::Other, false, false},      {"Head", Method::Other, false, false},
      {"PATCH", Method::Other, false, false},    {"GETS", Method::Other, false, false},
      {"", Method::Other, false, false},         {"CONNECTED", Method::Other, false, false},
      {"PROPFIND", Method::Other, false, false},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(http::method_of(row.name), row.id) << row.name;
    EXPECT_EQ(http::is_safe(http::method_of(row.name)), row.safe) << row.name;
    EXPECT_EQ(http::is_idempotent(http::method_of(row.name)), row.idempotent) << row.name;
  }
}

TEST(Fields, AreLookedUpByTheFirstLineOfAnId) {
  const auto parsed = request("GET / HTTP/1.1|Via: 1|X: y|via: 2|Via:");
  const http::Fields& fields = parsed.head.fields;
  EXPECT_EQ(fields.count(FieldId::Via), 3U);
  EXPECT_EQ(fields.value(FieldId::Via), "1");
  EXPECT_EQ(fields.find(FieldId::Via), fields.lines.data());
  EXPECT_FALSE(fields.has(FieldId::Host));
  EXPECT_EQ(fields.find(FieldId::Host), nullptr);
  EXPECT_EQ(fields.value(FieldId::Host), "");
}

std::vector<std::string> elements(std::string_view list) {
  std::vector<std::string> out;
  http::each_element(list, [&out](std::string_view element) {
    out.emplace_back(element);
    return true;
  });
  return out;
}

TEST(List, IsCutAtCommasOutsideQuotedStrings) {
  using Strings = std::vector<std::string>;
  struct {
    std::string_view list;
    Strings want;
  } const rows[] = {
      {"", {}},
      {" \t", {}},
      {",", {}},
      {", ,\t,,", {}},
      {"a", {"a"}},
      {" a\t", {"a"}},
      {"a,b", {"a", "b"}},
      {",a , b,,c\t,", {"a", "b", "c"}},
      {"a b, c", {"a b", "c"}},
      {"\"a,b\",c", {"\"a,b\"", "c"}},
      {"x=\"a,\\\",b\", c", {"x=\"a,\\\",b\"", "c"}},
      {"\"a\\\\\",b", {"\"a\\\\\"", "b"}},
      {"\"a,b", {"\"a,b"}},
      {"\"a\\", {"\"a\\"}},
      {"a\\,b", {"a\\", "b"}},
      {"\"", {"\""}},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(elements(row.list), row.want) << row.list;
  }
}

TEST(List, IsLeftWhenEnoughIsSeen) {
  int calls = 0;
  http::each_element("a, b, c", [&calls](std::string_view) { return ++calls < 2; });
  EXPECT_EQ(calls, 2);
}

TEST(List, IsOneOverAllLinesOfTheField) {
  const auto parsed =
      request("GET / HTTP/1.1|Connection: a, Close|Te: x|connection:|Connection: b");
  const http::Fields& fields = parsed.head.fields;
  for (const std::string_view token : {"a", "close", "CLOSE", "b"}) {
    EXPECT_TRUE(http::lists_token(fields, FieldId::Connection, token)) << token;
  }
  for (const std::string_view token : {"x", "clos", "closed", "", "a, close"}) {
    EXPECT_FALSE(http::lists_token(fields, FieldId::Connection, token)) << token;
  }
}

}  // namespace
}  // namespace weir::test
