// SPDX-License-Identifier: Apache-2.0
//
// What a reload makes of a changed configuration, setting by setting: what is taken, what waits for
// a restart, and that nothing is passed over in silence.
#include "proxy/config/changes.h"

#include <gtest/gtest.h>

#include "proxy/config/load.h"
#include "proxy/config/settings_table.h"

namespace weir {
namespace {

using Names = std::vector<std::string>;

Settings settings_of(const std::string& text) {
  Loaded loaded = load_settings(text, "weir.json");
  EXPECT_TRUE(loaded) << (loaded ? "" : loaded.error().front().text());
  return loaded ? std::move(*loaded) : Settings();
}

TEST(Changes, AreNoneBetweenEqualConfigurations) {
  const std::string text = R"({"limits": {"head": "32KiB"}, "policy": {"default": "block"}})";
  const SettingChanges found = compare_settings(settings_of(text), settings_of(text));
  EXPECT_EQ(found.taken, Names{});
  EXPECT_EQ(found.restart, Names{});
}

TEST(Changes, AreNamedAndPartedByWhatTakesThemIntoUse) {
  const Settings before = settings_of("{}");
  const Settings after = settings_of(
      R"({"listen": ["127.0.0.1:8080"], "limits": {"head": "32KiB"}, "process": {"workers": 3},
          "admin": {"listen": "off"}, "policy": {"ask": "ann"}, "cache": {"memory": "1MiB"}})");
  const SettingChanges found = compare_settings(before, after);
  EXPECT_EQ(found.taken, (Names{"listen", "limits.head", "cache.memory", "policy.ask"}));
  EXPECT_EQ(found.restart, (Names{"admin.listen", "process.workers"}));
  const Settings now = after_reload(before, after);
  EXPECT_EQ(now.process.workers, before.process.workers);
  EXPECT_EQ(now.admin.listen, before.admin.listen);
  EXPECT_EQ(now.limits.head, after.limits.head);
  EXPECT_EQ(compare_settings(before, now).restart, Names{});
}

TEST(Changes, OfWhetherThereIsACacheNeedARestart) {
  const Settings some = settings_of("{}");
  const Settings none = settings_of(R"({"cache": {"memory": 0}})");
  EXPECT_EQ(compare_settings(some, none).restart, Names{"cache.memory"});
  EXPECT_EQ(compare_settings(none, some).restart, Names{"cache.memory"});
  EXPECT_EQ(after_reload(some, none).cache.memory, some.cache.memory);
}

TEST(Changes, OfASecretAreSeenThoughItIsNotShown) {
  const auto with = [](const std::string& password) {
    return settings_of(R"({"parents": [{"name": "up", "host": "p.example:3128", "user": "u",
                           "password": ")" +
                       password + "\"}]}");
  };
  EXPECT_EQ(compare_settings(with("a"), with("b")).taken, Names{"parents"});
  EXPECT_EQ(compare_settings(with("a"), with("a")).taken, Names{});
}

TEST(Changes, EveryRowThatWaitsForARestartKeepsItsValue) {
  for (const SettingRow& row : setting_rows()) {
    EXPECT_EQ(row.copy == nullptr, is_item(row)) << row.path;
    EXPECT_FALSE(row.restart && is_item(row)) << row.path;
  }
}

}  // namespace
}  // namespace weir
