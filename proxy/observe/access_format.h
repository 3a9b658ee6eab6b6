// SPDX-License-Identifier: Apache-2.0
//
// The shape of an access-log line, compiled once from its description and then applied to every
// record: "squid" (Squid's native access.log), "combined" (Apache), "json" (one object a line), or
// a format string of text and %{field}. Knows records and fields; knows nothing of files, rings or
// exchanges.
//
// A format string: "%{name}" is a field (access_fields_reference()), "%12{name}" the same
// right-aligned in 12 columns, "%%" a percent sign. A field between double quotes is escaped as
// \xHH; elsewhere as %HH, and there neither a space nor any character that directly follows a text
// field in the format can appear in a value, so that the line can be taken apart again without
// doubt.
//
// An AccessFormat keeps the date text of the last second: one copy per thread.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "proxy/observe/access_fields.h"
#include "proxy/observe/date_text.h"
#include "proxy/observe/escape.h"
#include "proxy/observe/record.h"

namespace weir {

class AccessFormat {
 public:
  // The most a line can have, newline included; longer records are shortened value by value.
  static constexpr std::size_t kMostLine = 16 * 1024;

  // The error says where and what, and names the nearest known field.
  static tl::expected<AccessFormat, std::string> compile(std::string_view description);

  // Writes one whole line, one newline at its end, to the front of `room`; returns its text.
  // Requires room for smallest_room() bytes; kMostLine is always enough. No allocation.
  std::string_view write(const Record& record, std::span<char> room);

  std::size_t smallest_room() const { return smallest_room_; }
  // Is this field in it?
  bool has(std::string_view field) const;

 private:
  // Literal text, or one field.
  struct Operation {
    const AccessField* field = nullptr;  // null: the literal
    std::uint32_t literal_at = 0;
    std::uint32_t literal_size = 0;
    FieldStyle style = FieldStyle::Bare;
    std::uint8_t width = 0;
    std::uint32_t reserve = 0;  // bytes that the operations after this one need at least
  };
  class Compiler;

  AccessFormat() = default;
  void write_field(const Operation& operation, const Record& record, Line& line, FieldOut& out);

  std::vector<Operation> operations_;
  std::string literals_;
  EscapedBytes bare_ = kBareBytes;
  std::size_t smallest_room_ = 0;
  DateText dates_;
};

}  // namespace weir
