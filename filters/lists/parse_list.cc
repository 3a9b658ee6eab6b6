// SPDX-License-Identifier: Apache-2.0
//
// See parse_list.h.
#include "filters/lists/parse_list.h"

#include <algorithm>
#include <array>

#include "filters/lists/lines.h"
#include "filters/lists/read_name.h"
#include "filters/url.h"

namespace weir::filters {
namespace {

constexpr std::string_view kSpace = " \t";

// The names in a hosts file that are the system's own.
constexpr auto kSystemNames = std::to_array<std::string_view>({"localhost",
                                                               "localhost.localdomain",
                                                               "localhost4",
                                                               "localhost4.localdomain4",
                                                               "localhost6",
                                                               "localhost6.localdomain6",
                                                               "local",
                                                               "broadcasthost",
                                                               "loopback",
                                                               "ip6-localhost",
                                                               "ip6-loopback",
                                                               "ip6-localnet",
                                                               "ip6-mcastprefix",
                                                               "ip6-allnodes",
                                                               "ip6-allrouters",
                                                               "ip6-allhosts",
                                                               "0.0.0.0",
                                                               "127.0.0.1",
                                                               "::",
                                                               "::1"});

// The first word of `rest`, which is then what stands behind it.
std::string_view take_word(std::string_view& rest) {
  rest.remove_prefix(std::min(rest.find_first_not_of(kSpace), rest.size()));
  const std::string_view word = rest.substr(0, rest.find_first_of(kSpace));
  rest.remove_prefix(word.size());
  return word;
}

// The line without a comment that begins it or follows white space. A '#' right behind a word is
// left in place: "example.com##.ad" is a rule of another format, and not the name before it.
std::string_view without_comment(std::string_view line) {
  for (std::size_t n = 0; n < line.size(); ++n) {
    const bool begins = n == 0 || line[n - 1] == ' ' || line[n - 1] == '\t';
    if (begins && (line[n] == '#' || line[n] == ';' || (n == 0 && line[n] == '!'))) {
      return trim_line(line.substr(0, n));
    }
  }
  return line;
}

// Goes through the lines: `read(number, line)` gives the reason of a fault or an empty text and may
// count the line as a comment itself.
template <class Read>
void each_line(std::string_view text, ListReport& report, Read read) {
  Lines lines(text);
  while (lines.next()) {
    if (lines.line().size() > kListLineMost) {
      add_fault(report, lines.number(), "the line is longer than 8192 bytes");
    } else if (std::string fault = read(lines.number(), lines.line()); !fault.empty()) {
      add_fault(report, lines.number(), std::move(fault));
    }
  }
  report.lines += lines.number();
}

// The same for lines with one thing on each, comments taken off.
template <class Read>
void each_word(std::string_view text, ListReport& report, Read read) {
  each_line(text, report, [&](std::uint32_t number, std::string_view line) -> std::string {
    const std::string_view word = without_comment(line);
    if (word.empty()) {
      report.comments += line.empty() ? 0 : 1;
      return {};
    }
    if (word.find_first_of(kSpace) != std::string_view::npos) {
      return "there is more than one word on the line";
    }
    return read(number, word);
  });
}

constexpr const char* kBareLabel =
    "the name has no dot and would cover a whole top-level domain; write it with a dot in front if "
    "that is meant";

std::string use_name(std::string_view word, std::uint32_t number, Arena& arena,
                     const Taker<std::string_view>& use) {
  const auto name = read_name(word, arena);
  if (!name) {
    return name.error();
  }
  if (!name->dotted && !name->address && name->name.find('.') == std::string_view::npos) {
    return kBareLabel;
  }
  return use(number, name->name);
}

bool leads_nowhere(const IpAddress& address) {
  return address.is_loopback() || address == IpAddress() ||
         (!address.is_v4() && address.is_unspecified());
}

// One line of a hosts file; the first fault on it counts, its good names hold.
std::string use_hosts_line(std::string_view line, std::uint32_t number, Arena& arena,
                           ListReport& report, const Taker<std::string_view>& use) {
  std::string_view rest = line;
  const std::string_view to = take_word(rest);
  std::string fault;
  bool any = false;
  bool system_only = true;
  const auto address = IpAddress::parse(to);
  for (std::string_view word = take_word(rest); !word.empty(); word = take_word(rest)) {
    any = true;
    const bool system = std::ranges::any_of(
        kSystemNames, [word](std::string_view name) { return same_ignoring_case(name, word); });
    if (system) {
      continue;
    }
    system_only = false;
    if (address && leads_nowhere(*address)) {
      std::string wrong = use_name(word, number, arena, use);
      fault = fault.empty() ? std::move(wrong) : fault;
    }
  }
  if (!any) {
    return "a line of a hosts file needs an address and a name";
  }
  if (system_only) {
    ++report.comments;
    return {};
  }
  if (!address) {
    return "it does not begin with an address";
  }
  return leads_nowhere(*address) ? fault
                                 : "the address is a real one; to block, it must be 0.0.0.0, "
                                   "127.0.0.1, :: or ::1";
}

// The entry as an absolute URL, for the one function that understands those.
std::string use_url(std::string_view word, std::uint32_t number, Arena& arena,
                    const Taker<UrlPrefix>& use) {
  const bool http = starts_with_ignoring_case(word, "http://");
  const bool https = starts_with_ignoring_case(word, "https://");
  if (!http && !https && word.find("://") < word.find_first_of("/?")) {
    return "the scheme is neither http nor https";
  }
  if (word.find('#') != std::string_view::npos) {
    return "a URL prefix has no fragment";
  }
  if (word.ends_with('*')) {
    return "a URL prefix needs no * at its end";
  }
  Subject subject;
  if (!parse_url(http || https ? word : arena.join({"http://", word}), subject, arena)) {
    return "it is no URL";
  }
  UrlPrefix out{{}, subject.host, subject.port, subject.path};
  if (http || https) {
    out.scheme = https ? "https" : "http";
  } else if (const std::string_view authority = word.substr(0, word.find_first_of("/?#"));
             !authority.ends_with(":80") && subject.port == 80) {
    out.port = 0;
  }
  return use(number, out);
}

}  // namespace

void parse_domains(std::string_view text, ListReport& report, const Taker<std::string_view>& use) {
  Arena arena;
  each_word(text, report, [&](std::uint32_t number, std::string_view word) {
    arena.reset();
    return use_name(word, number, arena, use);
  });
}

void parse_hosts(std::string_view text, ListReport& report, const Taker<std::string_view>& use) {
  Arena arena;
  each_line(text, report, [&](std::uint32_t number, std::string_view line) -> std::string {
    arena.reset();
    const std::string_view rest = without_comment(line);
    if (rest.empty()) {
      report.comments += line.empty() ? 0 : 1;
      return {};
    }
    return use_hosts_line(rest, number, arena, report, use);
  });
}

void parse_patterns(std::string_view text, ListReport& report, const Taker<std::string_view>& use) {
  each_line(text, report, [&](std::uint32_t number, std::string_view line) -> std::string {
    if (line.empty() || line.starts_with('#')) {
      report.comments += line.empty() ? 0 : 1;
      return {};
    }
    if (line.find('\0') != std::string_view::npos) {
      return "it holds a NUL";
    }
    return use(number, line);
  });
}

void parse_urls(std::string_view text, ListReport& report, const Taker<UrlPrefix>& use) {
  Arena arena;
  each_word(text, report, [&](std::uint32_t number, std::string_view word) {
    arena.reset();
    return use_url(word, number, arena, use);
  });
}

void parse_networks(std::string_view text, ListReport& report, const Taker<Prefix>& use) {
  each_word(text, report, [&](std::uint32_t number, std::string_view word) -> std::string {
    if (const auto prefix = Prefix::parse(word)) {
      return use(number, *prefix);
    }
    const std::string_view base = word.substr(0, word.find('/'));
    return IpAddress::parse(base)
               ? "it is no network: the length is wrong, or bits beyond it are set"
               : "it is no address";
  });
}

}  // namespace weir::filters
