// SPDX-License-Identifier: Apache-2.0
//
// How each kind of value looks in each style of log line. Declared in access_fields.h; runs on the
// worker's thread without allocation.
#include <algorithm>

#include "proxy/observe/access_fields.h"

namespace weir {
namespace {

constexpr std::size_t kAddressRoom = 48;  // IpAddress::write asks for 46

}  // namespace

void FieldOut::absent() {
  if (json()) {
    line_.put("null");
  } else {
    line_.put('-');
  }
}

void FieldOut::escaped(std::string_view value, const EscapedBytes& quoted, std::size_t most) {
  switch (style_) {
    case FieldStyle::Bare:
      return put_percent(line_, value, bare_, most);
    case FieldStyle::BareSlash:
      return put_slash(line_, value, bare_, most);
    case FieldStyle::Quoted:
      return put_slash(line_, value, quoted, most);
    case FieldStyle::Json:
      return put_json(line_, value, most);
  }
}

void FieldOut::text(std::string_view value) {
  if (value.empty()) {
    return absent();
  }
  quote();
  escaped(value, kQuotedBytes, json() ? most_ - 2 : most_);
  quote();
}

void FieldOut::word(std::string_view value) {
  quote();
  line_.put(value);
  quote();
}

void FieldOut::number(std::uint64_t value) {
  line_.number(value);
}

void FieldOut::status(std::uint16_t value) {
  if (json()) {
    return line_.number(value);  // 000 is no JSON number
  }
  line_.digits(value, 3);
}

void FieldOut::micros(Micros value) {
  if (value < 0) {
    return absent();
  }
  line_.number(static_cast<std::uint64_t>(value));
}

void FieldOut::flag(bool value) {
  if (json()) {
    return line_.put(value ? "true" : "false");
  }
  line_.put(value ? '1' : '0');
}

void FieldOut::hex(std::uint64_t value) {
  quote();
  line_.hex16(value);
  quote();
}

void FieldOut::address(const IpAddress& value) {
  std::array<char, kAddressRoom> room;
  word(std::string_view(room.data(), value.write(room.data())));
}

void FieldOut::endpoint(const Endpoint& value) {
  if (value.port == 0) {
    return absent();
  }
  quote();
  std::array<char, kAddressRoom> room;
  const std::string_view address(room.data(), value.address.write(room.data()));
  if (value.address.is_v4()) {
    line_.put(address);
  } else {
    line_.put('[');
    line_.put(address);
    line_.put(']');
  }
  line_.put(':');
  line_.number(value.port);
  quote();
}

void FieldOut::mac(const MacAddress& value) {
  if (value == MacAddress()) {
    return absent();
  }
  constexpr std::string_view kDigits = "0123456789abcdef";
  quote();
  for (std::size_t i = 0; i < value.size(); ++i) {
    if (i > 0) {
      line_.put(':');
    }
    line_.put(kDigits[value[i] >> 4]);
    line_.put(kDigits[value[i] & 15]);
  }
  quote();
}

void FieldOut::date(WallTime at) {
  word(dates_.common(at));
}

void FieldOut::iso_date(WallTime at) {
  word(dates_.iso(at));
}

void FieldOut::epoch(WallTime at) {
  const auto us = static_cast<std::uint64_t>(std::max<Micros>(at.us, 0));
  line_.number(us / kSecond);
  line_.put('.');
  line_.digits(us / kMillisecond % 1000, 3);
}

// The parts are divided by single spaces, so a space inside a part must not look like one.
void FieldOut::request_line(const Record& record) {
  if (record.method.empty()) {
    return absent();
  }
  constexpr std::size_t kPart = 32;  // the most for method and version
  const bool quotes_around = style_ == FieldStyle::Quoted || json();
  const std::string_view space = quotes_around ? " " : style_ == FieldStyle::Bare ? "%20" : "\\x20";
  const std::size_t rest = 2 * (kPart + space.size()) + 2;
  quote();
  escaped(record.method, kBareSlashBytes, std::min(kPart, most_ / 4));
  line_.put(space);
  escaped(record.url.empty() ? "-" : record.url, kBareSlashBytes,
          most_ > 2 * rest ? most_ - rest : most_ / 4);
  line_.put(space);
  escaped(record.version.empty() ? "-" : record.version, kBareSlashBytes,
          std::min(kPart, most_ / 4));
  quote();
}

}  // namespace weir
