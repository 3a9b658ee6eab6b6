// SPDX-License-Identifier: Apache-2.0
//
// What is made from the table for people and editors: the default configuration, the effective one,
// the JSON Schema and the reference.
#include "proxy/config/schema.h"

#include <gtest/gtest.h>

#include "proxy/config/load.h"
#include "proxy/config/scan.h"
#include "proxy/config/settings_table.h"

namespace weir {
namespace {

std::string problems_of(const Loaded& loaded) {
  return loaded ? "" : loaded.error().front().text();
}

TEST(DefaultConfig, LoadsAndChangesNothing) {
  const Loaded written = load_settings(default_config(), "default");
  ASSERT_EQ(problems_of(written), "");
  EXPECT_EQ(effective_config(*written), effective_config(load_settings("{}", "").value()));
}

TEST(DefaultConfig, ExplainsEverySettingWithinTheWidthOfAPage) {
  const std::string text = default_config();
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = text.find('\n', at);
    EXPECT_LE(end - at, 100u) << text.substr(at, end - at);
    at = end + 1;
  }
  for (const SettingRow& row : setting_rows()) {
    const std::size_t dot = row.path.rfind('.');
    const std::string name = json_text(row.path.substr(dot == row.path.npos ? 0 : dot + 1)) + ": ";
    EXPECT_TRUE(is_item(row) || text.find(name) != std::string::npos) << row.path;
  }
}

TEST(EffectiveConfig, LoadsToTheSameSettings) {
  const Loaded second = load_settings(
      R"({"listen": [":1", {"at": "[fd00::1]:2", "name": "x"}], "clients": {"allow": ["loopback"]},
          "limits": {"head": 70001}, "timeouts": {"head": 0.0015, "dns": "59m"},
          "dns": {"servers": ["::1"], "hosts": {"a": ["::ffff:1.2.3.4"]}},
          "parents": [{"name": "up", "host": "[::1]:8", "user": "u", "password": "secret"}],
          "routes": [{"hosts": ["*"], "parents": ["up"]}],
          "auth": {"realm": "gr\u00fcn", "htpasswd_file": "a b"}})",
      "f");
  ASSERT_EQ(problems_of(second), "");
  const std::string text = effective_config(*second);
  const Loaded again = load_settings(text, "again");
  ASSERT_EQ(problems_of(again), "");
  EXPECT_EQ(effective_config(*again), text);
}

TEST(EffectiveConfig, ShowsNoSecret) {
  const Loaded loaded = load_settings(
      R"({"parents": [{"name": "up", "host": "h:8", "user": "someone", "password": "hunter2"}]})",
      "f");
  ASSERT_EQ(problems_of(loaded), "");
  const std::string text = effective_config(*loaded);
  EXPECT_EQ(text.find("hunter2"), std::string::npos);
  EXPECT_EQ(text.find(loaded->parents[0].authorization.substr(6)), std::string::npos);
}

TEST(Schema, IsJsonAndNamesEverySetting) {
  const std::string text = settings_schema();
  const Scan scan = scan_json(text);
  EXPECT_EQ(scan.message, "") << text.substr(scan.offset, 60);
  for (const SettingRow& row : setting_rows()) {
    EXPECT_NE(text.find(json_text(row.reason)), std::string::npos) << row.path;
  }
  for (const SettingSection& section : setting_sections()) {
    EXPECT_NE(text.find(json_text(section.reason)), std::string::npos) << section.name;
  }
}

TEST(Reference, HasOneLinePerSetting) {
  const std::string text = settings_reference();
  for (const SettingRow& row : setting_rows()) {
    EXPECT_NE(text.find("\n| `" + std::string(row.path) + "` | "), std::string::npos) << row.path;
  }
}

}  // namespace
}  // namespace weir
