// SPDX-License-Identifier: Apache-2.0
//
// variant_text() of vary.h: what a request says, normalised as far as each field's syntax is known.
// Normalising never makes anything longer.
#include <array>

#include "proxy/base/assert.h"
#include "proxy/cache/vary.h"
#include "proxy/cache/vary_parts.h"

namespace weir::cache {
namespace {

using http::FieldId;
using http::Fields;
using parts::each_line;
using parts::each_name;
using parts::Writer;
using std::string_view;

constexpr std::size_t kSortLimit = 64;  // elements of a field; longer lists keep their order

// How much of a field's syntax is known.
enum class Syntax : std::uint8_t { Opaque, List, Weighted, MediaRanges };

Syntax syntax_of(FieldId id, string_view name) {
  switch (id) {
    case FieldId::AcceptLanguage:
    case FieldId::AcceptEncoding:
    case FieldId::AcceptCharset:
      return Syntax::Weighted;
    case FieldId::Accept:
      return Syntax::MediaRanges;
    case FieldId::UserAgent:
    case FieldId::Referer:
    case FieldId::Authorization:
      return Syntax::Opaque;
    default:
      return name == "cookie" ? Syntax::Opaque : Syntax::List;
  }
}

// RFC 9110 12.4.2.
bool is_qvalue(string_view text) {
  if (text.empty() || text.size() > 5 || (text[0] != '0' && text[0] != '1') ||
      (text.size() > 1 && text[1] != '.')) {
    return false;
  }
  const string_view decimals = text.size() > 2 ? text.substr(2) : string_view();
  return text[0] == '0' ? all(decimals, kDigit)
                        : decimals.find_first_not_of('0') == string_view::npos;
}

// ";q=0.5" for "0.50"; nothing for 1.
void add_weight(string_view text, Writer& out) {
  if (text[0] == '1') {
    return;
  }
  if (text.size() > 1) {
    text = text.substr(0, text.find_last_not_of("0.") + 1);
  }
  out.add(";q=");
  out.add(text.empty() ? string_view("0") : text);
}

// One element of a list whose members have weights and, in Accept, parameters before them.
void add_weighted(string_view element, Syntax syntax, Writer& out) {
  std::size_t at = std::min(element.find(';'), element.size());
  if (at == 0) {
    return out.add(element);  // nothing that could have a weight
  }
  out.add_lower(trim_ows(element.substr(0, at)));
  while (at < element.size()) {
    const std::size_t next = std::min(element.find(';', at + 1), element.size());
    const string_view parameter = trim_ows(element.substr(at + 1, next - at - 1));
    const bool weight = starts_with_ignoring_case(parameter, "q=");
    if (weight && is_qvalue(parameter.substr(2))) {
      add_weight(parameter.substr(2), out);
    } else if (syntax == Syntax::MediaRanges) {
      out.add(';');
      out.add(parameter);
    } else {
      out.add(';');
      out.add_lower(parameter);
    }
    at = next;
  }
}

// Elements sorted and joined by commas, in place: they lie one after the other in `scratch`.
void add_sorted(std::array<string_view, kSortLimit>& elements, std::size_t count, Writer& out) {
  std::sort(elements.begin(), elements.begin() + static_cast<std::ptrdiff_t>(count));
  for (std::size_t i = 0; i < count; ++i) {
    if (i != 0) {
      out.add(',');
    }
    out.add(elements[i]);
  }
}

std::size_t count_elements(const Fields& fields, FieldId id, string_view name) {
  std::size_t count = 0;
  each_line(fields, id, name, [&count](string_view value) {
    http::each_element(value, [&count](string_view) { return ++count <= kSortLimit; });
  });
  return count;
}

void add_list(const Fields& request, FieldId id, string_view name, Syntax syntax, Writer& scratch,
              Writer& out) {
  const bool sort = syntax != Syntax::List && count_elements(request, id, name) <= kSortLimit;
  std::array<string_view, kSortLimit> elements;
  std::size_t count = 0;
  bool first = true;
  each_line(request, id, name, [&](string_view value) {
    http::each_element(value, [&](string_view element) {
      Writer& to = sort ? scratch : out;
      if (!sort && !first) {
        to.add(',');
      }
      first = false;
      const char* from = to.at();
      if (syntax == Syntax::List) {
        to.add(element);
      } else {
        add_weighted(element, syntax, to);
      }
      if (sort) {
        elements[count++] = to.since(from);
      }
      return true;
    });
  });
  if (sort) {
    add_sorted(elements, count, out);
  }
}

void add_opaque(const Fields& request, FieldId id, string_view name, Writer& out) {
  bool first = true;
  each_line(request, id, name, [&](string_view value) {
    if (!first) {
      out.add(',');
    }
    first = false;
    out.add(value);
  });
}

bool has_line(const Fields& request, FieldId id, string_view name) {
  bool found = false;
  each_line(request, id, name, [&found](string_view) { found = true; });
  return found;
}

// Elements with quotes, which may be open ones, stay where they are.
Syntax syntax_here(const Fields& request, FieldId id, string_view name) {
  const Syntax syntax = syntax_of(id, name);
  bool quotes = false;
  each_line(request, id, name, [&quotes](string_view value) {
    quotes = quotes || value.find('"') != string_view::npos;
  });
  return quotes && syntax != Syntax::Opaque ? Syntax::List : syntax;
}

// Room for what the named fields say, and for the marks around it.
std::size_t room_for(string_view vary, const Fields& request) {
  std::size_t room = 0;
  each_name(vary, [&](string_view name) {
    room += 2;
    each_line(request, http::field_id(name), name,
              [&room](string_view value) { room += value.size() + 1; });
  });
  return room;
}

}  // namespace

string_view variant_text(string_view vary, const Fields& request, Arena& arena) {
  const std::size_t room = room_for(vary, request);
  Writer scratch(arena, room);
  Writer out(arena, room);
  each_name(vary, [&](string_view name) {
    const FieldId id = http::field_id(name);
    const bool present = has_line(request, id, name);
    out.add(present ? '+' : '-');
    const Syntax syntax = syntax_here(request, id, name);
    if (syntax == Syntax::Opaque) {
      add_opaque(request, id, name, out);
    } else if (present) {
      add_list(request, id, name, syntax, scratch, out);
    }
    out.add('\n');
  });
  WEIR_ASSERT(out.whole().size() <= room && scratch.whole().size() <= room);
  return out.whole();
}

}  // namespace weir::cache
