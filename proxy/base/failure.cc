// SPDX-License-Identifier: Apache-2.0
//
// The rows of failures.def as an array. See failure.h.
#include "proxy/base/failure.h"

#include <array>

#include "proxy/base/assert.h"

namespace weir {
namespace {

constexpr bool kCloses = true;
constexpr bool kKeeps = false;

constexpr std::array kRows = {
#define FAILURE(id, fault, status, closes, retry, proxy_status, word, sentence) \
  FailureRow{Failure::id,  #id,          Fault::fault, status,  k##closes,      \
             Retry::retry, proxy_status, word,         sentence},
#include "proxy/base/failures.def"
#undef FAILURE
};

}  // namespace

const FailureRow& row(Failure failure) {
  WEIR_ASSERT(failure != Failure::None);
  return kRows[static_cast<std::size_t>(failure) - 1];
}

std::span<const FailureRow> failure_rows() {
  return kRows;
}

std::string_view word(Failure failure) {
  return failure == Failure::None ? std::string_view("-") : row(failure).word;
}

}  // namespace weir
