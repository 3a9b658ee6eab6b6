// SPDX-License-Identifier: Apache-2.0
//
// See policy_text.h.
#include "proxy/config/policy_text.h"

#include <algorithm>

#include "proxy/base/address.h"
#include "proxy/base/ascii.h"
#include "proxy/config/problem.h"
#include "proxy/config/text_rules.h"
#include "proxy/config/units.h"

namespace weir {
namespace {

constexpr std::size_t kNameMost = 64;
constexpr std::string_view kDays[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
constexpr std::uint8_t kWeekdays = 0x1f;
constexpr std::uint8_t kWeekends = 0x60;
constexpr std::uint8_t kDaily = 0x7f;

bool is_word_char(char c) {
  return is(c, kAlpha) || is(c, kDigit) || c == '-' || c == '.' || c == '_';
}

// A name whose labels may hold *; each stands for letters, so a letter tells whether it is a name.
std::optional<std::string> take_labels(std::string_view text) {
  std::string plain(text);
  std::ranges::replace(plain, '*', 'x');
  const bool address = text.find_first_not_of("0123456789.*") == text.npos &&
                       text.find_first_of("0123456789") != text.npos;
  const bool empty = text.find_first_not_of("*.") == text.npos;
  if (address || empty || !take_host_name(plain)) {
    return std::nullopt;
  }
  return lowered(text.ends_with('.') ? text.substr(0, text.size() - 1) : text);
}

// The host of "http://host:port/..." behind the two slashes; nothing where it is none.
std::optional<std::string> host_of(std::string_view rest) {
  const std::string_view authority = rest.substr(0, rest.find_first_of("/?#"));
  if (authority.starts_with('[') && authority.ends_with(']')) {
    return take_host(authority.substr(1, authority.size() - 2));
  }
  if (const auto both = parse_host_and_port(authority)) {
    return both->host;
  }
  return take_host(authority);
}

std::optional<std::size_t> day_index(std::string_view text) {
  const auto found = std::ranges::find(kDays, text);
  return found == std::end(kDays) ? std::nullopt
                                  : std::optional(static_cast<std::size_t>(found - kDays));
}

std::optional<std::uint8_t> one_day(std::string_view text) {
  const auto at = day_index(text);
  return at ? std::optional(static_cast<std::uint8_t>(1u << *at)) : std::nullopt;
}

unsigned days_in(std::int32_t year, unsigned month) {
  const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  constexpr unsigned kLengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return kLengths[month - 1] + (month == 2 && leap ? 1 : 0);
}

std::string padded(std::uint64_t number, std::size_t width) {
  const std::string digits = std::to_string(number);
  return std::string(width - std::min(width, digits.size()), '0') + digits;
}

// "a-b" or "a", both within the bounds, as a half-open range.
std::optional<Range> parse_range(std::string_view text, std::uint64_t least, std::uint64_t most) {
  const std::size_t dash = text.find('-');
  const auto from = parse_decimal(text.substr(0, dash), most);
  const auto to = dash == text.npos ? from : parse_decimal(text.substr(dash + 1), most);
  if (!from || !to || *from < least || *to < *from) {
    return std::nullopt;
  }
  return Range{*from, *to + 1};
}

}  // namespace

std::optional<std::string> take_name(std::string_view text) {
  return text.empty() || text.size() > kNameMost ? std::nullopt : take_plain(text);
}

std::optional<std::string> take_word(std::string_view text) {
  const bool good = !text.empty() && text.size() <= kNameMost &&
                    (is(text.front(), kAlpha) || is(text.front(), kDigit)) &&
                    std::ranges::all_of(text, is_word_char);
  return text_when(good, text);
}

std::optional<std::string> take_method(std::string_view text) {
  constexpr std::string_view kStandard[] = {"GET",     "HEAD",    "POST",  "PUT",  "DELETE",
                                            "CONNECT", "OPTIONS", "TRACE", "PATCH"};
  const bool miswritten = std::ranges::any_of(kStandard, [text](std::string_view method) {
    return text != method && same_ignoring_case(text, method);
  });
  return miswritten ? std::nullopt : take_token(text);
}

std::optional<std::string> take_extension(std::string_view text) {
  const bool good = !text.empty() && text.find_first_of("./\\ ") == text.npos;
  return good ? take_plain(lowered(text)) : std::nullopt;
}

std::optional<std::string> take_name_match(std::string_view text) {
  if (text.starts_with('.')) {
    const auto name = take_labels(text.substr(1));
    return name ? std::optional("." + *name) : std::nullopt;
  }
  return take_labels(text);
}

std::optional<std::string> take_host_match(std::string_view text) {
  const bool bracketed = text.size() > 2 && text.starts_with('[') && text.ends_with(']');
  const auto address = IpAddress::parse(bracketed ? text.substr(1, text.size() - 2) : text);
  return address ? std::optional(address->text()) : take_name_match(text);
}

std::optional<std::string> take_expression(std::string_view text) {
  return text.empty() ? std::nullopt : take_plain(text);
}

std::optional<std::string> take_path(std::string_view text) {
  const bool good = text.starts_with('/') && text.find_first_of("?# *") == text.npos;
  return good ? take_plain(text) : std::nullopt;
}

std::optional<std::string> take_media_type(std::string_view text) {
  const std::size_t slash = text.find('/');
  const bool good = slash != text.npos && take_token(text.substr(0, slash)) &&
                    take_token(text.substr(slash + 1)) &&
                    text.substr(0, slash).find('*') == text.npos &&
                    (text.find('*') == text.npos || text.substr(slash) == "/*");
  return text_when(good, lowered(text));
}

std::optional<std::string> take_url(std::string_view text) {
  const bool http = starts_with_ignoring_case(text, "http://");
  const bool https = starts_with_ignoring_case(text, "https://");
  const bool good = (http || https) && text.find(' ') == text.npos && take_plain(text) &&
                    host_of(text.substr(https ? 8 : 7));
  return text_when(good, text);
}

std::optional<std::string> take_list_url(std::string_view text) {
  if (!take_url(text) || starts_with_ignoring_case(text, "https://")) {
    return take_url(text);
  }
  const std::string host = host_of(text.substr(7)).value_or("");
  const auto address = IpAddress::parse(host);
  return text_when(host == "localhost" || (address && address->is_loopback()), text);
}

std::optional<std::string> take_canary(std::string_view text) {
  return text.find("://") != text.npos ? take_url(text) : take_host(text);
}

std::optional<std::string> take_field_value(std::string_view text) {
  return trim_ows(text).size() == text.size() ? take_plain(text) : std::nullopt;
}

std::optional<std::string> take_zone(std::string_view text) {
  const auto good = [](char c) {
    return is(c, kAlpha) || is(c, kDigit) || c == '/' || c == '_' || c == '-' || c == '+';
  };
  const bool name = !text.empty() && is(text.front(), kAlpha) && !text.ends_with('/') &&
                    text.find("//") == text.npos && std::ranges::all_of(text, good);
  return text_when(name, text);
}

std::optional<std::string> take_mac(std::string_view text) {
  const auto mac = parse_mac(text);
  return mac ? std::optional(mac_text(*mac)) : std::nullopt;
}

std::optional<std::string> take_device(std::string_view text) {
  std::string name = plain_name(text);
  return name.empty() ? std::nullopt : std::optional(std::move(name));
}

std::optional<std::string> take_time(std::string_view text) {
  const auto minutes = parse_time(text);
  return minutes ? std::optional(time_text(*minutes)) : std::nullopt;
}

std::optional<std::string> take_date(std::string_view text) {
  return text_when(parse_date(text).has_value(), text);
}

std::optional<std::string> take_days(std::string_view text) {
  return parse_days(text) ? std::optional(lowered(text)) : std::nullopt;
}

std::optional<std::uint16_t> parse_time(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon == text.npos || colon > 2 || text.size() != colon + 3) {
    return std::nullopt;
  }
  const auto hours = parse_decimal(text.substr(0, colon), 24);
  const auto minutes = parse_decimal(text.substr(colon + 1), 59);
  if (!hours || !minutes || *hours * 60 + *minutes > 1440) {
    return std::nullopt;
  }
  return static_cast<std::uint16_t>(*hours * 60 + *minutes);
}

std::string time_text(std::uint16_t minutes) {
  return padded(minutes / 60u, 2) + ":" + padded(minutes % 60u, 2);
}

std::optional<ScheduleDocument::Date> parse_date(std::string_view text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') {
    return std::nullopt;
  }
  const auto year = parse_decimal(text.substr(0, 4));
  const auto month = parse_decimal(text.substr(5, 2), 12);
  const auto day = parse_decimal(text.substr(8));
  if (!year || !month || !day || *year < 1970 || *month == 0 || *day == 0 ||
      *day > days_in(static_cast<std::int32_t>(*year), static_cast<unsigned>(*month))) {
    return std::nullopt;
  }
  return ScheduleDocument::Date{static_cast<std::int32_t>(*year), static_cast<std::uint8_t>(*month),
                                static_cast<std::uint8_t>(*day)};
}

