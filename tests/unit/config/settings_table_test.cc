// SPDX-License-Identifier: Apache-2.0
//
// The table of settings against Settings and against the loader: every row can be set, agrees with
// the default in the struct, and holds its bounds exactly.
#include "proxy/config/settings_table.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <set>

#include "proxy/config/load.h"
#include "proxy/config/units.h"

namespace weir {
namespace {

// {"limits": {"head": value}}; a member of a list's object stands in one that is otherwise good.
std::string config_with(std::string_view path, const std::string& value) {
  if (constexpr std::string_view kList = "policy.lists[]."; path.starts_with(kList)) {
    return R"({"policy": {"lists": [{"name": "a", "url": "https://a.example/", )" +
           json_text(path.substr(kList.size())) + ": " + value + "}]}}";
  }
  if (path == "transparent.strict_groups") {  // which must be there
    return R"({"policy": {"groups": [{"name": "kids", "clients": ["10.0.0.1"]}]}, "transparent": )"
           R"({"strict_groups": )" +
           value + "}}";
  }
  const std::size_t dot = path.find('.');
  const std::string inner = json_text(path.substr(dot == path.npos ? 0 : dot + 1)) + ": " + value;
  return dot == path.npos ? "{" + inner + "}"
                          : "{" + json_text(path.substr(0, dot)) + ": {" + inner + "}}";
}

std::string show(const Settings& settings, std::string_view path) {
  const SettingRow* row = find_setting(path);
  return row == nullptr ? "no such row" : row->show(*row, settings);
}

// What is shown after the setting has been given this value; the first problem if it was refused.
std::string set(std::string_view path, const std::string& value) {
  const Loaded loaded = load_settings(config_with(path, value), "weir.json");
  return loaded ? show(*loaded, path) : loaded.error().front().text();
}

struct Line {
  std::string_view path;
  std::string value;
  std::string shown;
};

const std::vector<Line> kLines = {
    {"listen", R"(["10.0.0.1:8080"])", R"(["10.0.0.1:8080"])"},
    {"clients.allow", R"(["loopback", "10.0.0.0/8"])",
     R"(["127.0.0.0/8", "::1/128", "10.0.0.0/8"])"},
    {"clients.leases", R"(["auto", "/tmp/dhcp.leases"])", R"(["auto", "/tmp/dhcp.leases"])"},
    {"clients.max_connections", "1000", "1000"},
    {"clients.max_connections_per_client", "10", "10"},
    {"clients.open_proxy", "true", "true"},
    {"tls.ca_certificate", R"("ca.pem")", R"("ca.pem")"},
    {"tls.ca_key", R"("ca.key")", R"("ca.key")"},
    {"tls.origin_ca", R"("company.pem")", R"("company.pem")"},
    {"auth.htpasswd_file", R"("/etc/weir/htpasswd")", R"("/etc/weir/htpasswd")"},
    {"auth.realm", R"("The office")", R"("The office")"},
    {"auth.remember", "0", R"("0s")"},
    {"connect.ports", "[443, 8443]", "[443, 8443]"},
    {"http.deny_methods", R"(["TRACE"])", R"(["TRACE"])"},
    {"http.upgrades", R"(["WebSocket", "x"])", R"(["websocket", "x"])"},
    {"http.forwarded_for", R"("add")", R"("add")"},
    {"http.forwarded", R"("transparent")", R"("transparent")"},
    {"http.via", R"("gate-1")", R"("gate-1")"},
    {"http.keep_trailers", "false", "false"},
    {"limits.request_line", "8192", R"("8KiB")"},
    {"limits.head", R"("32KiB")", R"("32KiB")"},
    {"limits.fields", "100", "100"},
    {"limits.request_body", R"("10MiB")", R"("10MiB")"},
    {"limits.interim_responses", "3", "3"},
    {"timeouts.client_idle", "5", R"("5s")"},
    {"timeouts.head", "1.5", R"("1500ms")"},
    {"timeouts.body_idle", R"("90s")", R"("90s")"},
    {"timeouts.body_min_rate", "0", "0"},
    {"timeouts.client_write", R"("2m")", R"("2m")"},
    {"timeouts.dns", R"("500ms")", R"("500ms")"},
    {"timeouts.connect", R"("3s")", R"("3s")"},
    {"timeouts.connect_total", R"("4s")", R"("4s")"},
    {"timeouts.origin_head", R"("1h")", R"("1h")"},
    {"timeouts.origin_body_idle", R"("3h")", R"("3h")"},
    {"timeouts.tunnel_idle", R"("1d")", R"("1d")"},
    {"timeouts.linger", R"("0s")", R"("0s")"},
    {"timeouts.shutdown", R"("1m")", R"("1m")"},
    {"origin.max_per_destination", "8", "8"},
    {"origin.max_idle_per_destination", "4", "4"},
    {"origin.max_idle", "16", "16"},
    {"origin.idle", R"("4s")", R"("4s")"},
    {"origin.queue", "0", "0"},
    {"origin.queue_wait", R"("1s")", R"("1s")"},
    {"transparent.host_verify", R"("strict")", R"("strict")"},
    {"transparent.strict_groups", R"(["kids"])", R"(["kids"])"},
    {"transparent.verify_wait", "0", R"("0s")"},
    {"transparent.quiet_wait", "2", R"("2s")"},
    {"transparent.unknown", R"("refuse")", R"("refuse")"},
    {"transparent.no_name", R"("refuse")", R"("refuse")"},
    {"transparent.encrypted_hello", R"("refuse")", R"("refuse")"},
    {"transparent.keep_client_address", "true", "true"},
    {"transparent.mark", "7", "7"},
    {"cache.memory", R"("64MiB")", R"("64MiB")"},
    {"cache.memory_object", R"("1MiB")", R"("1MiB")"},
    {"cache.directory", R"("/var/cache/weir")", R"("/var/cache/weir")"},
    {"cache.disk", R"("1GiB")", R"("1GiB")"},
    {"cache.disk_object", R"("64MiB")", R"("64MiB")"},
    {"cache.disk_wait", R"("1s")", R"("1s")"},
    {"cache.collapse", "false", "false"},
    {"cache.collapse_wait", R"("5s")", R"("5s")"},
    {"cache.alone_for", "0", R"("0s")"},
    {"cache.finish", "0", R"("0B")"},
    {"cache.heuristic_percent", "0", "0"},
    {"cache.heuristic_limit", R"("1d")", R"("1d")"},
    {"cache.lifetime_limit", R"("1h")", R"("1h")"},
    {"cache.negative_lifetime", R"("10s")", R"("10s")"},
    {"cache.stale_on_error", "0", R"("0s")"},
    {"cache.status_field", "false", "false"},
    {"cache.purge_method", "true", "true"},
    {"cache.purge_from", R"(["10.0.0.5"])", R"(["10.0.0.5/32"])"},
    {"dns.servers", R"(["9.9.9.9", "[2620:fe::fe]:5353"])",
     R"(["9.9.9.9:53", "[2620:fe::fe]:5353"])"},
    {"dns.hosts", R"({"A.example": ["10.0.0.1", "::2"]})", R"({"a.example": ["10.0.0.1", "::2"]})"},
    {"dns.hosts_file", "false", "false"},
    {"dns.min_ttl", R"("5s")", R"("5s")"},
    {"dns.max_ttl", R"("1d")", R"("1d")"},
    {"dns.negative_ttl", "1", R"("1s")"},
    {"dns.cache_entries", "7", "7"},
    {"dns.prefer_ipv6", "false", "false"},
    {"destinations.private_ranges", "false", "false"},
    {"destinations.allow", R"(["192.168.7.1"])", R"(["192.168.7.1/32"])"},
    {"destinations.deny", R"(["2001:db8::/32"])", R"(["2001:db8::/32"])"},
    {"parents", R"([{"name": "up", "host": "p.example:8080"}])",
     R"([{"name": "up", "host": "p.example:8080"}])"},
    {"routes", R"([{"hosts": ["*"], "parents": ["direct"]}])",
     R"([{"hosts": ["*"], "parents": ["direct"]}])"},
    {"limits.body_rewrite_window", R"("1MiB")", R"("1MiB")"},
    {"limits.decoded_body", "4096", R"("4KiB")"},
    {"limits.decode_ratio", "10", "10"},
    {"policy.default", R"("block")", R"("block")"},
    {"policy.ask", R"("it@example.com")", R"("it@example.com")"},
    {"policy.third_party_hosts", "true", "true"},
    {"policy.files", "[]", "[]"},
    {"policy.groups", R"([{"name": "a", "clients": "10.0.0.0/8"}])",
     "[\n      {\"name\": \"a\", \"clients\": [\"10.0.0.0/8\"]}\n    ]"},
    {"policy.schedules", R"([{"name": "a", "when": {"days": "sat-sun", "from": "9:00"}}])",
     "[\n      {\"name\": \"a\", \"when\": [{\"days\": \"weekends\", \"from\": \"09:00\", \"to\": "
     "\"24:00\"}]}\n    ]"},
    {"policy.lists", R"([{"name": "a", "file": "b"}])",
     "[\n      {\"name\": \"a\", \"file\": \"b\"}\n    ]"},
    {"policy.rules", R"([{"id": "a", "then": {"allow": true}}])",
     "[\n      {\"id\": \"a\", \"then\": {\"allow\": true}}\n    ]"},
    {"lists.directory", R"("/var/lib/weir")", R"("/var/lib/weir")"},
    {"access_log.path", R"("/tmp/a.log")", R"("/tmp/a.log")"},
    {"access_log.format", R"("%{status} %{url}")", R"("%{status} %{url}")"},
    {"access_log.query_strings", "false", "false"},
    {"access_log.rotate_bytes", "0", R"("0B")"},
    {"access_log.rotate_keep", "9", "9"},
    {"access_log.queue_bytes", R"("1MiB")", R"("1MiB")"},
    {"log.path", R"("/tmp/weir.log")", R"("/tmp/weir.log")"},
    {"log.level", R"("debug")", R"("debug")"},
    {"admin.listen", R"(":8080")", R"("0.0.0.0:8080")"},
    {"admin.hosts", R"(["Proxy.Example", "10.0.0.7"])", R"(["proxy.example", "10.0.0.7"])"},
    {"process.workers", "2", "2"},
    {"process.user", R"("weir")", R"("weir")"},
    {"process.group", R"("weir")", R"("weir")"},
    {"process.pid_file", R"("/run/weir.pid")", R"("/run/weir.pid")"},
};

TEST(SettingsTable, EverySettingCanBeSet) {
  for (const Line& line : kLines) {
    EXPECT_EQ(set(line.path, line.value), line.shown) << line.path;
  }
}

TEST(SettingsTable, TheTestAboveLeavesNoSettingOut) {
  for (const SettingRow& row : setting_rows()) {
    EXPECT_TRUE(is_item(row) || std::ranges::find(kLines, row.path, &Line::path) != kLines.end())
        << row.path;
  }
}

TEST(SettingsTable, DefaultsAreThoseOfTheStruct) {
  const Settings plain;
  for (const SettingRow& row : setting_rows()) {
    if (is_item(row) || row.path == "clients.allow") {
      continue;  // the struct leaves clients.allow to the loader
    }
    EXPECT_EQ(row.show(row, plain), row.fallback) << row.path;
  }
}

TEST(SettingsTable, WritingADefaultChangesNothing) {
  const Settings untouched = load_settings("{}", "").value();
  for (const SettingRow& row : setting_rows()) {
    if (!is_item(row)) {
      EXPECT_EQ(set(row.path, std::string(row.fallback)), show(untouched, row.path)) << row.path;
    }
  }
}

// The bound itself is taken, the next value beyond is not.
TEST(SettingsTable, NumbersHoldTheirBounds) {
  for (const SettingRow& row : setting_rows()) {
    if (row.kind != SettingKind::Number && row.kind != SettingKind::Size) {
      continue;
    }
    const auto taken = [&row](std::uint64_t value) {
      const Loaded loaded = load_settings(config_with(row.path, std::to_string(value)), "");
      return loaded || loaded.error().front().message.find("must be") == std::string::npos;
    };
    EXPECT_TRUE(taken(row.least)) << row.path;
    EXPECT_TRUE(taken(row.most)) << row.path;
    EXPECT_FALSE(taken(row.most + 1)) << row.path;
    EXPECT_TRUE(row.least == 0 || !taken(row.least - 1)) << row.path;
    const bool large = row.path == "limits.request_body" || row.path == "access_log.rotate_bytes" ||
                       row.path.starts_with("cache.");
    EXPECT_LE(row.most, large ? std::uint64_t{1} << 50 : std::numeric_limits<std::uint32_t>::max())
        << row.path;
  }
}

TEST(SettingsTable, DurationsHoldTheirBounds) {
  for (const SettingRow& row : setting_rows()) {
    if (row.kind != SettingKind::Duration) {
      continue;
    }
    const auto taken = [&row](std::uint64_t micros) {
      const std::string text = json_text(std::to_string(micros) + "us");
      const Loaded loaded = load_settings(config_with(row.path, text), "");
      return loaded || loaded.error().front().message.find("must be") == std::string::npos;
    };
    EXPECT_TRUE(taken(row.least)) << row.path;
    EXPECT_TRUE(taken(row.most)) << row.path;
    EXPECT_FALSE(taken(row.most + 1)) << row.path;
    EXPECT_TRUE(row.least == 0 || !taken(row.least - 1)) << row.path;
  }
}

TEST(SettingsTable, TextsHoldTheirLength) {
  for (const SettingRow& row : setting_rows()) {
    if (row.kind != SettingKind::Text || is_item(row) || row.path == "access_log.format" ||
        row.path == "admin.listen") {
      continue;
    }
    EXPECT_EQ(set(row.path, json_text(std::string(row.most, 'x'))).size(), row.most + 2)
        << row.path;
    EXPECT_NE(set(row.path, json_text(std::string(row.most + 1, 'x'))).find("must be at most"),
              std::string::npos)
        << row.path;
    EXPECT_EQ(set(row.path, R"("")").find("must be") == std::string::npos, row.least == 0)
        << row.path;
  }
}

TEST(SettingsTable, EveryWordIsTaken) {
  for (const SettingRow& row : setting_rows()) {
    for (const std::string_view word : words_of(row)) {
      if (row.kind == SettingKind::Word && !is_item(row)) {
        EXPECT_EQ(set(row.path, json_text(word)), json_text(word)) << row.path;
      }
    }
  }
}

TEST(SettingsTable, RefusesEveryOtherTypeOfValue) {
  for (const SettingRow& row : setting_rows()) {
    if (is_item(row)) {
      continue;
    }
    EXPECT_NE(set(row.path, "null").find("must be"), std::string::npos) << row.path;
    const bool list = row.fallback.starts_with('[');
    EXPECT_NE(set(row.path, list ? "{}" : "[]").find("must be"), std::string::npos) << row.path;
  }
}

TEST(SettingsTable, ExamplesAreTaken) {
  for (const SettingRow& row : setting_rows()) {
    const bool alone = row.path != "parents" && row.path != "routes" && row.path != "policy.files";
    if (!is_item(row) && alone) {
      const std::string shown = set(row.path, std::string(example_of(row)));
      const bool rule = shown.find("access_log.path is") != std::string::npos;
      EXPECT_TRUE(rule || !shown.starts_with("weir.json")) << shown;
    }
  }
}

TEST(SettingsTable, NamesAreUniqueAndEverySectionHasRows) {
  std::set<std::string_view> seen;
  for (const SettingRow& row : setting_rows()) {
    EXPECT_TRUE(seen.insert(row.path).second) << row.path;
    EXPECT_TRUE(row.reason.ends_with('.')) << row.path;
    const std::string_view first = row.path.substr(0, row.path.find_first_of(".["));
    EXPECT_TRUE(find_section(first) != nullptr || find_setting(first) != nullptr) << row.path;
  }
  for (const SettingSection& section : setting_sections()) {
    EXPECT_TRUE(std::ranges::any_of(setting_rows(), [&section](const SettingRow& row) {
      return row.path.starts_with(std::string(section.name) + ".");
    })) << section.name;
  }
}

}  // namespace
}  // namespace weir
