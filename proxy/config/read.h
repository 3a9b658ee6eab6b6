// SPDX-License-Identifier: Apache-2.0
//
// From what was written to what is meant: one overload per type a setting can have. A reader
// checks the value against its row, reports every fault it finds and leaves the target untouched
// where it found one. Readers know one value each; what contradicts what is for rules.h.
#pragma once

#include <map>
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
void read_into(const Reading& in, Endpoint& out);
void read_into(const Reading& in, std::vector<std::string>& out);
void read_into(const Reading& in, std::vector<std::uint16_t>& out);
void read_into(const Reading& in, std::vector<Prefix>& out);
void read_into(const Reading& in, std::vector<Endpoint>& out);
void read_into(const Reading& in, std::map<std::string, std::vector<IpAddress>>& out);
void read_into(const Reading& in, std::vector<Settings::Listener>& out);
void read_into(const Reading& in, std::vector<Settings::Parent>& out);
void read_into(const Reading& in, std::vector<Settings::Route>& out);

// Reads every member of `object` into `target` by the rows whose path starts with `prefix`
// ("", "limits.", "parents[]."); `path` is the same for people. Reports unknown names with the
// nearest known one, and missing members that have no default.
void read_members(const Value& object, std::string_view prefix, const std::string& path,
                  const Target& target, Problems& problems);

// "must be <expected>, not <what is there>", with an example. Never quotes a secret.
void report(const Reading& in, const Value& value, const std::string& path,
            const std::string& expected);

// The ranges that the words of clients.allow stand for.
const std::vector<Prefix>& loopback_ranges();
const std::vector<Prefix>& private_ranges();

}  // namespace weir
