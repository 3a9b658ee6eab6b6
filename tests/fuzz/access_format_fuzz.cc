// SPDX-License-Identifier: Apache-2.0
//
// Any format string applied to any values. The input is the format up to the first NUL; the rest is
// what strangers sent. Whatever they are, a format that compiles makes exactly one printable line,
// as long as its room at most; and the JSON line has an even number of unescaped quotes.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "proxy/base/assert.h"
#include "proxy/observe/access_format.h"

namespace {

weir::Record record_of(std::string_view values) {
  weir::Record r;
  const std::size_t half = values.size() / 2;
  r.method = values.substr(0, values.size() / 8);
  r.url = values;
  r.user = r.user_agent = r.rule = values.substr(half);
  r.referer = r.version = r.content_type = r.host = values.substr(0, half);
  r.id = values.size() * 0x9E3779B97F4A7C15u;
  r.started.us = static_cast<std::int64_t>(r.id);
  r.total = r.dns = static_cast<std::int64_t>(r.id >> 20) - 1;
  r.bytes_to_client = r.id;
  r.status = static_cast<std::uint16_t>(r.id);
  return r;
}

void check_line(std::string_view line, std::size_t room, bool ascii) {
  WEIR_ASSERT(!line.empty() && line.size() <= room);
  WEIR_ASSERT(line.back() == '\n');
  for (const char c : line.substr(0, line.size() - 1)) {
    const auto byte = static_cast<unsigned char>(c);
    WEIR_ASSERT(byte != '\n' && byte != '\r' && byte != 0x7f && (byte >= 0x20 || byte == '\t'));
    WEIR_ASSERT(byte < 0x80 || !ascii);
  }
}

void check_json(std::string_view line) {
  bool inside = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '\\') {
      WEIR_ASSERT(inside);
      ++i;  // whatever is escaped closes nothing
    } else if (line[i] == '"') {
      inside = !inside;
    }
  }
  WEIR_ASSERT(!inside);
}

void write_both_ways(std::string_view format, const weir::Record& record) {
  auto compiled = weir::AccessFormat::compile(format);
  if (!compiled) {
    WEIR_ASSERT(!compiled.error().empty());
    return;
  }
  bool ascii = format != "json";
  for (const char c : format) {
    ascii = ascii && static_cast<unsigned char>(c) < 0x80;
  }
  for (const std::size_t size : {compiled->smallest_room(), weir::AccessFormat::kMostLine}) {
    std::string room(size, '\0');
    const std::string_view line = compiled->write(record, room);
    check_line(line, size, ascii);
    if (format == "json") {
      check_json(line);
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string_view in(reinterpret_cast<const char*>(bytes), size);
  const std::string_view format = in.substr(0, in.find('\0'));
  const weir::Record record = record_of(in.substr(format.size()));
  write_both_ways(format, record);
  write_both_ways("json", record);
  return 0;
}
