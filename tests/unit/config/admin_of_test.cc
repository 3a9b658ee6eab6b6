// SPDX-License-Identifier: Apache-2.0
//
// Where the admin interface is, told by configurations that no proxy would take.
#include "proxy/config/admin_of.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

constexpr const char* kNothing = "cannot be told";
constexpr const char* kUsual = "127.0.0.1:3180";

TEST(AdminOf, IsTakenFromWhatCanBeRead) {
  const struct {
    const char* what;
    const char* text;
    const char* listen;
    bool faulty;
  } cases[] = {
      {"nothing is wrong", R"({"admin": {"listen": "127.0.0.1:9"}})", "127.0.0.1:9", false},
      {"nothing is said", "{}", kUsual, false},
      {"another setting", R"({"limits": {"head": "one"}, "admin": {"listen": "unix:/a"}})",
       "unix:/a", true},
      {"another of its own", R"({"admin": {"listen": "off", "hosts": 5}})", "off", true},
      {"a contradiction", R"({"listen": "127.0.0.1:9", "admin": {"listen": "127.0.0.1:9"}})",
       "127.0.0.1:9", true},
      {"another, and it goes unsaid", R"({"limits": {"head": "one"}})", kUsual, true},
      {"itself", R"({"admin": {"listen": "nowhere"}})", kNothing, true},
      {"its kind", R"({"admin": {"listen": 3180}})", kNothing, true},
      {"its section", R"({"admin": ["127.0.0.1:9"]})", kNothing, true},
      {"the file", R"(["admin"])", kUsual, true},
      {"a comma before", R"({"log": {} "admin" : { "listen": "127.0.0.1:9", "hosts": ["a"]}})",
       "127.0.0.1:9", true},
      {"an end that is missing", R"({"admin": {"listen": "127.0.0.1:9"}, "log": {)", "127.0.0.1:9",
       true},
      {"a comma, and it goes unsaid", R"({"log": {} "limits": {}, "users": ["admin"]})", kUsual,
       true},
      {"within it", R"({"admin": {"listen": "127.0.0.1:9" "hosts": []}})", kNothing, true},
      {"it ends in it", R"({"admin": {"listen": "127.0)", kNothing, true},
      {"a comma, and two of them", R"({"log" {}, "admin": {}, "admin": {"listen": "off"}})",
       kNothing, true},
      {"a comma, and its kind", R"({"log" {}, "admin": "127.0.0.1:9"})", kNothing, true},
      {"a bracket, and it is a comment's",
       "{ // \"admin\": {\"listen\": \"127.0.0.1:9\"}\n \"listen\": [ }", kUsual, true},
      {"a bracket, and it is a part's", R"({"policy": {"admin": {"listen": "off"}}, "listen": [ })",
       kNothing, true},
      {"a bracket, behind a comment",
       R"({"admin" /* here */ : {"listen": "127.0.0.1:9"}, "log": [ })", "127.0.0.1:9", true},
      {"a bracket, behind a text", R"({"note": "// {\"", "admin": {"listen": "off"}, "log": [ })",
       "off", true},
      {"all", "", kUsual, true},
  };
  for (const auto& c : cases) {
    const FoundAdmin found = admin_of(c.text, "weir.json");
    EXPECT_EQ(found ? found->listen : kNothing, c.listen) << c.what;
    const auto& problems = found ? found->problems : found.error();
    EXPECT_EQ(!problems.empty(), c.faulty) << c.what;
  }
}

TEST(AdminOf, AFileThatIsNotThereSaysNothing) {
  const FoundAdmin found = admin_of_file("/nowhere/at/all.json");
  ASSERT_FALSE(found.has_value());
  EXPECT_NE(found.error().front().text().find("there is no such file"), std::string::npos);
}

}  // namespace
}  // namespace weir
