// SPDX-License-Identifier: Apache-2.0
//
// Asking the origin whether stored responses are still good (RFC 9111 4.3), and what its answer
// does to them.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "proxy/base/arena.h"
#include "proxy/cache/freshness.h"
#include "proxy/http/message.h"

namespace weir::cache {

// An entity tag (RFC 9110 8.8.3).
struct Etag {
  std::string_view opaque;  // with its quotes; empty: none, or malformed
  bool weak = false;
  bool valid() const { return !opaque.empty(); }
};
Etag parse_etag(std::string_view text);
// The response's ETag; invalid when there is none, several, or a malformed one.
Etag etag_of(const http::Fields& fields);
// RFC 9110 8.8.3.2.
bool strongly_equal(const Etag& a, const Etag& b);
bool weakly_equal(const Etag& a, const Etag& b);

// Is Last-Modified strong: a minute or more before Date (RFC 9110 8.8.2.2)?
bool strong_date(const Freshness& freshness);

// ETag, or Last-Modified as a date.
bool has_validator(const http::Fields& fields);

// A stored response under the request's key.
struct Candidate {
  const http::ResponseHead* head = nullptr;
  const Freshness* freshness = nullptr;
  bool chosen = false;  // the one whose variant the request selects (at most one)
};

// What to add to a request so that the origin may answer 304.
struct Conditions {
  std::string_view if_none_match;      // entity tags of all candidates; empty: none
  std::string_view if_modified_since;  // Last-Modified of the chosen one, as received; empty: none
  bool any() const { return !if_none_match.empty() || !if_modified_since.empty(); }
};
constexpr std::size_t kEtagsLimit = 8;  // candidates beyond are not asked about

// Conditions for the candidates; the chosen one goes first. Without a chosen one only entity tags.
// Text lives in `arena` or in the heads.
Conditions conditions_for(std::span<const Candidate> candidates, Arena& arena);

// The fields of the request to send: the client's If-None-Match, If-Modified-Since, If-Range and
// Range give way to `conditions` (the stored response is to be validated as a whole; the client's
// own are answered afterwards, conditional.h); If-Match and If-Unmodified-Since stay (4.3.2).
// Without conditions (a miss) use the client's request as it is.
void validating_fields(const http::Fields& request, const Conditions& conditions,
                       http::Fields& out);

constexpr std::size_t kNoCandidate = SIZE_MAX;

// Which candidate a 304 is about (4.3.4): strong validators must be equal; else the most recent
// that a weak one matches; a 304 without validator means the only candidate there is, or the chosen
// one when only its validator was sent. kNoCandidate: none; the request has to be sent again
// without conditions, unless the 304 answers the client's own.
std::size_t select_by_304(const http::ResponseHead& not_modified,
                          std::span<const Candidate> candidates);

// The stored head brought up to date by a 304 or an answer to HEAD (3.2): each field of `update`
// replaces all lines of that name, but for hop-by-hop fields, the proxy's, Content-Length,
// Content-Range of a stored part, and Content-Encoding unless a strong entity tag says that the
// bytes are the same. The result is like a response that has just arrived: read its freshness, then
// pass it through stored_fields() (Age and a missing Date are those of `update`). Views into both.
void merge_fields(const http::ResponseHead& stored, const http::ResponseHead& update,
                  http::Fields& out);

// What an answer of 200 to HEAD says about a stored GET response of that variant (4.3.5).
enum class HeadEffect : std::uint8_t { Nothing, Freshen, Invalidate };
HeadEffect effect_of_head(const http::ResponseHead& answer, const http::ResponseHead& stored,
                          std::uint64_t stored_length);

}  // namespace weir::cache
