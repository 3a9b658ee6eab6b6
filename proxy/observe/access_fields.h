// SPDX-License-Identifier: Apache-2.0
//
// What can be said about a record in a log line: one table of fields, each with its name, its
// meaning and the function that writes it. Format strings, the JSON line and the reference in the
// documentation are made from these rows alone. Knows nothing of how lines are laid out
// (access_format.h does).
//
// Everything here runs on the worker's thread, once per field and record, without allocation.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "proxy/observe/date_text.h"
#include "proxy/observe/escape.h"
#include "proxy/observe/line.h"
#include "proxy/observe/record.h"

namespace weir {

// How a value is made safe for the place it stands in.
enum class FieldStyle : std::uint8_t {
  Bare,       // between spaces: %HH
  BareSlash,  // between spaces: \xHH
  Quoted,     // between quotes that the format provides: \xHH
  Json,       // a JSON value, which brings its own quotes
};

// Where a field writes: the line, and what is known about the place. A value that is absent is "-",
// or null in JSON.
class FieldOut {
 public:
  FieldOut(Line& line, DateText& dates, const EscapedBytes& bare)
      : line_(line), dates_(dates), bare_(bare) {}
  // What the next value needs: its style, and how many bytes it may take (at least 8).
  void place(FieldStyle style, std::size_t most) {
    style_ = style;
    most_ = most;
  }

  void absent();
  void text(std::string_view value);  // a stranger's bytes; empty is absent
  void word(std::string_view value);  // our own words: nothing in them needs escaping
  void number(std::uint64_t value);
  void status(std::uint16_t value);  // three digits
  void micros(Micros value);         // negative is absent
  void flag(bool value);
  void hex(std::uint64_t value);
  void address(const IpAddress& value);
  void endpoint(const Endpoint& value);  // port 0 is absent
  void mac(const MacAddress& value);     // all zero is absent
  void date(WallTime at);
  void iso_date(WallTime at);
  void epoch(WallTime at);  // seconds and milliseconds
  // Method, target and version as the client's request line had them.
  void request_line(const Record& record);

 private:
  void escaped(std::string_view value, const EscapedBytes& quoted, std::size_t most);
  bool json() const { return style_ == FieldStyle::Json; }
  void quote() {
    if (json()) {
      line_.put('"');
    }
  }

  Line& line_;
  DateText& dates_;
  const EscapedBytes& bare_;
  FieldStyle style_ = FieldStyle::Bare;
  std::size_t most_ = 0;
};

// How much a field may write.
enum class FieldSize : std::uint8_t {
  Small,  // at most kSmallField bytes, whatever the record says
  Text,   // cut at kTextField
  Url,    // cut at kUrlField
};
constexpr std::size_t kSmallField = 64;
constexpr std::size_t kTextField = 2 * 1024;
constexpr std::size_t kUrlField = 8 * 1024;

struct AccessField {
  std::string_view name;
  std::string_view meaning;
  FieldSize size;
  bool in_json;  // false: says again what another field says
  void (*write)(const Record&, FieldOut&);
};

// The table, in the order of the JSON line.
std::span<const AccessField> access_fields();

// The field of that name, or null.
const AccessField* find_access_field(std::string_view name);

// The field whose name is closest to `name` by edits.
const AccessField& nearest_access_field(std::string_view name);

// The table as a Markdown list, for the documentation.
std::string access_fields_reference();

}  // namespace weir
