// SPDX-License-Identifier: Apache-2.0
//
// Which responses may have their bodies rewritten, and what must change in the head of one that is.
// The one place that lists the media types. Pure.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "filters/body/decode.h"
#include "filters/subject.h"
#include "proxy/base/arena.h"

namespace weir::filters {

enum class Rewritable : std::uint8_t {
  Yes,
  NoBody,         // 1xx, 204, 304
  Partial,        // 206 or Content-Range: half a text cannot be searched
  NoTransform,    // Cache-Control: no-transform (RFC 9111 5.2.2.6)
  NotText,        // its media type is not text
  UnknownCoding,  // its Content-Encoding cannot be undone
};

// `media_type` is "type/subtype" in lower case. With Yes, `codings` says what to undo first.
Rewritable may_rewrite(std::uint16_t status, std::string_view media_type,
                       const FieldLookup& response, CodingList& codings);

// One clause for the log: "its media type is not text".
std::string_view rewritable_text(Rewritable answer);

// True for the media types whose bodies are text that a rewrite may search.
bool is_text_type(std::string_view media_type);

// Fields that are no longer true of a rewritten body, which is sent without a content coding and
// with a length that is not known beforehand: to be removed from its head and from its trailers.
std::span<const std::string_view> fields_untrue_when_rewritten();
bool untrue_when_rewritten(std::string_view field_name);

// The entity tag of the rewritten body: a weak one (RFC 9110 8.8.1). `etag` itself if it is weak
// already or no entity tag at all.
std::string_view weak_etag(std::string_view etag, Arena& arena);

}  // namespace weir::filters
