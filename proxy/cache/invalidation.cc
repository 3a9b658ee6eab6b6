// SPDX-License-Identifier: Apache-2.0
//
// See invalidation.h.
#include "proxy/cache/invalidation.h"

#include <algorithm>

#include "proxy/cache/key.h"

namespace weir::cache {
namespace {

using http::FieldId;
using std::string_view;

void add(string_view key, Invalidated& out) {
  if (std::ranges::find(out.all(), key) == out.all().end()) {
    out.keys[out.count++] = key;
  }
}

}  // namespace

bool invalidates(http::Method method, std::uint16_t status) {
  return !http::is_safe(method) && status >= 200 && status < 400;
}

Invalidated keys_to_invalidate(http::Method method, string_view key,
                               const http::ResponseHead& response, Arena& arena) {
  Invalidated out;
  if (!invalidates(method, response.status)) {
    return out;
  }
  add(key, out);
  for (const FieldId id : {FieldId::Location, FieldId::ContentLocation}) {
    const http::Field* line = response.fields.find(id);
    if (line == nullptr) {
      continue;
    }
    const string_view other = resolve_key(key, line->value, arena);
    if (!other.empty() && same_origin(key, other)) {
      add(other, out);
    }
  }
  return out;
}

}  // namespace weir::cache
