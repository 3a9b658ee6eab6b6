// SPDX-License-Identifier: Apache-2.0
//
// See log_record.h. The three readers are the inverse of observe/access_format.
#include "proxy/cli/log_record.h"

#include <array>
#include <ctime>
#include <utility>

#include "proxy/base/ascii.h"
#include "proxy/cli/json_reader.h"
#include "proxy/cli/time_text.h"

namespace weir::cli {
namespace {

// The next word of a line whose fields are separated by spaces.
std::string_view take_word(std::string_view& line) {
  line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
  const std::size_t end = std::min(line.find(' '), line.size());
  const std::string_view word = line.substr(0, end);
  line.remove_prefix(end);
  return word;
}

std::string_view known(std::string_view word) {
  return word == "-" ? std::string_view() : word;
}

// "1767322984.567"
std::optional<WallTime> parse_epoch(std::string_view word) {
  const std::size_t dot = word.find('.');
  if (dot == std::string_view::npos || word.size() - dot != 4) {
    return std::nullopt;
  }
  const auto seconds = parse_decimal(word.substr(0, dot), 100'000'000'000);
  const auto millis = parse_decimal(word.substr(dot + 1));
  if (!seconds || !millis) {
    return std::nullopt;
  }
  return WallTime{static_cast<Micros>(*seconds * 1'000'000 + *millis * 1000)};
}

std::uint16_t parse_status(std::string_view word) {
  return static_cast<std::uint16_t>(parse_decimal(word, 999).value_or(0));
}

bool redirects(std::uint16_t status) {
  return status >= 300 && status < 400 && status != 304;
}

// TCP_DENIED is for a rule as well as for a password that is asked for.
void take_result(std::string_view result, LogRecord& out) {
  const bool denied = result.starts_with("TCP_DENIED");
  if (result.starts_with("TCP_REDIRECT") || (denied && redirects(out.status))) {
    out.outcome = Outcome::Redirected;
  } else if (denied && out.status != 407) {
    out.outcome = Outcome::Blocked;
  }
  out.refused_before_rules = (denied && out.status == 407) || result.starts_with("NONE_NONE");
}

bool read_squid(std::string_view line, LogRecord& out) {
  const auto end = parse_epoch(take_word(line));
  const auto elapsed = parse_decimal(take_word(line), 10'000'000'000);
  if (!end || !elapsed) {
    return false;
  }
  out.time = WallTime{end->us - static_cast<Micros>(*elapsed) * kMillisecond};
  out.client = known(take_word(line));
  const std::string_view answer = take_word(line);
  const std::size_t slash = answer.find('/');
  take_word(line);  // bytes
  out.method = known(take_word(line));
  out.url = known(take_word(line));
  out.user = known(take_word(line));
  const std::string_view way = take_word(line);
  out.media_type = known(take_word(line));
  if (slash == std::string_view::npos || way.empty()) {
    return false;
  }
  out.status = parse_status(answer.substr(slash + 1));
  take_result(answer.substr(0, slash), out);
  // A status of trouble may be the server's, or tell that there was none.
  out.answered = out.outcome != Outcome::Allowed || out.status == 0 ? Answered::No
                 : out.status >= 500                                ? Answered::Unclear
                                                                    : Answered::Yes;
  out.holds.destination = out.holds.media_type = true;
  if (const auto direct = way.find("DIRECT/"); direct != std::string_view::npos) {
    out.destination = IpAddress::parse(way.substr(direct + 7));
  }
  out.method = out.method == "NONE" ? std::string_view() : out.method;
  return true;
}

// What stands between the next two quotes; \xHH and escaped quotes are undone.
std::optional<std::string_view> take_quoted(std::string_view& line, Arena& arena) {
  const std::size_t begin = line.find('"');
  std::size_t end = begin == std::string_view::npos ? line.size() : begin + 1;
  while (end < line.size() && line[end] != '"') {
    end += line[end] == '\\' ? 2U : 1U;
  }
  if (end >= line.size()) {
    return std::nullopt;
  }
  const std::string_view raw = line.substr(begin + 1, end - begin - 1);
  line.remove_prefix(end + 1);
  if (raw.find('\\') == std::string_view::npos) {
    return known(raw);
  }
  char* const out = arena.allocate(raw.size());
  std::size_t size = 0;
  for (std::size_t i = 0; i < raw.size();) {
    const bool hex = raw.substr(i).starts_with("\\x") && i + 3 < raw.size() &&
                     is(raw[i + 2], kHexDigit) && is(raw[i + 3], kHexDigit);
    if (hex) {
      out[size++] = static_cast<char>(hex_value(raw[i + 2]) << 4 | hex_value(raw[i + 3]));
      i += 4;
    } else {
      i += raw[i] == '\\' && i + 1 < raw.size() ? 1U : 0U;
      out[size++] = raw[i++];
    }
  }
  return std::string_view(out, size);
}

// "02/Jan/2026:03:04:05 +0000" to RFC 3339, which parse_time reads.
std::optional<WallTime> parse_common_date(std::string_view text) {
  constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
  if (text.size() != 26 || text[2] != '/' || text[6] != '/' || text[11] != ':') {
    return std::nullopt;
  }
  const std::size_t month = kMonths.find(text.substr(3, 3));
  if (month == std::string_view::npos || month % 3 != 0) {
    return std::nullopt;
  }
  const std::size_t number = month / 3 + 1;
  std::array<char, 32> out{};
  std::snprintf(out.data(), out.size(), "%.4s-%02u-%.2sT%.8s%.5s", text.substr(7).data(),
                static_cast<unsigned>(number), text.data(), text.substr(12).data(),
                text.substr(21).data());
  return parse_time(out.data());
}

bool read_combined(std::string_view line, Arena& arena, LogRecord& out) {
  out.client = known(take_word(line));
  take_word(line);  // the identity that nobody gives
  out.user = known(take_word(line));
  const std::size_t open = line.find('[');
  const std::size_t close = line.find(']', open);
  if (open == std::string_view::npos || close == std::string_view::npos) {
    return false;
  }
  out.time = parse_common_date(line.substr(open + 1, close - open - 1));
  line.remove_prefix(close + 1);
  auto request = take_quoted(line, arena);
  if (!out.time || !request) {
    return false;
  }
  out.method = known(take_word(*request));
  out.url = known(take_word(*request));
  out.status = parse_status(take_word(line));
  take_word(line);  // bytes
  out.referer = take_quoted(line, arena).value_or("");
  out.user_agent = take_quoted(line, arena).value_or("");
  // The format has no word for who said it: a 403 is taken for our own.
  out.outcome = out.status == 403 ? Outcome::Blocked : Outcome::Allowed;
  out.answered = out.status == 0 || out.status == 403 ? Answered::No
                 : out.status >= 400                  ? Answered::Unclear
                                                      : Answered::Yes;
  out.holds.referer = out.holds.user_agent = true;
  out.refused_before_rules = out.status == 407;
  return true;
}

struct JsonWords {
  std::string_view time;
  std::string_view destination;
  std::string_view failure;
  std::string_view decision;
  std::string_view kind;
  std::string_view result;
  std::string_view served_by;
  std::string_view intercept;
  std::uint16_t origin_status = 0;
};

// What Weir writes, who always says what was decided; Squid does not.
void take_decision(const JsonWords& words, LogRecord& out) {
  out.outcome = words.decision == "block" || words.decision == "close" ? Outcome::Blocked
                : words.decision == "redirect"                         ? Outcome::Redirected
                                                                       : Outcome::Allowed;
  out.answered =
      out.outcome == Outcome::Allowed && (words.origin_status != 0 || words.served_by == "cache")
          ? Answered::Yes
          : Answered::No;
  if (words.served_by.empty() && out.outcome == Outcome::Allowed) {  // the log was made shorter
    out.answered = Answered::Unclear;
  }
  out.refused_otherwise = (words.failure == "blocked" && out.outcome == Outcome::Allowed) ||
                          words.intercept == "block_page";
  out.refused_before_rules =
      words.decision.empty() && words.failure.empty() && words.served_by == "proxy";
}

void take_json_words(const JsonWords& words, LogRecord& out) {
  out.time = parse_time(words.time);
  if (const auto to = Endpoint::parse(words.destination)) {
    out.destination = to->address;
  }
  if (out.holds.decision) {
    take_decision(words, out);
  } else if (words.failure == "blocked") {
    out.outcome = Outcome::Blocked;
  } else if (words.failure.empty()) {
    take_result(words.result, out);
  }
  constexpr std::array<std::string_view, 7> kBefore = {
      "client_denied", "port_denied", "method_denied", "auth_required",
      "auth_failed",   "loop",        "misdirected"};
  for (const std::string_view word : kBefore) {
    out.refused_before_rules = out.refused_before_rules || words.failure == word;
  }
  out.refused_before_rules = out.refused_before_rules || words.kind == "bad_request";
}

bool read_json(std::string_view line, Arena& arena, LogRecord& out) {
  JsonReader json(line, arena);
  JsonWords words;
  const std::pair<std::string_view, std::string_view*> into[] = {
      {"client", &out.client},
      {"client_mac", &out.mac},
      {"client_name", &out.device},
      {"user", &out.user},
      {"listener", &out.listener},
      {"listener_name", &out.listener_name},
      {"method", &out.method},
      {"url", &out.url},
      {"referer", &out.referer},
      {"user_agent", &out.user_agent},
      {"type", &out.media_type},
      {"rule", &out.rule},
      {"list", &out.list},
      {"time", &words.time},
      {"destination", &words.destination},
      {"failure", &words.failure},
      {"decision", &words.decision},
      {"kind", &words.kind},
      {"result", &words.result},
      {"served_by", &words.served_by},
      {"intercept", &words.intercept},
  };
  const std::pair<std::string_view, bool*> holds[] = {
      {"referer", &out.holds.referer},         {"user_agent", &out.holds.user_agent},
      {"destination", &out.holds.destination}, {"type", &out.holds.media_type},
      {"listener", &out.holds.listener},       {"client_mac", &out.holds.device},
      {"decision", &out.holds.decision},
  };
  const bool read = json.members([&](std::string_view name) {
    if (name == "status" || name == "origin_status") {
      const std::uint16_t status = parse_status(json.raw().value_or(""));
      (name == "status" ? out.status : words.origin_status) = status;
      return !json.failed();
    }
    for (const auto& [known_name, held] : holds) {
      *held = *held || name == known_name;
    }
    for (const auto& [known_name, target] : into) {
      if (name == known_name) {
        const auto value = json.text_or_null();
        *target = value.value_or("");
        return value.has_value();
      }
    }
    return json.raw().has_value();
  });
  if (!read || !json.finished()) {
    return false;
  }
  take_json_words(words, out);
  return true;
}

LogFormat format_of(std::string_view line) {
  if (line.starts_with('{')) {
    return LogFormat::Json;
  }
  return parse_epoch(take_word(line)) ? LogFormat::Squid : LogFormat::Combined;
}

}  // namespace

std::optional<LogFormat> parse_log_format(std::string_view word) {
  return word == "auto"       ? std::optional(LogFormat::Auto)
         : word == "squid"    ? std::optional(LogFormat::Squid)
         : word == "combined" ? std::optional(LogFormat::Combined)
         : word == "json"     ? std::optional(LogFormat::Json)
                              : std::nullopt;
}

std::string_view outcome_word(Outcome outcome) {
  return outcome == Outcome::Allowed   ? "allowed"
         : outcome == Outcome::Blocked ? "blocked"
                                       : "redirected";
}

bool read_log_line(LogFormat format, std::string_view line, Arena& arena, LogRecord& out) {
  out = {};
  switch (format == LogFormat::Auto ? format_of(line) : format) {
    case LogFormat::Squid:
      return read_squid(line, out);
    case LogFormat::Json:
      return read_json(line, arena, out);
    default:
      return read_combined(line, arena, out);
  }
}

}  // namespace weir::cli
