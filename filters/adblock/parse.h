// SPDX-License-Identifier: Apache-2.0
//
// From one line of an Adblock list to a rule, or to the reason why it is none. Understands the
// syntax of Adblock Plus, uBlock Origin and AdGuard; where they differ, uBlock Origin's reading
// holds. An option that is not known drops the whole rule: to ignore it would block too much.
// Knows nothing of how rules are matched.
#pragma once

#include <string>
#include <string_view>

#include "filters/adblock/rule.h"

namespace weir::adblock {

constexpr std::size_t kPatternLimit = 2048;  // bytes; longer patterns are faulty
constexpr std::size_t kWildcardLimit = 64;   // '*' in a pattern; with more it is unsupported

class LineParser {
 public:
  // `text` is one line without its end. The answer's views live until the next call.
  Line parse(std::string_view text);

 private:
  Line network(std::string_view text);
  std::string ascii_;    // a line whose host had to be made ASCII
  std::string pattern_;  // a pattern that had to be normalised
  std::string value_;    // a modifier's value that had to be unescaped
};

// The host of a line that is only a host name, or of a hosts-file line; empty: neither. A hosts
// line that names the machine itself gives a view of length 0 with data.
std::string_view bare_host(std::string_view line);

// Whether a name may stand behind "||" and before "^": labels of letters, digits, '-' and '_'.
bool plain_host(std::string_view text);

}  // namespace weir::adblock
