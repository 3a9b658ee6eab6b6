// SPDX-License-Identifier: Apache-2.0
//
// From what was written to what is meant: one overload per type a setting can have. A reader
// checks the value against its row, reports every fault it finds and leaves the target untouched
// where it found one. Readers know one value each; what contradicts what is for rules.h.
#pragma once

#include <array>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/config/settings_table.h"

namespace weir {

void read_into(const Reading& in, bool& out);
void read_into(const Reading& in, std::uint32_t& out);
void read_into(const Reading& in, std::uint64_t& out);
void read_into(const Reading& in, Micros& out);
void read_into(const Reading& in, std::string& out);
void read_into(const Reading& in, ForwardedFor& out);
void read_into(const Reading& in, ListenMode& out);
void read_into(const Reading& in, HostVerify& out);
void read_into(const Reading& in, Unnamed& out);
void read_into(const Reading& in, Endpoint& out);
void read_into(const Reading& in, std::vector<std::string>& out);
void read_into(const Reading& in, std::vector<std::uint16_t>& out);
void read_into(const Reading& in, std::vector<Prefix>& out);
void read_into(const Reading& in, std::vector<Endpoint>& out);
void read_into(const Reading& in, std::map<std::string, std::vector<IpAddress>>& out);
void read_into(const Reading& in, std::vector<Settings::Listener>& out);
void read_into(const Reading& in, std::vector<Settings::Parent>& out);
void read_into(const Reading& in, std::vector<Settings::Route>& out);

// Of the policy; policy_objects.cc.
void read_into(const Reading& in, std::uint8_t& out);   // days
void read_into(const Reading& in, std::uint16_t& out);  // minutes of the day
void read_into(const Reading& in, filters::ListFormat& out);
void read_into(const Reading& in, std::vector<std::array<std::uint8_t, 6>>& out);
void read_into(const Reading& in, std::vector<filters::ScheduleDocument::Date>& out);
void read_into(const Reading& in, std::vector<filters::ScheduleDocument::Interval>& out);
void read_into(const Reading& in, std::vector<filters::GroupDocument>& out);
void read_into(const Reading& in, std::vector<filters::ScheduleDocument>& out);
void read_into(const Reading& in, std::vector<filters::ListDocument>& out);
void read_into(const Reading& in, std::vector<filters::RuleDocument>& out);
void read_into(const Reading& in, filters::Condition& out);
void read_into(const Reading& in, std::vector<filters::Action>& out);

// The index of the word that stands there, or a report with the nearest one.
std::optional<std::size_t> read_word(const Reading& in);

// Reads every member of `object` into `target` by the rows whose path starts with `prefix`
// ("", "limits.", "parents[]."); `path` is the same for people. Reports unknown names with the
// nearest known one, and missing members that have no default.
void read_members(const Value& object, std::string_view prefix, const std::string& path,
                  const Target& target, Problems& problems);

// "must be <expected>, not <what is there>", with an example. Never quotes a secret.
void report(const Reading& in, const Value& value, const std::string& path,
            const std::string& expected);

// What is there, for "must be ..., not ...".
std::string describe(const Value& value);

// Calls use(value, path) for every item of a list, or for the value itself where the row lets one
// stand alone. Reports what is no list, and one with more items than the row takes.
template <class Use>
void each_item(const Reading& in, Use use) {
  if (in.value.kind != ValueKind::List && in.row.single) {
    return use(in.value, in.path);
  }
  if (in.value.kind != ValueKind::List) {
    return report(in, in.value, in.path, "a list");
  }
  if (in.row.most != 0 && in.value.items.size() > in.row.most) {
    return report(in, in.value, in.path,
                  "a list of at most " + std::to_string(in.row.most) + " entries");
  }
  for (std::size_t i = 0; i < in.value.items.size(); ++i) {
    use(in.value.items[i], step(in.path, i));
  }
}

// The ranges that the words of clients.allow stand for.
const std::vector<Prefix>& loopback_ranges();
const std::vector<Prefix>& private_ranges();

}  // namespace weir
