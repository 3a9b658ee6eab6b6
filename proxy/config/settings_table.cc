// SPDX-License-Identifier: Apache-2.0
//
// The rows. See settings_table.h. To add a setting: a member with its default in settings.h, and a
// row here; the tests say if the two disagree. Keep a reason to one or two sentences that a person
// who runs a proxy can act on.
#include "proxy/config/settings_table.h"

#include <algorithm>

#include "proxy/config/policy_text.h"
#include "proxy/config/read.h"
#include "proxy/config/show.h"
#include "proxy/config/text_rules.h"

namespace weir {

using filters::GroupDocument;
using filters::ListDocument;
using filters::RuleDocument;

namespace {

constexpr std::uint64_t kMany = 1'000'000;
constexpr std::uint64_t kKiB = 1024;
constexpr std::uint64_t kMiB = 1024 * kKiB;
constexpr std::uint64_t kTiB = 1024 * 1024 * kMiB;
constexpr std::uint64_t kTick = kMillisecond;
constexpr std::uint64_t kOneSecond = kSecond;
constexpr std::uint64_t kHour = 3600 * kOneSecond;
constexpr std::uint64_t kDay = 24 * kHour;
constexpr std::uint64_t kTextMost = 4096;

constexpr TextRule kPlain{take_plain, "text without control characters"};
constexpr TextRule kRealm{take_realm, "text without control characters, quotes and backslashes"};
constexpr TextRule kUser{take_user, "a user name without colons and control characters"};
constexpr TextRule kPseudonym{take_token, "a word of letters, digits, - . and _"};
constexpr TextRule kMethod{take_token, "the name of a method"};
constexpr TextRule kProtocol{take_protocol, "the name of a protocol"};
constexpr TextRule kLogFormat{take_log_format,
                              "squid, combined, json or a format with fields such as %{host}"};
constexpr TextRule kParentHost{take_host_and_port, "a host and a port"};
constexpr TextRule kHostPattern{take_host_pattern,
                                "a host name, a name with a leading dot, an IP address or *"};
constexpr TextRule kHostName{take_host_name, "a host name"};
constexpr TextRule kHost{take_host, "a host name or an IP address"};
constexpr TextRule kAdminAddress{take_admin_address,
                                 "an IP address and a port, unix: with a path, or off"};
constexpr TextRule kName{take_name, "a name of at most 64 bytes"};
constexpr TextRule kPolicyWord{take_word, "a word of at most 64 letters, digits, - . and _"};
constexpr TextRule kFile{take_plain, "the name of a file"};
constexpr TextRule kMac{take_mac, "a hardware address such as 00:1b:44:11:3a:b7"};
constexpr TextRule kDevice{take_device, "the name of a device, as of a host"};
constexpr TextRule kZone{take_zone, "a time zone such as Europe/Berlin"};
constexpr TextRule kDayRange{
    take_days, "a day such as mon, days such as mon-fri, weekdays, weekends or daily"};
constexpr TextRule kTime{take_time, "a time from 00:00 to 24:00"};
constexpr TextRule kDate{take_date, "a date such as 2026-12-25"};
constexpr TextRule kListUrl{take_list_url, "a URL with https, or with http to this machine"};
constexpr TextRule kCanary{take_canary, "a host name or a URL"};

// Where a row's value lives and how it gets there and back.
struct Place {
  std::string_view path;
  void (*store)(const Target&, const Reading&);
  std::string (*show)(const SettingRow&, const Settings&);
  void (*copy)(Settings&, const Settings&);
};

#define PLACE(path, member)                                                                     \
  Place {                                                                                       \
    path,                                                                                       \
        [](const Target& to, const Reading& in) {                                               \
          read_into(in, std::get<Settings*>(to)->member);                                       \
        },                                                                                      \
        [](const SettingRow& row, const Settings& all) { return show_value(row, all.member); }, \
        [](Settings& to, const Settings& from) { to.member = from.member; }                     \
  }
#define AT(member) PLACE(#member, member)
#define IN(target, list, member) IN_AS(target, list "[]." #member, member)
#define IN_AS(target, path, member)                                                               \
  Place {                                                                                         \
    path,                                                                                         \
        [](const Target& to, const Reading& in) { read_into(in, std::get<target>(to)->member); }, \
        nullptr, nullptr                                                                          \
  }

constexpr SettingRow row_of(SettingKind kind, Place at, std::string_view fallback,
                            std::string_view reason) {
  SettingRow row{at.path, kind, fallback, reason};
  row.store = at.store;
  row.show = at.show;
  row.copy = at.copy;
  return row;
}
constexpr SettingRow bounded(SettingKind kind, Place at, std::string_view fallback,
                             std::uint64_t least, std::uint64_t most, std::string_view reason) {
  SettingRow row = row_of(kind, at, fallback, reason);
  row.least = least;
  row.most = most;
  return row;
}
constexpr SettingRow flag(Place at, std::string_view fallback, std::string_view reason) {
  return row_of(SettingKind::Flag, at, fallback, reason);
}
constexpr SettingRow number(Place at, std::string_view fallback, std::uint64_t least,
                            std::uint64_t most, std::string_view unit, std::string_view reason) {
  SettingRow row = bounded(SettingKind::Number, at, fallback, least, most, reason);
  row.unit = unit;
  return row;
}
constexpr SettingRow size(Place at, std::string_view fallback, std::uint64_t least,
                          std::uint64_t most, std::string_view reason) {
  SettingRow row = bounded(SettingKind::Size, at, fallback, least, most, reason);
  row.example = least == 0 ? R"("100MiB")" : fallback;
  return row;
}
constexpr SettingRow duration(Place at, std::string_view fallback, std::uint64_t least,
                              std::uint64_t most, std::string_view reason) {
  return bounded(SettingKind::Duration, at, fallback, least, most, reason);
}
constexpr SettingRow word(Place at, std::string_view fallback, std::string_view words,
                          std::string_view reason) {
  SettingRow row = row_of(SettingKind::Word, at, fallback, reason);
  row.words = words;
  return row;
}
// `least` characters at least: 0 where empty text means "not set".
constexpr SettingRow text(Place at, std::string_view fallback, std::uint64_t least,
                          const TextRule& rule, std::string_view example, std::string_view reason) {
  SettingRow row = bounded(SettingKind::Text, at, fallback, least, kTextMost, reason);
  row.rule = &rule;
  row.example = example;
  return row;
}
constexpr SettingRow secret(SettingRow row) {
  row.secret = true;
  return row;
}
constexpr SettingRow texts(Place at, std::string_view fallback, const TextRule& rule,
                           std::string_view example, std::string_view reason) {
  SettingRow row = row_of(SettingKind::TextList, at, fallback, reason);
  row.rule = &rule;
  row.example = example;
  row.least = fallback.empty() ? 1 : 0;
  row.most = kMany;
  return row;
}
constexpr SettingRow items(SettingKind kind, Place at, std::string_view fallback,
                           std::string_view example, std::string_view reason) {
  SettingRow row = row_of(kind, at, fallback, reason);
  row.example = example;
  return row;
}
constexpr SettingRow with_words(SettingRow row, std::string_view words) {
  row.words = words;
  return row;
}

// A list whose only item may stand without brackets.
constexpr SettingRow single(SettingRow row) {
  row.single = true;
  return row;
}

constexpr SettingRow with_rule(SettingRow row, const TextRule& rule) {
  row.rule = &rule;
  return row;
}

constexpr SettingRow with_sample(SettingRow row, std::string_view sample) {
  row.sample = sample;
  return row;
}

// Not taken into use by a reload.
constexpr SettingRow at_start(SettingRow row) {
  row.restart = true;
  return row;
}

// At most so many items.
constexpr SettingRow limited(SettingRow row, std::uint64_t most) {
  row.most = most;
  return row;
}

// What the files say has been added to the policy: shown, there are none.
constexpr Place kPolicyFiles{
    "policy.files",
    [](const Target& to, const Reading& in) {
      read_into(in, std::get<Settings*>(to)->policy_files);
    },
    [](const SettingRow&, const Settings&) { return std::string("[]"); },
    [](Settings& to, const Settings& from) { to.policy_files = from.policy_files; }};

constexpr std::string_view kRulesSample = R"([
  { "id": "school-time", "description": "Games are for the afternoon.",
    "when": { "group": "children", "schedule": "school", "host": [".games.example"] },
    "then": { "block": { "message": "From one o'clock on." } } },
  { "id": "safe-search", "when": { "group": "children" },
    "then": { "safe_search": true, "youtube": "moderate" } },
  { "id": "no-ads", "description": "Advertising is blocked.",
    "when": { "list": "ads", "not": { "host": "www.example.com" } },
    "then": { "block": true } }
])";

