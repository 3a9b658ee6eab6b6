// SPDX-License-Identifier: Apache-2.0
//
// The operator's log: levelled sentences for a person, on standard error or in a file. Not the
// access log. What the environment refuses is said here, once, and again only at intervals.
// Messages arrive as finished text; whatever a stranger put into them is made printable, so no line
// can be forged.
//
// One log per process, from any thread; before diag_open() it goes to standard error from Info up.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

#include "proxy/base/instant.h"

namespace weir {

enum class Level : std::uint8_t { Debug, Info, Warning, Error };

// "debug", "info", "warning" or "error"; nothing for any other word.
std::optional<Level> parse_level(std::string_view word);

// Sends what follows to `path` ("stderr", "stdout" or a file, appended to) from `level` up. Call
// again to open a file that was renamed. On failure everything stays as it was; the error is a
// sentence.
tl::expected<void, std::string> diag_open(const std::string& path, Level level);

// True when a message of this level would be written: worth composing it.
bool diag_wants(Level level);

void diag(Level level, std::string_view message);

// At most one message per `key` and `interval`; the next one says how many were left out. `key`
// names the place that complains; there are few of them and they never come from outside.
void diag_limited(std::string_view key, Micros interval, Level level, std::string_view message);

// Counts what diag_limited leaves out. A value; time is a parameter.
class DiagLimiter {
 public:
  // How many messages of this key were left out since the last that passed; nothing: leave this one
  // out.
  std::optional<std::uint64_t> pass(std::string_view key, Micros interval, Instant now);

 private:
  struct Key {
    Instant last;
    std::uint64_t left_out = 0;
  };
  std::map<std::string, Key, std::less<>> keys_;
};

// Controls, DEL and bytes that are not ASCII as \xHH; everything else as it is.
std::string printable(std::string_view message);

}  // namespace weir
