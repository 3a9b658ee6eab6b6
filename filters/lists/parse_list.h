// SPDX-License-Identifier: Apache-2.0
//
// The plain formats of lists, line by line: names, hosts files, patterns, URL prefixes and
// networks. (Adblock syntax has its own reader, filters/adblock.) A line is a rule, a comment or a
// fault: what cannot be understood wholly is reported with its line and never guessed at. Every
// reader adds to `report` what it met: lines, comments and faults; rules
// are counted by whoever keeps them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "filters/lists/list.h"
#include "filters/url_prefix_set.h"
#include "proxy/base/address.h"

namespace weir::filters {

// Takes one thing that a list names; what it is given lives only as long as the call, a pattern as
// long as the list. Returns why it cannot be used, or an empty text.
template <class Value>
struct Taker {
  void* to = nullptr;
  std::string (*take)(void* to, std::uint32_t line, const Value& value) = nullptr;
  std::string operator()(std::uint32_t line, const Value& value) const {
    return take(to, line, value);
  }
};

// One name a line: "example.com", also ".example.com", "*.example.com" or an address. All cover the
// name and what is below it; a name without a dot must be written ".name", lest a slip of the pen
// block a top-level domain. Names in other scripts become A-labels (IDNA 2008, UTS 46).
void parse_domains(std::string_view text, ListReport& report, const Taker<std::string_view>& use);

// Lines of a hosts file: an address that leads nowhere (0.0.0.0, ::, loopback) and names. The names
// every system has (localhost, broadcasthost, ...) are taken as a comment. Any other address is a
// fault: such a line wants to redirect, not to block.
void parse_hosts(std::string_view text, ListReport& report, const Taker<std::string_view>& use);

// One RE2 expression a line, as written. Comments are lines that begin with '#'.
void parse_patterns(std::string_view text, ListReport& report, const Taker<std::string_view>& use);

// "http://example.com/ads/", "example.com/ads/": one a line.
void parse_urls(std::string_view text, ListReport& report, const Taker<UrlPrefix>& use);

// "10.0.0.0/8", "fd00::/8" or one address a line.
void parse_networks(std::string_view text, ListReport& report, const Taker<Prefix>& use);

}  // namespace weir::filters
