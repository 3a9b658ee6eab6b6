// SPDX-License-Identifier: Apache-2.0
//
// See reason.h.
#include "proxy/cache/reason.h"

#include <array>

namespace weir::cache {
namespace {

constexpr std::array kRows = {
#define CACHE_REASON(id, word, sentence) ReasonRow{Reason::id, #id, word, sentence},
#include "proxy/cache/reasons.def"
#undef CACHE_REASON
};

}  // namespace

const ReasonRow& row(Reason reason) {
  return kRows[static_cast<std::size_t>(reason) - 1];
}

std::span<const ReasonRow> reason_rows() {
  return kRows;
}

std::string_view word(Reason reason) {
  return reason == Reason::None ? "-" : row(reason).word;
}

}  // namespace weir::cache
