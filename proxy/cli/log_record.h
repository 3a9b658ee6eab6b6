// SPDX-License-Identifier: Apache-2.0
//
// One line of an access log read back: Squid's native format, Apache's combined, or Weir's JSON,
// written by Weir or by Squid. What a format does not have stays empty. Views point into the line
// or the arena.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "proxy/base/address.h"
#include "proxy/base/arena.h"
#include "proxy/base/instant.h"

namespace weir::cli {

enum class LogFormat : std::uint8_t { Auto, Squid, Combined, Json };

// "auto", "squid", "combined" or "json".
std::optional<LogFormat> parse_log_format(std::string_view word);

// What became of a request, then or under other rules.
enum class Outcome : std::uint8_t { Allowed, Blocked, Redirected };
std::string_view outcome_word(Outcome outcome);

// Whether a response came, whose status and type the record then has.
enum class Answered : std::uint8_t { No, Yes, Unclear };

// What a log's format has of every request, be it that a request has none.
struct LogHolds {
  bool referer = false;
  bool user_agent = false;
  bool destination = false;
  bool media_type = false;
  bool listener = false;
  bool device = false;
  bool decision = false;  // else what a rule and what a setting refused look alike
};

struct LogRecord {
  std::optional<WallTime> time;
  std::string_view client;
  std::string_view mac;  // of the client's device
  std::string_view device;
  std::string_view user;
  std::string_view listener;       // address and port
  std::string_view listener_name;  // empty in logs that have none
  std::string_view method;
  std::string_view url;
  std::string_view referer;
  std::string_view user_agent;
  std::string_view media_type;           // of the response
  std::uint16_t status = 0;              // that the client was told
  std::optional<IpAddress> destination;  // that was connected to
  std::string_view rule;                 // that decided, where the log has it
  std::string_view list;                 // "list:line" that made the rule hold, likewise
  Outcome outcome = Outcome::Allowed;
  Answered answered = Answered::Unclear;
  LogHolds holds;
  bool refused_before_rules = false;  // a bad request, no password, a client that may not ...
  bool refused_otherwise = false;     // because of the rules, but by none of them
};

// False when the line is not of this format. Auto tells it by the line itself.
bool read_log_line(LogFormat format, std::string_view line, Arena& arena, LogRecord& out);

}  // namespace weir::cli
