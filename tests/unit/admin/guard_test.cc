// SPDX-License-Identifier: Apache-2.0
//
// Who may speak to the admin interface: tables of Host, Origin and types of bodies.
#include "proxy/admin/guard.h"

#include <gtest/gtest.h>

namespace weir::admin {
namespace {

Site site_at(std::string_view at, std::vector<std::string> hosts = {}) {
  return {Endpoint::parse(at), std::move(hosts)};
}

TEST(Host, IsOneOfOursOrRefused) {
  const std::pair<std::string_view, bool> table[] = {
      {"localhost", true},
      {"LocalHost:3180", true},
      {"localhost:9999", true},  // forwarded from another port
      {"localhost.", true},
      {"127.0.0.1:3180", true},
      {"[::1]:3180", true},
      {"[0:0::1]", true},
      {"[::ffff:127.0.0.1]", true},
      {"10.0.0.5:3180", true},
      {"proxy.example", true},
      {"PROXY.example:1", true},
      {"192.0.2.9", true},
      {"evil.example", false},
      {"evil.example:3180", false},
      {"localhost.evil.example", false},
      {"127.0.0.1.evil.example", false},
      {"127.0.0.2", false},
      {"10.0.0.6", false},
      {"2130706433", false},
      {"127.1", false},
      {"0.0.0.0", false},
      {"", false},
      {":3180", false},
      {"localhost:x", false},
      {"user@localhost", false},
      {"[localhost]", false},
      {"localhost, evil.example", false},
  };
  const Site site = site_at("10.0.0.5:3180", {"proxy.example", "192.0.2.9"});
  for (const auto& [host, known] : table) {
    EXPECT_EQ(knows_host(site, host), known) << host;
  }
}

TEST(Host, MayBeAnyAddressWhereAllAreListenedOn) {
  for (const char* at : {"0.0.0.0:3180", "[::]:3180"}) {
    EXPECT_TRUE(knows_host(site_at(at), "192.0.2.77:3180")) << at;
    EXPECT_TRUE(knows_host(site_at(at), "[2001:db8::1]")) << at;
    EXPECT_FALSE(knows_host(site_at(at), "evil.example")) << at;
  }
}

TEST(Host, IsNotAskedOnASocketInTheFileSystem) {
  EXPECT_TRUE(knows_host(Site{}, "whatever"));
}

struct Line {
  const char* what;
  Claims claims;
  bool changes;
  int status;  // 0: it may pass
};

Claims claims(std::optional<std::string_view> host, std::optional<std::string_view> origin = {},
              std::string_view fetch_site = {}) {
  Claims out;
  out.host = host;
  out.origin = origin;
  out.fetch_site = fetch_site;
  return out;
}

Claims with_body(std::optional<std::string_view> media_type) {
  Claims out = claims("localhost");
  out.media_type = media_type;
  out.has_body = true;
  return out;
}

TEST(Object, KnowsPagesOfOthersFromOurs) {
  const Line table[] = {
      {"a program that changes", claims("localhost"), true, 0},
      {"a program without Host", claims({}), true, 0},
      {"a rebound name", claims("evil.example"), false, 421},
      {"a rebound name with its own origin", claims("evil.example", "http://evil.example"), true,
       421},
      {"our own page", claims("localhost:3180", "http://localhost:3180"), true, 0},
      {"our own page in capitals", claims("localhost:3180", "HTTP://LOCALHOST:3180"), true, 0},
      {"another site", claims("localhost:3180", "http://evil.example"), true, 403},
      {"another port", claims("localhost:3180", "http://localhost:8080"), true, 403},
      {"another scheme", claims("localhost:3180", "https://localhost:3180"), true, 403},
      {"an origin that is hidden", claims("localhost:3180", "null"), true, 403},
      {"an empty origin", claims("localhost:3180", ""), true, 403},
      {"an origin and no Host", claims({}, "http://localhost"), true, 403},
      {"a form, by the browser's word", claims("localhost", {}, "cross-site"), true, 403},
      {"a neighbour, by its word", claims("localhost", {}, "same-site"), true, 403},
      {"our page, by its word", claims("localhost", {}, "same-origin"), true, 0},
      {"the address bar", claims("localhost", {}, "none"), true, 0},
      {"another site that only asks", claims("localhost", "http://evil.example"), false, 0},
      {"a JSON body", with_body("application/json"), true, 0},
      {"a JSON body with a charset", with_body("Application/JSON ; charset=utf-8"), true, 0},
      {"a form's body", with_body("application/x-www-form-urlencoded"), true, 415},
      {"a plain body", with_body("text/plain"), true, 415},
      {"something like JSON", with_body("application/json5"), true, 415},
      {"a body of no type", with_body({}), true, 415},
  };
  for (const Line& line : table) {
    const auto refusal = object(site_at("127.0.0.1:3180"), line.claims, line.changes);
    EXPECT_EQ(refusal ? refusal->status : 0, line.status) << line.what;
  }
}

}  // namespace
}  // namespace weir::admin
