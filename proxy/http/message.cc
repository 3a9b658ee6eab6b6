// SPDX-License-Identifier: Apache-2.0
//
// Names and look-ups of message.h. Field names are found through a table ordered by length, so that
// the unknown name, which is the common one, is rejected after a glance.
#include "proxy/http/message.h"

#include <array>

#include "proxy/base/ascii.h"

namespace weir::http {
namespace {

struct KnownField {
  std::string_view name;
  FieldId id;
  Hop hop;
};

constexpr std::array kKnown = {
#define FIELD(id, name, hop) KnownField{name, FieldId::id, Hop::hop},
#include "proxy/http/field_names.def"
#undef FIELD
};

constexpr std::size_t kLongest = 32;
constexpr std::size_t kPerLength = 8;

// For each length, the rows of that length.
struct ByLength {
  std::array<std::array<std::uint8_t, kPerLength>, kLongest> rows{};
  std::array<std::uint8_t, kLongest> count{};
};

constexpr ByLength index_by_length() {
  ByLength index;
  for (std::size_t i = 0; i < kKnown.size(); ++i) {
    const std::size_t n = kKnown[i].name.size();
    index.rows[n][index.count[n]++] = static_cast<std::uint8_t>(i);
  }
  return index;
}
constexpr ByLength kByLength = index_by_length();

}  // namespace

FieldId field_id(std::string_view name) {
  if (name.size() >= kLongest) {
    return FieldId::Other;
  }
  const auto& rows = kByLength.rows[name.size()];
  for (std::size_t i = 0; i < kByLength.count[name.size()]; ++i) {
    const KnownField& known = kKnown[rows[i]];
    if (to_lower(name[0]) == known.name[0] && same_ignoring_case(name, known.name)) {
      return known.id;
    }
  }
  return FieldId::Other;
}

Hop hop_of(FieldId id) {
  return id == FieldId::Other ? Hop::EndToEnd : kKnown[static_cast<std::size_t>(id) - 1].hop;
}

Method method_of(std::string_view name) {
  switch (name.size()) {
    case 3:
      return name == "GET" ? Method::Get : name == "PUT" ? Method::Put : Method::Other;
    case 4:
      return name == "HEAD" ? Method::Head : name == "POST" ? Method::Post : Method::Other;
    case 5:
      return name == "TRACE" ? Method::Trace : Method::Other;
    case 6:
      return name == "DELETE" ? Method::Delete : Method::Other;
    case 7:
      return name == "CONNECT"   ? Method::Connect
             : name == "OPTIONS" ? Method::Options
                                 : Method::Other;
    default:
      return Method::Other;
  }
}

bool is_safe(Method method) {
  return method == Method::Get || method == Method::Head || method == Method::Options ||
         method == Method::Trace;
}

bool is_idempotent(Method method) {
  return is_safe(method) || method == Method::Put || method == Method::Delete;
}

void RequestHead::clear() {
  method = target = {};
  method_id = Method::Other;
  minor = 1;
  fields.lines.clear();
  bytes = 0;
}

void ResponseHead::clear() {
  status = 0;
  reason = {};
  minor = 1;
  fields.lines.clear();
  bytes = 0;
}

const Field* Fields::find(FieldId id) const {
  for (const Field& line : lines) {
    if (line.id == id) {
      return &line;
    }
  }
  return nullptr;
}

std::size_t Fields::count(FieldId id) const {
  std::size_t n = 0;
  for (const Field& line : lines) {
    n += line.id == id ? 1 : 0;
  }
  return n;
}

std::string_view Fields::value(FieldId id) const {
  const Field* line = find(id);
  return line != nullptr ? line->value : std::string_view();
}

bool lists_token(const Fields& fields, FieldId id, std::string_view token) {
  bool found = false;
  for (const Field& line : fields.lines) {
    if (line.id == id && !found) {
      each_element(line.value, [&](std::string_view element) {
        found = same_ignoring_case(element, token);
        return !found;
      });
    }
  }
  return found;
}

}  // namespace weir::http
