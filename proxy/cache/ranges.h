// SPDX-License-Identifier: Apache-2.0
//
// Byte ranges (RFC 9110 14): what is asked, what is stored, and how parts are sent. Positions are
// inclusive, as on the wire.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "proxy/base/arena.h"
#include "proxy/cache/freshness.h"
#include "proxy/http/message.h"

namespace weir::cache {

struct ByteRange {
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  std::uint64_t size() const { return last - first + 1; }
};

// More ranges, or more than two that overlap, are an attack or a mistake: the whole is sent
// (RFC 9110 14.2, 17.15).
constexpr std::size_t kRangeLimit = 16;

struct RangeSet {
  std::array<ByteRange, kRangeLimit> ranges;
  std::size_t count = 0;
  std::span<const ByteRange> all() const { return {ranges.data(), count}; }
};

enum class RangeAnswer : std::uint8_t {
  Whole,          // no or no usable Range: answer as if it were not there
  Parts,          // 206 with `ranges`
  Unsatisfiable,  // 416 with Content-Range: bytes */length
  NotStored,      // the part asked for is not in the stored part: forward
};

// Does the request's Range count, for a stored 200 or 206: method GET, one Range field, and
// If-Range absent or strongly equal to the stored validator (RFC 9110 13.1.5, 14.2)?
bool range_applies(const http::RequestHead& request, const http::ResponseHead& stored,
                   const Freshness& freshness, WallTime now);

// A Range field against the complete length. Ranges keep their order; those that cannot be
// satisfied fall away.
RangeAnswer resolve_ranges(std::string_view range, std::uint64_t complete, RangeSet& out);

constexpr std::uint64_t kCompleteUnknown = UINT64_MAX;

struct ContentRange {
  ByteRange range;
  std::uint64_t complete = kCompleteUnknown;
};
// "bytes 0-4/10" or "bytes 0-4/*"; nothing for anything else, also for positions that contradict
// each other.
std::optional<ContentRange> parse_content_range(std::string_view text);

// A Range field against a stored part: Parts (positions within the complete content), or NotStored.
// A part whose complete length is unknown cannot answer suffixes or open ends.
RangeAnswer resolve_in_part(std::string_view range, const ContentRange& stored, RangeSet& out);

// "bytes 0-4/10" and, for 416, "bytes */10".
std::string_view content_range_text(const ByteRange& range, std::uint64_t complete, Arena& arena);
std::string_view unsatisfied_range_text(std::uint64_t complete, Arena& arena);

// The framing of a multipart/byteranges body (RFC 9110 14.6): send head[i] and the bytes of range i
// in turn, then `closing`.
struct Multipart {
  std::string_view content_type;  // of the 206 as a whole
  std::array<std::string_view, kRangeLimit> heads;
  std::string_view closing;
  std::uint64_t length = 0;  // of the whole body
};
// `number` makes the boundary: the caller takes it from its random source. `content_type` is the
// stored one; empty: none.
Multipart plan_multipart(const RangeSet& set, std::uint64_t complete, std::string_view content_type,
                         std::uint64_t number, Arena& arena);

// May two partial responses, or a partial and a complete one, be taken for parts of one content:
// both with the same strong validator (RFC 9111 3.4)?
bool may_combine(const http::ResponseHead& stored, const Freshness& stored_freshness,
                 const http::ResponseHead& fresh, const Freshness& fresh_freshness);

}  // namespace weir::cache
