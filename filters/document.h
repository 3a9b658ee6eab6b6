// SPDX-License-Identifier: Apache-2.0
//
// A policy as its author wrote it: plain data, read and checked in itself (spelling, types, bounds,
// names that are defined), not yet compiled. proxy/config reads it from weir.json; policy/compile
// makes a Policy of it. Tests write it by hand.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "proxy/base/address.h"
#include "proxy/base/device.h"
#include "proxy/base/instant.h"

namespace weir::filters {

enum class Phase : std::uint8_t { Request, Address, Response };

enum class ConditionKind : std::uint8_t {
#define CONDITION(id, ...) id,
#include "filters/conditions.def"
#undef CONDITION
  Any,  // one of `children` holds
  Not,  // `children` (all together) do not hold
  All,  // only as the top of a `when` and below Any and Not
};

// A text to compare with: absent, present, a wildcard text, or an expression.
struct ValueMatch {
  enum class How : std::uint8_t { Present, Absent, Wildcard, Expression };
  std::string name;  // of the field or parameter
  How how = How::Present;
  std::string text;
};

struct Range {
  std::uint64_t at_least = 0;
  std::uint64_t below = UINT64_MAX;
};

struct Condition {
  ConditionKind kind = ConditionKind::All;
  std::vector<std::string> texts;   // Group, Schedule, List, Word, Host, Pattern, Text, Media
  std::vector<Prefix> networks;     // Network
  std::vector<Range> ranges;        // Port, Range, Status: half-open
  std::vector<ValueMatch> matches;  // Match: all of the object's members must hold
  std::vector<Condition> children;  // Any, Not, All
};

struct FieldEdit {
  std::string name;
  std::string match;  // RE2
  std::string with;   // \1 stands for a group
};

struct BodyRewrite {
  std::string find;  // literal bytes, or RE2 when `expression`
  bool expression = false;
  std::string with;
};

enum class ActionKind : std::uint8_t {
#define POLICY_ACTION(id, ...) id,
#include "filters/actions.def"
#undef POLICY_ACTION
};

enum class BlockBody : std::uint8_t { Auto, Page, Empty, Pixel };
enum class Youtube : std::uint8_t { Moderate, Strict };
enum class LogLevel : std::uint8_t { Full, Host, None };
enum class BandwidthPer : std::uint8_t { Connection, Client, Group, Rule };

// One action; the members its kind uses are set.
struct Action {
  ActionKind kind = ActionKind::Allow;
  std::uint16_t status = 0;  // Block (403), Redirect (302)
  std::string page;          // Block: a template file; empty: the built-in page
  std::string message;       // Block: the operator's words
  BlockBody body = BlockBody::Auto;
  std::string to;                  // Redirect
  std::vector<std::string> names;  // Route, Names, Texts, Tag, Engines (none: all)
  std::vector<std::pair<std::string, std::string>> fields;  // Fields
  std::vector<FieldEdit> edits;                             // Edits
  std::vector<BodyRewrite> rewrites;                        // Rewrites
  Youtube youtube = Youtube::Moderate;
  LogLevel log = LogLevel::Full;
  bool no_cache = false;    // Cache: "no"
  Micros cache_for = 0;     // Cache: a duration
  std::uint64_t rate = 0;   // Bandwidth: bytes per second
  std::uint64_t burst = 0;  // Bandwidth: bytes; 0: one second's worth
  BandwidthPer per = BandwidthPer::Connection;
};

struct GroupDocument {
  std::string name;
  std::vector<Prefix> clients;
  std::vector<MacAddress> macs;
  std::vector<std::string> devices;  // plain names, lower case
  std::vector<std::string> users;
  std::vector<std::string> listeners;
  bool trusts_ca = false;  // its devices take certificates that this proxy makes
};

// Minutes of the day in `zone`; an interval whose end is not after its start runs past midnight and
// belongs to the day it starts on.
struct ScheduleDocument {
  struct Interval {
    std::uint8_t days = 0x7f;  // bit 0: Monday
    std::uint16_t from = 0;
    std::uint16_t to = 1440;
  };
  struct Date {
    std::int32_t year = 0;
    std::uint8_t month = 0;
    std::uint8_t day = 0;
    auto operator<=>(const Date&) const = default;
  };
  std::string name;
  std::string zone;  // "Asia/Shanghai"; empty: the system's
  std::vector<Interval> intervals;
  std::vector<Date> except;  // days on which it does not hold
  std::string file = {};     // where it was written
  std::uint32_t line = 0;
};

enum class ListFormat : std::uint8_t { Auto, Domains, Hosts, Adblock, Patterns, Urls, Networks };

struct ListDocument {
  std::string name;
  std::string file;  // one of file and url
  std::string url;   // https, or http to a loopback address
  ListFormat format = ListFormat::Auto;
  Micros interval = 86'400 * kSecond;     // between downloads
  Micros timeout = 60 * kSecond;          // for one download
  std::uint64_t max_bytes = 64ULL << 20;  // also after decompression
  std::uint32_t max_shrink = 50;          // percent of rules that a new version may lose
  std::uint32_t max_grow = 200;           // percent that it may add
  std::vector<std::string> canaries;      // host names or URLs that it must not block
  bool dry_run = false;
  bool required = false;  // without it Weir does not start
};

struct RuleDocument {
  std::string id;
  std::string description;
  Condition when;               // All with no children: always
  std::vector<Action> actions;  // in the order of actions.def; at most one decision
  bool dry_run = false;
  std::string file;  // where it was written
  std::uint32_t line = 0;
};

struct PolicyDocument {
  bool allow_by_default = true;
  std::string ask;  // whom a blocked person may ask: a name, address or URL, for the block page
  bool third_party_hosts = false;  // on CONNECT, count list rules that hold for third parties only
  std::vector<GroupDocument> groups;
  std::vector<ScheduleDocument> schedules;
  std::vector<ListDocument> lists;
  std::vector<RuleDocument> rules;
};

}  // namespace weir::filters
