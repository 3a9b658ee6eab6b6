// SPDX-License-Identifier: Apache-2.0
//
// HTTP/1.1 messages as values (RFC 9110, 9112). A head is a set of views into the buffer that it
// was parsed from: whoever owns that buffer keeps it unmoved until the exchange is over. Field
// lines keep their order and their number; nothing is merged or repaired.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "proxy/base/ascii.h"

namespace weir::http {

enum class FieldId : std::uint8_t {
  Other,
#define FIELD(id, name, hop) id,
#include "proxy/http/field_names.def"
#undef FIELD
};

enum class Hop : std::uint8_t { EndToEnd, HopByHop, Essential };

// The id of a field name, ASCII case ignored. Cost: a switch on length and one comparison or two.
FieldId field_id(std::string_view name);
// What a proxy does with such a field.
Hop hop_of(FieldId id);

struct Field {
  std::string_view name;   // as received; a token
  std::string_view value;  // without surrounding white space; may be empty
  FieldId id = FieldId::Other;
};

enum class Method : std::uint8_t { Other, Get, Head, Post, Put, Delete, Connect, Options, Trace };

// Case-sensitive, as methods are (RFC 9110 9.1).
Method method_of(std::string_view name);
// RFC 9110 9.2.1 and 9.2.2; unknown methods are neither.
bool is_safe(Method method);
bool is_idempotent(Method method);

struct Fields {
  std::vector<Field> lines;  // capacity is kept between messages

  // The first line of that id, or nullptr.
  const Field* find(FieldId id) const;
  std::size_t count(FieldId id) const;
  bool has(FieldId id) const { return find(id) != nullptr; }
  // The value of the first line of that id; empty when there is none.
  std::string_view value(FieldId id) const;
};

struct RequestHead {
  std::string_view method;
  Method method_id = Method::Other;
  std::string_view target;
  std::uint8_t minor = 1;  // HTTP/1.minor; anything above 1 is treated as 1
  Fields fields;
  std::size_t bytes = 0;  // length of the head on the wire

  // Empty again; the field list keeps its memory.
  void clear();
};

struct ResponseHead {
  std::uint16_t status = 0;
  std::string_view reason;
  std::uint8_t minor = 1;
  Fields fields;
  std::size_t bytes = 0;

  void clear();
};

// Calls `use` with each non-empty element of a comma-separated list (RFC 9110 5.6.1), white space
// removed. Commas inside quoted strings do not separate. Stops early when `use` returns false.
template <class Use>
void each_element(std::string_view list, Use use) {
  while (!list.empty()) {
    const std::size_t end = find_unquoted(list, ',');
    const std::string_view element = trim_ows(list.substr(0, end));
    if (!element.empty() && !use(element)) {
      return;
    }
    list.remove_prefix(end + (end < list.size() ? 1 : 0));
  }
}

// True when any line of that id lists `token` (case ignored).
bool lists_token(const Fields& fields, FieldId id, std::string_view token);

}  // namespace weir::http
