// SPDX-License-Identifier: Apache-2.0
//
// Vary (RFC 9111 4.1). A stored response carries two texts: which request fields chose it, and what
// they said, both normalised, so that matching is one comparison of bytes.
//
//   vary     "accept-encoding,accept-language"; "" for none; "*" for any
//   variant  for each name, in that order, '+' and the normalised value, or '-' when the request
//   has
//            no such line, then a line feed. An empty field is not an absent one.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "proxy/base/arena.h"
#include "proxy/http/message.h"

namespace weir::cache {

constexpr std::size_t kVaryLimit = 16;  // names; a response with more is treated as "*"

// The names of all Vary lines: lower case, sorted, each once, with commas. "*" when any element is
// "*", is no token, or there are more than kVaryLimit. Allocates from `arena` only when there are
// names.
std::string_view vary_text(const http::Fields& response, Arena& arena);

// Is vary_text() "*"? Allocates nothing.
bool varies_by_any(const http::Fields& response);

// What this request says in the fields of `vary`, normalised: lines of a field joined; white space
// around commas, semicolons and equals signs of lists removed; in Accept, Accept-Encoding,
// Accept-Language and Accept-Charset case, order and the writing of weights, too. Other fields keep
// case and order. `vary` must not be "*".
std::string_view variant_text(std::string_view vary, const http::Fields& request, Arena& arena);

// One stored response, as far as choosing among variants needs it.
struct Variant {
  std::string_view vary;
  std::string_view variant;
  std::string_view content_language;  // of the stored response; empty: none
  std::int64_t date = 0;              // Freshness::date
};

constexpr std::size_t kNoVariant = SIZE_MAX;

// The stored response to use: among those that match the most recent by Date, of
// several the first (what was stored last stands first). When none does and
// Vary is about language, one whose single Content-Language is the request's single most preferred
// language, the other fields being equal. kNoVariant: none. Without any Vary: no allocation.
std::size_t choose_variant(std::span<const Variant> stored, const http::Fields& request,
                           Arena& arena);

}  // namespace weir::cache
