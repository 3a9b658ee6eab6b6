// SPDX-License-Identifier: Apache-2.0
//
// Failures as values. One table, failures.def, says for each what the client is told, whose fault
// it is, and what the log calls it. There is no second error channel: a function that can fail
// returns a Failure (Failure::None is success) or a Result.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include <tl/expected.hpp>

namespace weir {

enum class Failure : std::uint8_t {
  None,
#define FAILURE(id, ...) id,
#include "proxy/base/failures.def"
#undef FAILURE
};

enum class Fault : std::uint8_t { Client, Origin, Us, Policy };
enum class Retry : std::uint8_t { Never, IfReused };

// One row of failures.def.
struct FailureRow {
  Failure id;
  std::string_view name;  // the identifier, as in the table
  Fault fault;
  std::uint16_t status;  // 0: nobody is left to be told
  bool closes;           // the client connection must not be used again
  Retry retry;
  std::string_view proxy_status;
  std::string_view word;
  std::string_view sentence;
};

// The row of a failure. Requires `failure` is not None. Cost: an array index.
const FailureRow& row(Failure failure);

// All rows, in the table's order.
std::span<const FailureRow> failure_rows();

// The word for logs and metrics; "-" for None.
std::string_view word(Failure failure);

// A value, or why there is none.
template <class T>
using Result = tl::expected<T, Failure>;

inline tl::unexpected<Failure> fail(Failure why) {
  return tl::unexpected<Failure>(why);
}

}  // namespace weir
