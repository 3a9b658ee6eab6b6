// SPDX-License-Identifier: Apache-2.0
//
// Why the cache did what it did. One table, reasons.def, has a word and a sentence for each clause
// that can decide; every verdict of this layer carries one of its rows.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace weir::cache {

enum class Reason : std::uint8_t {
  None,
#define CACHE_REASON(id, word, sentence) id,
#include "proxy/cache/reasons.def"
#undef CACHE_REASON
};

// One row of reasons.def.
struct ReasonRow {
  Reason id;
  std::string_view name;  // the identifier, as in the table
  std::string_view word;
  std::string_view sentence;
};

// The row of a reason. Requires `reason` is not None. Cost: an array index.
const ReasonRow& row(Reason reason);

// All rows, in the table's order.
std::span<const ReasonRow> reason_rows();

// The word for logs and Cache-Status; "-" for None.
std::string_view word(Reason reason);

}  // namespace weir::cache
