// SPDX-License-Identifier: Apache-2.0
//
// See rewritable.h.
#include "filters/body/rewritable.h"

#include <algorithm>

#include "proxy/base/ascii.h"

namespace weir::filters {
namespace {

// Beside text/*, *+json and *+xml.
constexpr std::string_view kTextTypes[] = {
    "application/x-javascript", "application/x-ecmascript",
    "application/ecmascript",   "application/javascript",
    "application/json",         "application/json5",
    "application/ndjson",       "application/vnd.apple.mpegurl",
    "application/x-json",       "application/x-mpegurl",
    "application/x-ndjson",     "application/x-yaml",
    "application/xml",          "application/xml-dtd",
    "application/yaml",         "audio/mpegurl",
    "audio/x-mpegurl",
};

constexpr std::string_view kUntrue[] = {
    "Content-Encoding", "Content-Length", "Accept-Ranges", "Content-MD5",
    "Digest",           "Content-Digest", "Repr-Digest",   "Content-Range",
};

bool forbids_transform(const FieldLookup& response) {
  for (std::size_t nth = 0;; ++nth) {
    std::string_view rest = response.value("Cache-Control", nth);
    if (rest.data() == nullptr) {
      return false;
    }
    while (!rest.empty()) {
      const std::size_t comma = rest.find(',');
      if (same_ignoring_case(trim_ows(rest.substr(0, comma)), "no-transform")) {
        return true;
      }
      rest = comma == std::string_view::npos ? std::string_view() : rest.substr(comma + 1);
    }
  }
}

}  // namespace

bool is_text_type(std::string_view media_type) {
  return media_type.starts_with("text/") || media_type.ends_with("+json") ||
         media_type.ends_with("+xml") || std::ranges::count(kTextTypes, media_type) != 0;
}

Rewritable may_rewrite(std::uint16_t status, std::string_view media_type,
                       const FieldLookup& response, CodingList& codings) {
  if (status < 200 || status == 204 || status == 304) {
    return Rewritable::NoBody;
  }
  if (status == 206 || response.has("Content-Range")) {
    return Rewritable::Partial;
  }
  if (forbids_transform(response)) {
    return Rewritable::NoTransform;
  }
  if (!is_text_type(media_type)) {
    return Rewritable::NotText;
  }
  const auto found = content_codings(response);
  codings = found.value_or(CodingList{});
  return found ? Rewritable::Yes : Rewritable::UnknownCoding;
}

std::string_view rewritable_text(Rewritable answer) {
  switch (answer) {
    case Rewritable::Yes:
      return "it may be rewritten";
    case Rewritable::NoBody:
      return "it has no body";
    case Rewritable::Partial:
      return "it is a part of a body";
    case Rewritable::NoTransform:
      return "the origin forbids it (no-transform)";
    case Rewritable::NotText:
      return "its media type is not text";
    case Rewritable::UnknownCoding:
      return "its content coding cannot be undone";
  }
  return "";
}

std::span<const std::string_view> fields_untrue_when_rewritten() {
  return kUntrue;
}

bool untrue_when_rewritten(std::string_view field_name) {
  return std::ranges::any_of(kUntrue, [field_name](std::string_view name) {
    return same_ignoring_case(name, field_name);
  });
}

std::string_view weak_etag(std::string_view etag, Arena& arena) {
  return etag.starts_with('"') ? arena.join({"W/", etag}) : etag;
}

}  // namespace weir::filters