std::string date_text(const ScheduleDocument::Date& date) {
  return padded(static_cast<std::uint64_t>(date.year), 4) + "-" + padded(date.month, 2) + "-" +
         padded(date.day, 2);
}

std::optional<std::uint8_t> parse_days(std::string_view text) {
  const std::string word = lowered(text);
  const std::size_t dash = word.find('-');
  if (word == "daily" || word == "weekdays" || word == "weekends") {
    return word == "daily" ? kDaily : word == "weekdays" ? kWeekdays : kWeekends;
  }
  if (dash == word.npos) {
    return one_day(word);
  }
  const auto from = day_index(std::string_view(word).substr(0, dash));
  const auto to = day_index(std::string_view(word).substr(dash + 1));
  if (!from || !to) {
    return std::nullopt;
  }
  unsigned days = 0;
  for (std::size_t at = *from; days |= 1u << at, at != *to; at = (at + 1) % 7) {
  }
  return static_cast<std::uint8_t>(days);
}

std::string days_json(std::uint8_t days) {
  if (days == kDaily || days == kWeekdays || days == kWeekends) {
    return days == kDaily ? "\"daily\"" : days == kWeekdays ? "\"weekdays\"" : "\"weekends\"";
  }
  std::string out;
  for (std::size_t i = 0; i < 7; ++i) {
    if ((days >> i & 1) != 0) {
      out += (out.empty() ? "" : ", ") + json_text(kDays[i]);
    }
  }
  return "[" + out + "]";
}

