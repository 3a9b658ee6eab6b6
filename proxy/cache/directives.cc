// SPDX-License-Identifier: Apache-2.0
//
// See directives.h. Each line is cut into elements once; nothing is copied.
#include "proxy/cache/directives.h"

namespace weir::cache {
namespace {

using http::Field;
using http::FieldId;
using http::Fields;
using std::string_view;

struct Directive {
  string_view name;
  string_view argument;  // with its quotes
  bool has_argument = false;
  bool spaced = false;  // white space around '=', which the grammar does not have
};

Directive cut(string_view element) {
  Directive out;
  const std::size_t equals = element.find('=');
  out.name = trim_ows(element.substr(0, equals));
  if (equals != string_view::npos) {
    out.has_argument = true;
    out.argument = trim_ows(element.substr(equals + 1));
    out.spaced = out.name.size() + 1 + out.argument.size() != element.size();
  }
  return out;
}

// The inside of a quoted string, or the text as it is.
string_view unquote(string_view text) {
  const bool quoted = text.size() >= 2 && text.front() == '"' && text.back() == '"';
  return quoted ? text.substr(1, text.size() - 2) : text;
}

// A quote that never ends swallows the directives behind it, whatever they were.
bool unbalanced(string_view line) {
  bool quoted = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (quoted && line[i] == '\\') {
      ++i;
    } else {
      quoted ^= line[i] == '"';
    }
  }
  return quoted;
}

template <class Use>
void each_directive(const Fields& fields, FieldId id, Use use) {
  for (const Field& line : fields.lines) {
    if (line.id == id) {
      http::each_element(line.value, [&use](string_view element) {
        use(cut(element));
        return true;
      });
    }
  }
}

bool is_named(const Directive& directive, string_view name) {
  return same_ignoring_case(directive.name, name);
}

// Takes the first value. One that is malformed is 0: it neither makes fresh nor allows to be stale.
void take(const Directive& directive, Delta& out) {
  if (out == kAbsent) {
    out = directive.spaced ? 0 : parse_delta(directive.argument);
  }
}

// Are these field names, at least one, and nothing else?
bool names_fields(const Directive& directive) {
  bool any = false;
  bool tokens = true;
  http::each_element(unquote(directive.argument), [&](string_view name) {
    any = true;
    tokens = all(name, kTchar);
    return tokens;
  });
  return any && tokens;
}

// no-cache and private: with names they concern these fields, without or with nonsense everything.
void take_restriction(const Directive& directive, bool& whole, bool& fields) {
  bool& which = names_fields(directive) ? fields : whole;
  which = true;
}

void read_request(const Directive& directive, RequestDirectives& out) {
  if (is_named(directive, "no-cache")) {
    out.no_cache = true;
  } else if (is_named(directive, "no-store")) {
    out.no_store = true;
  } else if (is_named(directive, "only-if-cached")) {
    out.only_if_cached = true;
  } else if (is_named(directive, "max-age")) {
    take(directive, out.max_age);
  } else if (is_named(directive, "min-fresh")) {
    take(directive, out.min_fresh);
  } else if (is_named(directive, "stale-if-error")) {
    take(directive, out.stale_if_error);
  } else if (is_named(directive, "max-stale") && out.max_stale == kAbsent) {
    out.max_stale = kForever;
    if (directive.has_argument) {
      out.max_stale = kAbsent;
      take(directive, out.max_stale);
    }
  }
}

bool read_lifetime(const Directive& directive, ResponseDirectives& out) {
  if (is_named(directive, "max-age")) {
    take(directive, out.max_age);
  } else if (is_named(directive, "s-maxage")) {
    take(directive, out.s_maxage);
  } else if (is_named(directive, "stale-while-revalidate")) {
    take(directive, out.stale_while_revalidate);
  } else if (is_named(directive, "stale-if-error")) {
    take(directive, out.stale_if_error);
  } else {
    return false;
  }
  return true;
}

void read_response(const Directive& directive, ResponseDirectives& out) {
  if (read_lifetime(directive, out)) {
    return;
  }
  if (is_named(directive, "no-cache")) {
    take_restriction(directive, out.no_cache, out.no_cache_fields);
  } else if (is_named(directive, "private")) {
    take_restriction(directive, out.is_private, out.private_fields);
  } else {
    out.no_store |= is_named(directive, "no-store");
    out.is_public |= is_named(directive, "public");
    out.must_revalidate |= is_named(directive, "must-revalidate");
    out.proxy_revalidate |= is_named(directive, "proxy-revalidate");
    out.must_understand |= is_named(directive, "must-understand");
    out.immutable |= is_named(directive, "immutable");
  }
}

bool any_unbalanced(const Fields& fields) {
  for (const Field& line : fields.lines) {
    if (line.id == FieldId::CacheControl && unbalanced(line.value)) {
      return true;
    }
  }
  return false;
}

}  // namespace

RequestDirectives read_request_directives(const Fields& fields) {
  RequestDirectives out;
  each_directive(fields, FieldId::CacheControl,
                 [&out](const Directive& directive) { read_request(directive, out); });
  out.no_cache |= any_unbalanced(fields);
  out.pragma = fields.has(FieldId::Pragma) && !fields.has(FieldId::CacheControl) &&
               http::lists_token(fields, FieldId::Pragma, "no-cache");
  return out;
}

ResponseDirectives read_response_directives(const Fields& fields) {
  ResponseDirectives out;
  each_directive(fields, FieldId::CacheControl,
                 [&out](const Directive& directive) { read_response(directive, out); });
  out.no_store |= any_unbalanced(fields);
  return out;
}

Delta parse_delta(string_view argument) {
  const string_view digits = unquote(argument);
  if (digits.empty() || !all(digits, kDigit)) {
    return 0;
  }
  const auto value = parse_decimal(digits, static_cast<std::uint64_t>(kForever));
  return value ? static_cast<Delta>(*value) : kForever;
}

bool restricts_field(const Fields& response, string_view name) {
  bool found = false;
  each_directive(response, FieldId::CacheControl, [&](const Directive& directive) {
    const bool restricts = is_named(directive, "no-cache") || is_named(directive, "private");
    if (!restricts || !names_fields(directive)) {
      return;
    }
    http::each_element(unquote(directive.argument), [&](string_view listed) {
      found = found || same_ignoring_case(listed, name);
      return !found;
    });
  });
  return found;
}

}  // namespace weir::cache
