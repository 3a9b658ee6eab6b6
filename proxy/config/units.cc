// SPDX-License-Identifier: Apache-2.0
//
// See units.h. Fractions are read digit by digit in integers: no locale, no rounding surprise.
#include "proxy/config/units.h"

#include <algorithm>
#include <cmath>

#include "proxy/base/ascii.h"

namespace weir {
namespace {

constexpr Micros kDurationMost = 100'000'000'000 * kSecond;  // some three thousand years

struct TimeUnit {
  std::string_view name;
  Micros micros;
};
constexpr TimeUnit kTimeUnits[] = {
    {"us", 1},           {"ms", kMillisecond},  {"s", kSecond},
    {"m", 60 * kSecond}, {"h", 3600 * kSecond}, {"d", 86'400 * kSecond},
};

struct ByteUnit {
  std::string_view name;
  unsigned shift;
};
constexpr ByteUnit kByteUnits[] = {{"B", 0}, {"KiB", 10}, {"MiB", 20}, {"GiB", 30}, {"TiB", 40}};

std::string_view leading_digits(std::string_view text) {
  const auto end = std::ranges::find_if_not(text, [](char c) { return is(c, kDigit); });
  return text.substr(0, static_cast<std::size_t>(end - text.begin()));
}

// The part of `unit` that the digits after the point stand for, cut below a microsecond.
Micros fraction(std::string_view digits, Micros unit) {
  Micros out = 0;
  for (const char c : digits) {
    out += (c - '0') * unit / 10;
    unit /= 10;
  }
  return out;
}

}  // namespace

std::optional<Micros> parse_duration(std::string_view text) {
  const std::string_view whole = leading_digits(text);
  text.remove_prefix(whole.size());
  std::string_view part;
  if (text.starts_with('.')) {
    part = leading_digits(text.substr(1));
    text.remove_prefix(1 + part.size());
    if (part.empty()) {
      return std::nullopt;
    }
  }
  const auto unit = std::ranges::find(kTimeUnits, text, &TimeUnit::name);
  if (unit == std::end(kTimeUnits)) {
    return std::nullopt;
  }
  const auto count = parse_decimal(whole, static_cast<std::uint64_t>(kDurationMost / unit->micros));
  if (!count) {
    return std::nullopt;
  }
  return static_cast<Micros>(*count) * unit->micros + fraction(part, unit->micros);
}

std::optional<Micros> duration_from_seconds(double seconds) {
  const double micros = seconds * static_cast<double>(kSecond);
  if (!(micros >= 0) || micros > static_cast<double>(kDurationMost)) {
    return std::nullopt;
  }
  return static_cast<Micros>(std::llround(micros));
}

std::optional<std::uint64_t> parse_bytes(std::string_view text) {
  const std::string_view digits = leading_digits(text);
  const auto unit = std::ranges::find(kByteUnits, text.substr(digits.size()), &ByteUnit::name);
  if (unit == std::end(kByteUnits)) {
    return std::nullopt;
  }
  const auto count = parse_decimal(digits, UINT64_MAX >> unit->shift);
  return count ? std::optional(*count << unit->shift) : std::nullopt;
}

std::string duration_text(Micros length) {
  const TimeUnit* best = &kTimeUnits[0];
  for (const TimeUnit& unit : kTimeUnits) {
    best = length != 0 && length % unit.micros == 0 ? &unit : best;
  }
  return length == 0 ? "0s" : std::to_string(length / best->micros) + std::string(best->name);
}

std::string bytes_text(std::uint64_t amount) {
  const ByteUnit* best = &kByteUnits[0];
  for (const ByteUnit& unit : kByteUnits) {
    best = amount != 0 && amount % (std::uint64_t{1} << unit.shift) == 0 ? &unit : best;
  }
  return std::to_string(amount >> best->shift) + std::string(best->name);
}

}  // namespace weir