std::optional<Range> parse_port_range(std::string_view text) {
  return parse_range(text, 1, 65535);
}

std::optional<Range> parse_status_range(std::string_view text) {
  if (text.size() == 3 && text[0] >= '1' && text[0] <= '5' &&
      same_ignoring_case(text.substr(1), "xx")) {
    const auto hundred = static_cast<std::uint64_t>(text[0] - '0') * 100;
    return Range{hundred, hundred + 100};
  }
  return parse_range(text, 100, 599);
}

std::optional<std::uint64_t> parse_rate(std::string_view text) {
  struct Unit {
    std::string_view name;
    std::uint64_t bytes;
  };
  constexpr Unit kBits[] = {{"kbit/s", 125}, {"Mbit/s", 125'000}, {"Gbit/s", 125'000'000}};
  for (const Unit& unit : kBits) {
    if (text.ends_with(unit.name)) {
      const auto count =
          parse_decimal(text.substr(0, text.size() - unit.name.size()), UINT64_MAX / unit.bytes);
      return count ? std::optional(*count * unit.bytes) : std::nullopt;
    }
  }
  return parse_bytes(text.ends_with("/s") ? text.substr(0, text.size() - 2) : text);
}

std::string rate_text(std::uint64_t rate) {
  return bytes_text(rate) + "/s";
}

}  // namespace weir
