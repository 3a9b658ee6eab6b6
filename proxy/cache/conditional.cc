// SPDX-License-Identifier: Apache-2.0
//
// See conditional.h.
#include "proxy/cache/conditional.h"

#include "proxy/cache/validation.h"
#include "proxy/http/date.h"

namespace weir::cache {
namespace {

using http::Field;
using http::FieldId;
using http::Fields;
using std::string_view;

// Where the element that begins at the start of `list` ends. Entity tags are no quoted strings: a
// backslash in them is a character like others, and so is a comma.
std::size_t element_end(string_view list) {
  bool quoted = false;
  for (std::size_t i = 0; i < list.size(); ++i) {
    quoted ^= list[i] == '"';
    if (list[i] == ',' && !quoted) {
      return i;
    }
  }
  return list.size();
}

bool line_matches(string_view list, const Etag& stored) {
  if (trim_ows(list) == "*") {
    return true;
  }
  while (!list.empty()) {
    const std::size_t end = element_end(list);
    if (weakly_equal(parse_etag(trim_ows(list.substr(0, end))), stored)) {
      return true;
    }
    list.remove_prefix(std::min(end + 1, list.size()));
  }
  return false;
}

bool none_match_matches(const Fields& request, const Etag& stored) {
  for (const Field& line : request.lines) {
    if (line.id == FieldId::IfNoneMatch && line_matches(line.value, stored)) {
      return true;
    }
  }
  return false;
}

bool unmodified_since(const Fields& request, const Freshness& freshness, WallTime now) {
  if (request.count(FieldId::IfModifiedSince) != 1) {
    return false;
  }
  const auto since = http::parse_date(request.value(FieldId::IfModifiedSince), now);
  const std::int64_t modified =
      freshness.last_modified != kNoTime ? freshness.last_modified : freshness.date;
  return since && modified <= *since;
}

}  // namespace

Condition evaluate(const Fields& request, const http::ResponseHead& stored,
                   const Freshness& freshness, WallTime now) {
  if (stored.status != 200) {
    return Condition::Pass;
  }
  const bool same = request.has(FieldId::IfNoneMatch)
                        ? none_match_matches(request, etag_of(stored.fields))
                        : unmodified_since(request, freshness, now);
  return same ? Condition::NotModified : Condition::Pass;
}

bool kept_in_304(FieldId id) {
  switch (id) {
    case FieldId::ContentType:
    case FieldId::ContentLength:
    case FieldId::ContentEncoding:
    case FieldId::ContentLanguage:
    case FieldId::ContentRange:
      return false;
    default:
      return true;
  }
}

void fields_of_304(const Fields& stored, Fields& out) {
  out.lines.clear();
  for (const Field& line : stored.lines) {
    if (kept_in_304(line.id)) {
      out.lines.push_back(line);
    }
  }
}

}  // namespace weir::cache
