// SPDX-License-Identifier: Apache-2.0
//
// The kinds of text that a policy is made of: names, patterns of hosts, times, dates, rates. As in
// text_rules.h, each `take` gives a text's one canonical form, or nothing; a `parse` gives what it
// means, and a `..._text` the text that parses to it. Pure; knows neither JSON nor the tables.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "filters/document.h"

namespace weir {

using filters::Range;
using filters::ScheduleDocument;

// 1 to 64 bytes of plain text.
std::optional<std::string> take_name(std::string_view text);
// 1 to 64 letters, digits, - . and _, the first one no mark: also good as the name of a file.
std::optional<std::string> take_word(std::string_view text);
// A method; standard ones only in capitals, because methods are compared with case.
std::optional<std::string> take_method(std::string_view text);
// Lower-case, without the dot.
std::optional<std::string> take_extension(std::string_view text);
// "example.com", ".example.com", labels with *; lower-case.
std::optional<std::string> take_name_match(std::string_view text);
// The same, or an IP address.
std::optional<std::string> take_host_match(std::string_view text);
// Plain text that is not empty; whether it is an expression is for its compiler to say.
std::optional<std::string> take_expression(std::string_view text);
// Begins with a slash, holds neither '?' nor '#'; nor '*', which would stand for itself.
std::optional<std::string> take_path(std::string_view text);
// "type/subtype" or "type/*", lower-case.
std::optional<std::string> take_media_type(std::string_view text);
// An absolute URL with http or https, without spaces, controls and a user name.
std::optional<std::string> take_url(std::string_view text);
// https, or http to a loopback address or localhost.
std::optional<std::string> take_list_url(std::string_view text);
// A host name, an address or a URL.
std::optional<std::string> take_canary(std::string_view text);
// The value of a field: no controls, no space at its ends.
std::optional<std::string> take_field_value(std::string_view text);
// "Asia/Shanghai", "UTC": the shape of a name of the IANA database.
std::optional<std::string> take_zone(std::string_view text);
std::optional<std::string> take_mac(std::string_view text);
// The name of a device, in lower case.
std::optional<std::string> take_device(std::string_view text);
std::optional<std::string> take_time(std::string_view text);
std::optional<std::string> take_date(std::string_view text);
std::optional<std::string> take_days(std::string_view text);

// Minutes of the day, "07:30", up to "24:00".
std::optional<std::uint16_t> parse_time(std::string_view text);
std::string time_text(std::uint16_t minutes);

// "2026-12-25", a day that exists.
std::optional<ScheduleDocument::Date> parse_date(std::string_view text);
std::string date_text(const ScheduleDocument::Date& date);

// "mon", "mon-fri", "weekdays", "weekends", "daily" as bits, Monday first.
std::optional<std::uint8_t> parse_days(std::string_view text);
// As JSON: a word, or a list of them.
std::string days_json(std::uint8_t days);

// "8000-8100" or "80".
std::optional<Range> parse_port_range(std::string_view text);
// "404", "4xx" or "200-299".
std::optional<Range> parse_status_range(std::string_view text);

// Bytes per second: "500KiB/s", "500KiB", "8Mbit/s" (1000 bits a kbit).
std::optional<std::uint64_t> parse_rate(std::string_view text);
std::string rate_text(std::uint64_t rate);

}  // namespace weir