constexpr SettingSection kSections[] = {
    {"clients", "Who may use the proxy."},
    {"auth", "Names and passwords of clients (Basic authentication)."},
    {"connect", "CONNECT tunnels, as browsers use them for https."},
    {"http", "What is accepted and how it is sent on."},
    {"limits", "Sizes beyond which a message is refused."},
    {"timeouts", "How long anything may take."},
    {"origin", "Connections towards servers."},
    {"transparent", "Connections that the kernel turns aside to a listener of that mode."},
    {"tls",
     "Looking into TLS, for rules that say intercept and groups whose devices trust the "
     "certificate "
     "authority of this proxy."},
    {"cache", "What is kept of answers, and for how long."},
    {"dns", "How names become addresses."},
    {"destinations", "Which addresses may be connected to."},
    {"policy",
     "What is allowed, blocked and changed: rules, and the groups, schedules and lists they "
     "name."},
    {"lists", "Where filter lists are kept."},
    {"access_log", "One line for every request."},
    {"log", "What the proxy has to say to its operator."},
    {"admin", "Metrics, health and commands, for operators and their programs."},
    {"process", "The program itself."},
};

using enum SettingKind;

constexpr SettingRow kRows[] = {
    items(Objects, PLACE("listen", listeners), R"(["127.0.0.1:3128"])",
          R"([{"at": "127.0.0.1:3128", "name": "office"}])",
          "Where clients connect: an address and a port, or an object with a name. \":3128\" and "
          "\"*:3128\" stand for every IPv4 address of this machine, \"[::]:3128\" for every IPv6 "
          "one; "
          "without a port, 3128."),
    text(IN(Settings::Listener*, "listen", at), "", 1, kPlain, R"("127.0.0.1:3128")",
         "The address and port. Port 0 lets the system choose one."),
    text(IN(Settings::Listener*, "listen", name), R"("forward")", 1, kPlain, R"("office")",
         "What this listener is called in logs and metrics."),
    word(IN(Settings::Listener*, "listen", mode), R"("forward")", "forward|redirect|tproxy",
         "How connections come here: to a proxy that clients know of, or turned aside by "
         "iptables REDIRECT or TPROXY; see iptables/README.md."),

    with_words(
        items(Prefixes, AT(clients.allow), R"(["loopback", "private"])", R"(["10.0.0.0/8"])",
              "Addresses that may use the proxy. \"loopback\" is 127.0.0.0/8 and ::1; "
              "\"private\" is 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, 169.254.0.0/16, "
              "fc00::/7 and fe80::/10. Clients that the firewall turns aside to a transparent "
              "listener are its choice and need not be here."),
        "loopback|private"),
    at_start(texts(
        AT(clients.leases), R"(["auto"])", kFile, R"(["/var/lib/misc/dnsmasq.leases"])",
        "Files in which a DHCP server (dnsmasq, ISC dhcpd, odhcpd, Kea) writes its leases: they "
        "give clients their names and hardware addresses, in the log and for groups. \"auto\": "
        "the usual places. They are read again when they change.")),
    number(AT(clients.max_connections), "0", 0, kMany, "connections",
           "Client connections open at once; 0: as many as the system allows."),
    number(AT(clients.max_connections_per_client), "0", 0, kMany, "connections",
           "Connections open at once from one address; 0: no limit."),
    flag(AT(clients.open_proxy), "false",
         "Says that serving public addresses without a password is meant. Open proxies are found "
         "and abused within hours, so without this they are refused."),

    text(AT(auth.htpasswd_file), R"("")", 0, kPlain, R"("/etc/weir/htpasswd")",
         "A file of names and hashed passwords as htpasswd writes it; empty: nobody is asked."),
    text(AT(auth.realm), R"("Weir")", 1, kRealm, R"("Weir")",
         "The name that browsers show when they ask for a password."),
    duration(AT(auth.remember), R"("5m")", 0, kDay,
             "How long a password that was right is not hashed again, because hashing is slow on "
             "purpose."),

    items(Ports, AT(connect.ports), "[443]", "[443, 8443]",
          "Ports that tunnels may lead to. An empty list refuses CONNECT altogether; port 25 would "
          "let mail out."),

    texts(AT(http.deny_methods), "[]", kMethod, R"(["TRACE"])",
          "Methods that are refused, in capitals as they are sent."),
    texts(AT(http.upgrades), R"(["websocket"])", kProtocol, R"(["websocket"])",
          "Protocols a connection may be upgraded to; every other upgrade request is sent on as "
          "plain HTTP."),
    word(AT(http.forwarded_for), R"("off")", "off|add|transparent",
         "X-Forwarded-For: off removes it, add appends the client's address, transparent sends it "
         "on as it came."),
    word(AT(http.forwarded), R"("off")", "off|add|transparent",
         "Forwarded (RFC 7239): off, add or transparent, as for forwarded_for."),
    text(AT(http.via), R"("weir")", 1, kPseudonym, R"("weir")",
         "What this proxy calls itself in Via. A random ending is added, so that several of one "
         "name can be told apart and loops are found."),
    flag(AT(http.keep_trailers), "true",
         "Whether trailer fields of a message are sent on to a receiver that can take them."),

    size(AT(limits.request_line), R"("16KiB")", 512, kMiB,
         "The longest request line. Longer ones are answered with 414."),
    size(AT(limits.head), R"("64KiB")", 1 * kKiB, 4 * kMiB,
         "The largest head, of a request or an answer. One connection holds this much memory at "
         "most for it."),
    number(AT(limits.fields), "200", 10, 10'000, "fields",
           "The most header fields in a head, of a request or an answer."),
    size(AT(limits.request_body), R"("0B")", 0, 1024 * kTiB,
         "The largest request body; 0: any. Larger ones are answered with 413."),
    number(AT(limits.interim_responses), "16", 0, 1000, "answers",
           "How many 1xx answers an origin may send before the real one."),
    size(AT(limits.body_rewrite_window), R"("64KiB")", 1 * kKiB, 16 * kMiB,
         "How much of a body that a rule rewrites is searched at once. A match that is longer is "
         "not "
         "found; every such answer holds this much memory."),
    size(AT(limits.decoded_body), R"("32MiB")", 1 * kKiB, 1024 * kMiB,
         "The most that a compressed body may grow to while a rule changes it. Behind that the "
         "answer is cut off."),
    number(AT(limits.decode_ratio), "100", 2, 10'000, "bytes to one",
           "How much larger than it came a compressed body may become while a rule changes it. "
           "Larger ones are made to exhaust memory."),

    duration(AT(timeouts.client_idle), R"("1m")", kTick, kDay,
             "How long a client connection may rest between two requests."),
    duration(AT(timeouts.head), R"("30s")", kTick, kHour,
             "From the first byte of a request head to its end. Keep it short: slow heads are an "
             "attack."),
    duration(AT(timeouts.body_idle), R"("1m")", kTick, kDay,
             "How long no byte of a request body may come."),
    number(AT(timeouts.body_min_rate), "100", 0, 1'000'000'000, "bytes/s",
           "The slowest average of a whole request body, after a grace of body_idle; 0: any."),
    duration(AT(timeouts.client_write), R"("1m")", kTick, kDay,
             "How long a client may take no byte of its answer."),
    duration(AT(timeouts.dns), R"("10s")", kTick, kHour, "How long looking up a name may take."),
    duration(AT(timeouts.connect), R"("10s")", kTick, kHour,
             "How long connecting to one address of a server may take."),
    duration(AT(timeouts.connect_total), R"("30s")", kTick, kHour,
             "How long connecting may take over all addresses of a server."),
    duration(AT(timeouts.origin_head), R"("2m")", kTick, kDay,
             "From the request sent to the end of the head of the answer. Servers that compute for "
             "long need more."),
    duration(AT(timeouts.origin_body_idle), R"("2m")", kTick, kDay,
             "How long no byte of an answer's body may come."),
    duration(AT(timeouts.tunnel_idle), R"("1h")", kTick, 30 * kDay,
             "How long a tunnel may carry no byte either way."),
    duration(AT(timeouts.linger), R"("2s")", 0, 60 * kOneSecond,
             "How long a refused client is still read from, so that it sees why."),
    duration(AT(timeouts.shutdown), R"("30s")", 0, kDay,
             "How long requests under way may go on once the proxy is told to stop."),

    number(AT(origin.max_per_destination), "256", 0, kMany, "connections",
           "Connections to one server, per worker; 0: no limit."),
    number(AT(origin.max_idle_per_destination), "128", 0, kMany, "connections",
           "Connections to one server kept open for the next request, per worker."),
    number(AT(origin.max_idle), "1024", 0, kMany, "connections",
           "Connections kept open for the next request, all servers together, per worker."),
    duration(AT(origin.idle), R"("30s")", kTick, kDay,
             "How long a connection is kept for the next request. Longer than the servers keep it "
             "only causes repeats."),
    number(AT(origin.queue), "1024", 0, kMany, "requests",
           "Requests that may wait for a connection to one server, per worker."),
    duration(AT(origin.queue_wait), R"("10s")", kTick, kHour,
             "How long a request may wait for a connection to its server."),

#include "proxy/config/settings_rows_services.inc"
    items(Endpoints, AT(dns.servers), "[]", R"(["9.9.9.9:53"])",
          "Name servers, as addresses, with a port if it is not 53; none: those of the system."),
    with_rule(items(Hosts, AT(dns.hosts), "{}", R"({"intranet.example": ["10.0.0.7"]})",
                    "Names with fixed addresses, which no name server is asked for."),
              kHostName),
    flag(AT(dns.hosts_file), "true", "Whether /etc/hosts is read before a name server is asked."),
    duration(AT(dns.min_ttl), R"("1s")", 0, kDay,
             "The least time an answer is remembered, whatever it says itself."),
    duration(AT(dns.max_ttl), R"("1h")", 0, 7 * kDay,
             "The most time an answer is remembered, whatever it says itself."),
    duration(AT(dns.negative_ttl), R"("10s")", 0, kHour,
             "How long it is remembered that a name does not exist or could not be looked up."),
    number(AT(dns.cache_entries), "10000", 0, kMany, "names",
           "Names remembered per worker; the least used goes first."),
    flag(AT(dns.prefer_ipv6), "true",
         "Whether IPv6 is tried first where a server has both (RFC 8305)."),

    flag(AT(destinations.private_ranges), "true",
         "Whether private addresses (RFC 1918, 100.64.0.0/10, fc00::/7) may be connected to. Say "
         "false where clients must not reach the inner network."),
    items(Prefixes, AT(destinations.allow), "[]", R"(["192.168.7.0/24"])",
          "Addresses that may be connected to whatever other rules say, loopback included."),
    items(Prefixes, AT(destinations.deny), "[]", R"(["203.0.113.0/24"])",
          "Addresses that are never connected to, unless allow names them."),

    items(Objects, AT(parents), "[]",
          R"([{"name": "up", "host": "proxy.example:3128", "user": "weir", )"
          R"("password_file": "/etc/weir/up.secret"}])",
          "Other proxies that requests may be sent through; routes say which."),
    text(IN(ParentDraft*, "parents", name), "", 1, kPlain, R"("up")",
         "What routes call this parent. \"direct\" is taken: it means no parent."),
    text(IN(ParentDraft*, "parents", host), "", 1, kParentHost, R"("proxy.example:3128")",
         "Its host name or address, and its port."),
    text(IN(ParentDraft*, "parents", user), R"("")", 0, kUser, R"("weir")",
         "The user name it asks for; empty: none."),
    secret(text(IN(ParentDraft*, "parents", password), R"("")", 0, kPlain, R"("secret")",
                "The password of that user. A password_file keeps it out of this file.")),
    text(IN(ParentDraft*, "parents", password_file), R"("")", 0, kPlain, R"("/etc/weir/up.secret")",
         "A file whose first line is the password."),

    items(Objects, AT(routes), "[]",
          R"([{"hosts": [".example.com"], "parents": ["up", "direct"]}])",
          "Which requests go through which parents. The first route that fits decides; where none "
          "fits, the server is connected to directly."),
    texts(IN(Settings::Route*, "routes", hosts), "", kHostPattern,
          R"(["example.com", ".example.org"])",
          "Host names: \"example.com\" is that name alone, \".example.com\" also all names below "
          "it, \"*\" everything."),
    texts(IN(Settings::Route*, "routes", parents), "", kPlain, R"(["up", "direct"])",
          "Names of parents in the order they are tried; \"direct\" may end the list."),

    word(PLACE("policy.default", policy.allow_by_default), R"("allow")", "allow|block",
         "What becomes of a request that no rule decides."),
    text(AT(policy.ask), R"("")", 0, kPlain, R"("it@example.com")",
         "Whom a person may ask who was blocked: a name, an address or a URL for the block page."),
    flag(AT(policy.third_party_hosts), "false",
         "Whether lines of filter lists that hold for third parties only also block tunnels to "
         "their hosts. Of a tunnel nobody can tell whose page it is for, so this blocks some that "
         "were wanted."),
    single(limited(texts(kPolicyFiles, "[]", kFile, R"(["rules.d/children.json"])",
                         "Further files, each an object with groups, schedules, lists and rules, "
                         "relative to this "
                         "one and read in this order behind what stands here."),
                   100)),

    items(
        Objects, AT(policy.groups), "[]",
        R"([{"name": "children", "clients": ["192.168.1.32/28"], "users": ["ann"]}])",
        "Clients that rules speak of together, at most 64. A client is in a group when any of its "
        "members names it."),
    text(IN(GroupDocument*, "policy.groups", name), "", 1, kName, R"("children")",
         "What rules call this group."),
    single(
        with_words(items(Prefixes, IN(GroupDocument*, "policy.groups", clients), "[]",
                         R"(["192.168.1.32/28"])",
                         "Addresses of clients; \"loopback\" and \"private\" as in clients.allow."),
                   "loopback|private")),
    single(texts(IN(GroupDocument*, "policy.groups", macs), "[]", kMac, R"(["00:1b:44:11:3a:b7"])",
                 "Hardware addresses, which only count for clients on the same network.")),
    single(texts(IN(GroupDocument*, "policy.groups", devices), "[]", kDevice, R"(["toms-phone"])",
                 "Names of devices in the leases of clients.leases; without a dot, the first part "
                 "of a longer one. A device chooses its name itself, so give a group of names "
                 "nothing that others may not have.")),
    single(texts(IN(GroupDocument*, "policy.groups", users), "[]", kUser, R"(["ann"])",
                 "Names of users who gave a password.")),
    single(texts(IN(GroupDocument*, "policy.groups", listeners), "[]", kPlain, R"(["forward"])",
                 "Names of listeners that clients come by.")),
    flag(IN(GroupDocument*, "policy.groups", trusts_ca), "false",
         "Whether the devices of this group trust the authority in tls.ca_certificate. Only their "
         "TLS is ever looked into, and they are shown the block page for https."),

    items(Objects, AT(policy.schedules), "[]",
          R"([{"name": "school", "when": [{"days": "weekdays", "from": "08:00", "to": "13:00"}]}])",
          "Times that rules speak of, at most 64."),
    text(IN(ScheduleDocument*, "policy.schedules", name), "", 1, kName, R"("school")",
         "What rules call this schedule."),
    text(IN(ScheduleDocument*, "policy.schedules", zone), R"("")", 0, kZone, R"("Europe/Berlin")",
         "The time zone its times are in; empty: the machine's."),
    single(items(Objects, IN_AS(ScheduleDocument*, "policy.schedules[].when", intervals), "",
                 R"([{"days": "weekdays", "from": "08:00", "to": "13:00"}])",
                 "When it holds: in any of these intervals.")),
    single(texts(IN(ScheduleDocument::Interval*, "policy.schedules[].when", days), R"(["daily"])",
                 kDayRange, R"(["mon", "wed-fri"])",
                 "Days on which the interval begins: mon to sun, mon-fri, weekdays, weekends, "
                 "daily.")),
    text(IN(ScheduleDocument::Interval*, "policy.schedules[].when", from), R"("00:00")", 1, kTime,
         R"("08:00")", "When it begins."),
    text(IN(ScheduleDocument::Interval*, "policy.schedules[].when", to), R"("24:00")", 1, kTime,
         R"("13:00")", "When it ends; a time before its beginning is on the next day."),
    single(texts(IN(ScheduleDocument*, "policy.schedules", except), "[]", kDate,
                 R"(["2026-12-25"])", "Days on which no interval begins.")),

    items(Objects, AT(policy.lists), "[]",
          R"([{"name": "ads", "url": "https://lists.example/ads.txt", "interval": "12h"}])",
          "Filter lists, plain or gzip, at most 1000; rules say what becomes of what they cover."),
    text(IN(ListDocument*, "policy.lists", name), "", 1, kPolicyWord, R"("ads")",
         "What rules and reports call this list."),
    text(IN(ListDocument*, "policy.lists", file), R"("")", 0, kPlain, R"("lists/ads.txt")",
         "A file, relative to the configuration; this or url."),
    text(IN(ListDocument*, "policy.lists", url), R"("")", 0, kListUrl,
         R"("https://lists.example/ads.txt")",
         "Where it is downloaded from: https, because whoever can change a list can change what is "
         "blocked."),
    word(IN(ListDocument*, "policy.lists", format), R"("auto")",
         "auto|domains|hosts|adblock|patterns|urls|networks",
         "How its lines are read; auto: as most of the first ones look."),
    duration(IN(ListDocument*, "policy.lists", interval), R"("1d")", 60 * kOneSecond, 365 * kDay,
             "How long until it is asked for again; one that has not changed is not sent again."),
    duration(IN(ListDocument*, "policy.lists", timeout), R"("1m")", kOneSecond, kHour,
             "How long one download may take."),
    size(IN_AS(ListDocument*, "policy.lists[].max_size", max_bytes), R"("64MiB")", 1 * kKiB,
         1024 * kMiB, "The largest it may be, also when decompressed."),
    number(IN(ListDocument*, "policy.lists", max_shrink), "50", 0, 100, "percent",
           "A download that loses more of its rules than this is held back and reported."),
    number(IN(ListDocument*, "policy.lists", max_grow), "200", 0, kMany, "percent",
           "A download that gains more rules than this is held back and reported."),
    single(texts(IN(ListDocument*, "policy.lists", canaries), "[]", kCanary,
                 R"(["www.example.com"])",
                 "Hosts or URLs it must not block: a download that does is held back and "
                 "reported; a file that does is an error.")),
    flag(IN(ListDocument*, "policy.lists", dry_run), "false",
         "Whether it is only tried out: what it would have done is logged, not done."),
    flag(IN(ListDocument*, "policy.lists", required), "false",
         "Whether starting without it is refused."),

    with_sample(
        items(
            Objects, AT(policy.rules), "[]",
            R"([{"id": "games", "when": {"host": ".games.example"}, "then": {"block": true}}])",
            "Rules, asked in order. The first one that holds and makes a decision ends the search; "
            "adjustments of rules that hold before it add up."),
        kRulesSample),
    text(IN(RuleDocument*, "policy.rules", id), "", 1, kPolicyWord, R"("no-ads")",
         "What logs and reports call this rule."),
    text(IN(RuleDocument*, "policy.rules", description), R"("")", 0, kPlain,
         R"("Advertising is blocked.")", "What it is for, in words; the block page shows them."),
    items(When, IN(RuleDocument*, "policy.rules", when), "{}", R"({"host": ".example.com"})",
          "Conditions, all of which must hold; none: always."),
    items(Then, IN_AS(RuleDocument*, "policy.rules[].then", actions), "", R"({"block": true})",
          "At most one decision, and any adjustments."),
    flag(IN(RuleDocument*, "policy.rules", dry_run), "false",
         "Whether it is only tried out: what it would have done is logged, not done."),

    at_start(text(
        AT(lists.directory), R"("")", 0, kPlain, R"("/var/lib/weir")",
        "Where downloaded lists are kept. Empty: lists/ in $STATE_DIRECTORY, else in /var/lib/weir "
        "if that can be used, else in $XDG_STATE_HOME/weir or ~/.local/state/weir.")),

    text(AT(access_log.path), R"("-")", 1, kPlain, R"("/var/log/weir/access.log")",
         "A file, \"-\" for standard output, or \"off\"."),
    text(AT(access_log.format), R"("squid")", 1, kLogFormat, R"("combined")",
         "squid, combined, json, or a line of your own with fields written as %{name}."),
    flag(AT(access_log.query_strings), "true",
         "Whether URLs are logged with what follows the question mark, where secrets often are."),
    size(AT(access_log.rotate_bytes), R"("0B")", 0, kTiB,
         "A new file is begun at this size; 0: never."),
    number(AT(access_log.rotate_keep), "5", 0, 10'000, "files", "How many old files are kept."),
    at_start(size(
        AT(access_log.queue_bytes), R"("4MiB")", 64 * kKiB, 1024 * kMiB,
        "What may wait to be written, per worker. Lines beyond it are dropped and counted: a full "
        "disk must not stop the proxy.")),

    text(AT(log.path), R"("stderr")", 1, kPlain, R"("/var/log/weir/weir.log")",
         "A file, or \"stderr\"."),
    word(AT(log.level), R"("info")", "debug|info|warning|error",
         "The least important message that is still written."),

    at_start(text(
        AT(admin.listen), R"("127.0.0.1:3180")", 1, kAdminAddress, R"("unix:/run/weir/admin.sock")",
        "An address and a port, \"unix:\" and a path, or \"off\". Whoever reaches it may see and "
        "change everything, so it is for this machine alone unless something else guards it. If "
        "it is taken, the proxy starts without it when this is the default, and else not at all.")),
    at_start(texts(
        AT(admin.hosts), "[]", kHost, R"(["proxy.example"])",
        "Names it may be asked by, beside localhost and its address. Others are refused, because "
        "a web site could give its own name this address.")),

    at_start(number(AT(process.workers), "0", 0, 1024, "threads",
                    "Threads that serve clients; 0: one per processor core.")),
    at_start(text(AT(process.user), R"("")", 0, kPlain, R"("weir")",
                  "The user to become once the listeners are open; empty: stay.")),
    at_start(text(AT(process.group), R"("")", 0, kPlain, R"("weir")",
                  "The group to become; empty: that of the user.")),
    at_start(text(AT(process.pid_file), R"("")", 0, kPlain, R"("/run/weir.pid")",
                  "A file to write the process number to; empty: none.")),
};

}  // namespace

std::span<const SettingRow> setting_rows() {
  return kRows;
}

std::span<const SettingSection> setting_sections() {
  return kSections;
}

bool is_item(const SettingRow& row) {
  return row.path.find("[]") != std::string_view::npos;
}

const SettingRow* find_setting(std::string_view path) {
  const auto row = std::ranges::find(kRows, path, &SettingRow::path);
  return row == std::end(kRows) ? nullptr : row;
}

const SettingSection* find_section(std::string_view name) {
  const auto section = std::ranges::find(kSections, name, &SettingSection::name);
  return section == std::end(kSections) ? nullptr : section;
}

}  // namespace weir
