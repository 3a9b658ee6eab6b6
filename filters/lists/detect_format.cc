// SPDX-License-Identifier: Apache-2.0
//
// Which format a list has, when nobody named it: what its header says, or each of the first lines
// votes for what it looks like. Adblock syntax also takes bare names and lines of hosts files, so a
// list of those with a single rule that only Adblock knows is Adblock.
#include <algorithm>
#include <array>
#include <utility>

#include "filters/lists/lines.h"
#include "filters/lists/read_list.h"
#include "filters/lists/read_name.h"

namespace weir::filters {
namespace {

constexpr std::size_t kVotersMost = 500;  // lines with a vote
constexpr std::size_t kLinesMost = 5000;  // lines looked at: some lists open with a long licence

bool has(std::string_view line, std::string_view part) {
  return line.find(part) != std::string_view::npos;
}

bool is_adblock(std::string_view line) {
  for (const auto* start : {"||", "@@", "|http", "[Adblock", "[AdBlock", "[uBlock", "!#"}) {
    if (line.starts_with(start)) {
      return true;
    }
  }
  for (const auto* mark : {"##", "#@#", "#?#", "#$#", "#%#", "$$"}) {
    if (has(line, mark)) {
      return true;
    }
  }
  return false;
}

// A first line that says so itself.
bool has_adblock_header(std::string_view text) {
  Lines lines(text);
  bool more = lines.next();
  while (more && lines.line().empty()) {
    more = lines.next();
  }
  return starts_with_ignoring_case(lines.line(), "[adblock") ||
         starts_with_ignoring_case(lines.line(), "[ublock") ||
         starts_with_ignoring_case(lines.line(), "[adguard");
}

// Marks that stand in expressions and hardly ever in URLs or Adblock rules.
bool is_pattern(std::string_view line) {
  const bool adblock_expression =
      line.size() > 2 && line.front() == '/' && (line.back() == '/' || has(line, "/$"));
  if (adblock_expression) {
    return false;
  }
  for (const auto* mark : {"\\.", "\\/", ".*", ".+", "(?", "[^", "\\d", "\\b", "\\w", ")?", "]+"}) {
    if (has(line, mark)) {
      return true;
    }
  }
  return line.starts_with('^') || (line.ends_with('$') && !line.ends_with("/$"));
}

bool is_hosts(std::string_view line) {
  const std::size_t end = line.find_first_of(" \t");
  const std::string_view word = line.substr(0, std::min(end, line.find('%')));  // fe80::1%lo0
  return end != std::string_view::npos && IpAddress::parse(word);
}

bool is_url(std::string_view word, Arena& arena) {
  for (const auto* scheme : {"http://", "https://"}) {
    if (starts_with_ignoring_case(word, scheme)) {
      return true;
    }
  }
  const std::size_t slash = word.find('/');
  if (slash == std::string_view::npos || slash == 0 || word.find_first_of("*^|$") != word.npos) {
    return false;
  }
  const std::string_view host = word.substr(0, std::min(slash, word.find(':')));
  return has(host, ".") && read_name(host, arena).has_value();
}

// Only Adblock would take such a line, but so it takes every slip of the pen.
constexpr std::size_t kPerhapsAdblock = 7;
// A single address, which is a network, but stands among names as well.
constexpr std::size_t kAddress = 8;

// What the line looks like: a format or one of the above; Auto: nothing certain.
std::size_t vote(std::string_view line, Arena& arena) {
  const auto of = [](ListFormat format) { return static_cast<std::size_t>(format); };
  if (is_adblock(line)) {
    return of(ListFormat::Adblock);
  }
  if (line.empty() || line.front() == '#' || line.front() == '!' || line.front() == ';') {
    return of(ListFormat::Auto);
  }
  if (is_hosts(line)) {
    return of(ListFormat::Hosts);
  }
  const std::string_view word = line.substr(0, line.find_first_of(" \t;"));
  if (Prefix::parse(word)) {
    return has(word, "/") ? of(ListFormat::Networks) : kAddress;
  }
  if (is_pattern(line)) {
    return of(ListFormat::Patterns);
  }
  if (const auto name = read_name(word, arena);
      name && word.front() != '-' && (has(word, ".") || name->address)) {
    return of(ListFormat::Domains);
  }
  return is_url(word, arena) ? of(ListFormat::Urls) : kPerhapsAdblock;
}

// Whether a line anywhere begins with a mark that only Adblock has. Some lists hold thousands of
// addresses and names before the first such line.
bool has_adblock_line(std::string_view text) {
  for (const std::string_view mark : {"||", "@@"}) {
    for (auto at = text.find(mark); at != std::string_view::npos; at = text.find(mark, at + 1)) {
      if (at == 0 || text[at - 1] == '\n') {
        return true;
      }
    }
  }
  return false;
}

using Votes = std::array<std::size_t, 9>;

Votes count_votes(std::string_view text) {
  Votes votes{};
  std::size_t voters = 0;
  Arena arena;
  Lines lines(text);
  while (voters < kVotersMost && lines.number() < kLinesMost && lines.next()) {
    arena.reset();
    const std::size_t one = vote(lines.line().substr(0, kListLineMost), arena);
    ++votes[one];
    voters += one != 0 ? 1 : 0;
  }
  return votes;
}

}  // namespace

ListFormat detect_format(std::string_view text) {
  if (has_adblock_header(text)) {
    return ListFormat::Adblock;
  }
  Votes votes = count_votes(text);
  const auto of = [&votes](ListFormat format) -> std::size_t& {
    return votes[static_cast<std::size_t>(format)];
  };
  const std::size_t addresses = std::exchange(votes[kAddress], 0);
  const std::size_t perhaps = std::exchange(votes[kPerhapsAdblock], 0);
  if (of(ListFormat::Adblock) > 0 || has_adblock_line(text)) {
    of(ListFormat::Adblock) += 1 + addresses + of(ListFormat::Domains) + of(ListFormat::Hosts);
  } else if (of(ListFormat::Domains) * 10 > addresses) {
    of(ListFormat::Domains) += addresses;
  } else {
    of(ListFormat::Networks) += addresses;
  }
  of(ListFormat::Adblock) += perhaps;
  of(ListFormat::Auto) = 0;
  const auto most = static_cast<std::size_t>(std::ranges::max_element(votes) - votes.begin());
  return votes[most] == 0 ? ListFormat::Domains : static_cast<ListFormat>(most);
}

}  // namespace weir::filters
