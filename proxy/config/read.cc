// SPDX-License-Identifier: Apache-2.0
//
// See read.h. Values that stand alone, and lists of them.
#include "proxy/config/read.h"

#include <algorithm>
#include <array>

#include "proxy/base/ascii.h"
#include "proxy/config/text_rules.h"
#include "proxy/config/units.h"

namespace weir {
namespace {

constexpr std::uint16_t kProxyPort = 3128;
constexpr std::uint16_t kDnsPort = 53;

void report_here(const Reading& in) {
  report(in, in.value, in.path, expectation(in.row));
}

std::vector<Prefix> prefixes(std::initializer_list<std::string_view> texts) {
  std::vector<Prefix> out;
  for (const std::string_view text : texts) {
    out.push_back(Prefix::parse(text).value_or(Prefix{}));
  }
  return out;
}

// "1.2.3.4:53", "[::1]:53", or an address alone with the port it then gets.
std::optional<Endpoint> parse_endpoint(std::string_view text, std::uint16_t port) {
  if (const auto address = IpAddress::parse(text)) {
    return Endpoint{*address, port};
  }
  if (text.starts_with('[') && text.ends_with(']')) {
    return Endpoint::parse(std::string(text) + ":" + std::to_string(port));
  }
  return Endpoint::parse(text);
}

// Also ":3128" and "*:3128": every IPv4 address of the machine.
std::optional<Endpoint> parse_listen(std::string_view text) {
  if (text.starts_with("*:")) {
    text.remove_prefix(1);
  }
  if (text.starts_with(':') && !text.starts_with("::")) {
    return Endpoint::parse("0.0.0.0" + std::string(text));
  }
  return parse_endpoint(text, kProxyPort);
}

// A number within the row's bounds, or a report.
std::optional<std::uint64_t> within(const Reading& in, std::optional<std::uint64_t> number) {
  if (!number || *number < in.row.least || *number > in.row.most) {
    report_here(in);
    return std::nullopt;
  }
  return number;
}

std::optional<std::uint64_t> read_number(const Reading& in) {
  const Value& value = in.value;
  std::optional<std::uint64_t> number;
  if (value.kind == ValueKind::Number && value.whole) {
    number = value.count;
  } else if (value.kind == ValueKind::Text && in.row.kind == SettingKind::Size) {
    number = parse_bytes(value.text);
  }
  return within(in, number);
}

// Every item of a list through `take`, which gives nothing for what is not `expected`.
template <class Item, class Take>
void read_list(const Reading& in, std::vector<Item>& out, const std::string& expected, Take take) {
  std::vector<Item> found;
  each_item(in, [&](const Value& value, const std::string& path) {
    if (auto item = take(value)) {
      found.push_back(std::move(*item));
    } else {
      report(in, value, path, expected);
    }
  });
  if (in.value.kind != ValueKind::List && !in.row.single) {
    return;
  }
  if (found.size() < in.row.least && in.value.kind == ValueKind::List && in.value.items.empty()) {
    return report(in, in.value, in.path, "a list of at least one entry");
  }
  out = std::move(found);
}

// Text through `parse`; nothing for values that are no text.
template <class Parse>
auto from_text(Parse parse) {
  return [parse](const Value& value) {
    return value.kind == ValueKind::Text ? parse(value.text) : decltype(parse(value.text)){};
  };
}

std::optional<std::uint16_t> take_port(const Value& value) {
  const bool port =
      value.kind == ValueKind::Number && value.whole && value.count >= 1 && value.count <= 65535;
  return port ? std::optional(static_cast<std::uint16_t>(value.count)) : std::nullopt;
}

// The prefixes that one item of a list stands for: itself, or those of a word the row knows.
std::vector<Prefix> prefixes_of(const Reading& in, const Value& value) {
  if (value.kind != ValueKind::Text) {
    return {};
  }
  const auto words = words_of(in.row);
  if (std::ranges::find(words, std::string_view(value.text)) != words.end()) {
    return value.text == "loopback" ? loopback_ranges() : private_ranges();
  }
  const auto prefix = Prefix::parse(value.text);
  return prefix ? std::vector{*prefix} : std::vector<Prefix>{};
}

}  // namespace

const std::vector<Prefix>& loopback_ranges() {
  static const std::vector<Prefix> ranges = prefixes({"127.0.0.0/8", "::1/128"});
  return ranges;
}

const std::vector<Prefix>& private_ranges() {
  static const std::vector<Prefix> ranges = prefixes(
      {"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "fc00::/7", "fe80::/10"});
  return ranges;
}

std::optional<std::size_t> read_word(const Reading& in) {
  const auto words = words_of(in.row);
  const auto found = std::ranges::find(words, std::string_view(in.value.text));
  if (in.value.kind != ValueKind::Text || found == words.end()) {
    report_here(in);
    return std::nullopt;
  }
  return static_cast<std::size_t>(found - words.begin());
}

void read_into(const Reading& in, bool& out) {
  if (in.row.kind == SettingKind::Word) {  // of two words, the first one is true
    const auto index = read_word(in);
    out = index ? *index == 0 : out;
    return;
  }
  if (in.value.kind != ValueKind::Flag) {
    return report_here(in);
  }
  out = in.value.flag;
}

void read_into(const Reading& in, std::uint32_t& out) {
  if (const auto number = read_number(in)) {
    out = static_cast<std::uint32_t>(*number);  // the bounds of every such row fit; tested
  }
}

void read_into(const Reading& in, std::uint64_t& out) {
  if (const auto number = read_number(in)) {
    out = *number;
  }
}

void read_into(const Reading& in, Micros& out) {
  std::optional<Micros> length;
  if (in.value.kind == ValueKind::Number) {
    length = duration_from_seconds(in.value.number);
  } else if (in.value.kind == ValueKind::Text) {
    length = parse_duration(in.value.text);
  }
  const auto micros = within(in, length ? std::optional<std::uint64_t>(*length) : std::nullopt);
  if (micros) {
    out = static_cast<Micros>(*micros);
  }
}

void read_into(const Reading& in, std::string& out) {
  if (in.row.kind == SettingKind::Word) {
    out = read_word(in) ? in.value.text : out;
    return;
  }
  const std::string& text = in.value.text;
  if (in.value.kind != ValueKind::Text) {
    return report(in, in.value, in.path, "text");
  }
  if (text.size() < in.row.least || text.size() > in.row.most) {
    return report(in, in.value, in.path,
                  text.empty() ? "text that is not empty"
                               : "at most " + std::to_string(in.row.most) + " bytes");
  }
  auto taken = text.empty() ? std::optional(text) : in.row.rule->take(text);
  if (!taken) {
    return report_here(in);
  }
  out = std::move(*taken);
}

// The words of a row stand in the order of the enum.
template <class Enum>
void read_word_into(const Reading& in, Enum& out) {
  if (const auto index = read_word(in)) {
    out = static_cast<Enum>(*index);
  }
}

void read_into(const Reading& in, ForwardedFor& out) {
  read_word_into(in, out);
}

void read_into(const Reading& in, ListenMode& out) {
  read_word_into(in, out);
}

void read_into(const Reading& in, HostVerify& out) {
  read_word_into(in, out);
}

void read_into(const Reading& in, Unnamed& out) {
  read_word_into(in, out);
}

void read_into(const Reading& in, Endpoint& out) {
  const auto at = from_text(parse_listen)(in.value);
  if (!at) {
    return report(in, in.value, in.path, "an IP address and a port");
  }
  out = *at;
}

void read_into(const Reading& in, std::vector<std::string>& out) {
  read_list(in, out, std::string(in.row.rule->expected), [&in](const Value& value) {
    const bool fits = !value.text.empty() && value.text.size() <= 4096;
    return fits ? in.row.rule->take(value.text) : std::nullopt;
  });
}

void read_into(const Reading& in, std::vector<std::uint16_t>& out) {
  read_list(in, out, "a port from 1 to 65535", take_port);
}

void read_into(const Reading& in, std::vector<Prefix>& out) {
  std::string expected = "an address range, with no bit set beyond its length";
  for (const std::string_view word : words_of(in.row)) {
    expected += ", or " + json_text(word);
  }
  std::vector<std::vector<Prefix>> groups;
  read_list(in, groups, expected, [&in](const Value& value) {
    auto found = prefixes_of(in, value);
    return found.empty() ? std::nullopt : std::optional(std::move(found));
  });
  if (in.value.kind == ValueKind::List || in.row.single) {
    out.clear();
    for (const auto& group : groups) {
      out.insert(out.end(), group.begin(), group.end());
    }
  }
}

void read_into(const Reading& in, std::vector<Endpoint>& out) {
  const auto parse = [](std::string_view text) {
    const auto at = parse_endpoint(text, kDnsPort);
    return at && at->port != 0 ? at : std::nullopt;
  };
  read_list(in, out, "an IP address, with a port if it is not 53", from_text(parse));
}

void read_into(const Reading& in, std::map<std::string, std::vector<IpAddress>>& out) {
  if (in.value.kind != ValueKind::Object) {
    return report_here(in);
  }
  std::map<std::string, std::vector<IpAddress>> hosts;
  for (const Member& member : in.value.members) {
    const std::string path = step(in.path, member.name);
    const auto name = in.row.rule->take(member.name);
    if (!name) {
      in.problems.add(member.offset, path, "the name is not a host name.",
                      "Use letters, digits, - and dots; write other scripts in their xn-- form.");
      continue;
    }
    if (hosts.contains(*name)) {
      in.problems.add(member.offset, path, "the name stands here twice.",
                      "Put all its addresses into one list; upper and lower case are the same.");
      continue;
    }
    const Reading list{in.row, member.value, path, in.problems};
    read_list(list, hosts[*name], "an IP address", from_text(IpAddress::parse));
    if (member.value.kind == ValueKind::List && member.value.items.empty()) {
      report(in, member.value, path, "a list of at least one IP address");
    }
  }
  out = std::move(hosts);
}

}  // namespace weir
