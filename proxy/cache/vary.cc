// SPDX-License-Identifier: Apache-2.0
//
// See vary.h. Every text is written into one block of the arena whose size is known to suffice:
// normalising never makes anything longer.
#include "proxy/cache/vary.h"

#include <algorithm>
#include <array>

#include "proxy/base/ascii.h"
#include "proxy/http/language.h"

namespace weir::cache {
namespace {

using http::Field;
using http::FieldId;
using http::Fields;
using std::string_view;

constexpr string_view kAny = "*";
constexpr std::size_t kSortLimit = 64;  // elements of a field; longer lists keep their order

class Writer {
 public:
  Writer(Arena& arena, std::size_t size) : begin_(arena.allocate(size)), to_(begin_) {}
  void add(char c) { *to_++ = c; }
  void add(string_view text) { to_ += text.copy(to_, text.size()); }
  void add_lower(string_view text) { to_ = std::ranges::transform(text, to_, to_lower).out; }
  char* at() const { return to_; }
  string_view since(const char* from) const { return {from, static_cast<std::size_t>(to_ - from)}; }
  string_view whole() const { return since(begin_); }

 private:
  char* begin_;
  char* to_;
};

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

bool line_matches(const Field& line, FieldId id, string_view name) {
  return id == FieldId::Other ? line.id == id && same_ignoring_case(line.name, name)
                              : line.id == id;
}

template <class Use>
void each_line(const Fields& fields, FieldId id, string_view name, Use use) {
  for (const Field& line : fields.lines) {
    if (line_matches(line, id, name)) {
      use(line.value);
    }
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

// Calls `use` with each name of a vary text.
template <class Use>
void each_name(string_view vary, Use use) {
  for (std::size_t at = 0; at < vary.size();) {
    const std::size_t end = std::min(vary.find(',', at), vary.size());
    use(vary.substr(at, end - at));
    at = end + 1;
  }
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

bool takes_language(string_view vary) {
  bool found = false;
  each_name(vary, [&found](string_view name) { found = found || name == "accept-language"; });
  return found;
}

// The language wanted more than any other; empty when several are or "*" is.
string_view single_language(const Fields& request) {
  string_view best;
  int most = 0;
  each_line(request, FieldId::AcceptLanguage, {}, [&](string_view value) {
    http::each_element(value, [&](string_view element) {
      const http::Weighed weighed = http::weigh(element);
      if (weighed.thousandths > most) {
        best = weighed.range;
        most = weighed.thousandths;
      } else if (weighed.thousandths == most) {
        best = {};
      }
      return true;
    });
  });
  return best == kAny ? string_view() : best;
}

string_view cut_line(string_view& text) {
  const std::size_t end = std::min(text.find('\n'), text.size());
  const string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return line;
}

// Do two variants of the same vary text differ in the language at most?
bool same_but_language(string_view vary, string_view a, string_view b) {
  bool same = true;
  each_name(vary, [&](string_view name) {
    const string_view left = cut_line(a);
    const string_view right = cut_line(b);
    same = same && (left == right || name == "accept-language");
  });
  return same;
}

// Compares a request with stored variants; the request's own text is made again only when the names
// change, which they rarely do under one URI.
class Chooser {
 public:
  Chooser(const Fields& request, Arena& arena) : request_(request), arena_(arena) {}

  bool matches(const Variant& stored) {
    return stored.vary.empty() || (stored.vary != kAny && stored.variant == text(stored.vary));
  }

  bool speaks(const Variant& stored, string_view language) {
    return stored.vary != kAny && takes_language(stored.vary) &&
           same_ignoring_case(trim_ows(stored.content_language), language) &&
           same_but_language(stored.vary, stored.variant, text(stored.vary));
  }

 private:
  string_view text(string_view vary) {
    if (vary != vary_) {
      vary_ = vary;
      text_ = variant_text(vary, request_, arena_);
    }
    return text_;
  }

  const Fields& request_;
  Arena& arena_;
  string_view vary_;
  string_view text_;
};

template <class Fits>
std::size_t latest(std::span<const Variant> stored, Fits fits) {
  std::size_t best = kNoVariant;
  for (std::size_t i = 0; i < stored.size(); ++i) {
    if ((best == kNoVariant || stored[i].date > stored[best].date) && fits(stored[i])) {
      best = i;
    }
  }
  return best;
}

}  // namespace

string_view vary_text(const Fields& response, Arena& arena) {
  std::array<string_view, kVaryLimit> names;
  std::size_t count = 0;
  std::size_t size = 0;
  bool any = false;
  each_line(response, FieldId::Vary, {}, [&](string_view value) {
    http::each_element(value, [&](string_view name) {
      any = any || name == kAny || !all(name, kTchar) || count == kVaryLimit;
      if (!any) {
        names[count++] = name;
        size += name.size() + 1;
      }
      return !any;
    });
  });
  if (any || count == 0) {
    return any ? kAny : string_view();
  }
  Writer lower(arena, size);
  for (std::size_t i = 0; i < count; ++i) {
    const char* from = lower.at();
    lower.add_lower(names[i]);
    names[i] = lower.since(from);
  }
  const auto end = names.begin() + static_cast<std::ptrdiff_t>(count);
  std::sort(names.begin(), end);
  Writer out(arena, size);
  std::for_each(names.begin(), std::unique(names.begin(), end), [&out](string_view name) {
    if (!out.whole().empty()) {
      out.add(',');
    }
    out.add(name);
  });
  return out.whole();
}

string_view variant_text(string_view vary, const Fields& request, Arena& arena) {
  const std::size_t room = room_for(vary, request);
  Writer scratch(arena, room);
  Writer out(arena, room);
  each_name(vary, [&](string_view name) {
    const FieldId id = http::field_id(name);
    const bool present = has_line(request, id, name);
    out.add(present ? '+' : '-');
    const Syntax syntax = syntax_of(id, name);
    if (syntax == Syntax::Opaque) {
      add_opaque(request, id, name, out);
    } else if (present) {
      add_list(request, id, name, syntax, scratch, out);
    }
    out.add('\n');
  });
  return out.whole();
}

std::size_t choose_variant(std::span<const Variant> stored, const Fields& request, Arena& arena) {
  Chooser chooser(request, arena);
  const std::size_t exact =
      latest(stored, [&](const Variant& variant) { return chooser.matches(variant); });
  if (exact != kNoVariant) {
    return exact;
  }
  const string_view language = single_language(request);
  if (language.empty()) {
    return kNoVariant;
  }
  return latest(stored, [&](const Variant& variant) { return chooser.speaks(variant, language); });
}

}  // namespace weir::cache
