// SPDX-License-Identifier: Apache-2.0
//
// What every change of a body has in common: bytes in, bytes out, a bounded amount of each at a
// time. A stage keeps what it cannot decide about yet, and never more than its limits say. Whoever
// drives it offers input until none is left, then says that none will follow.
//
// Pure: no I/O, no clock. Errors are values; a stage in trouble makes nothing more.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace weir::filters {

enum class BodyTrouble : std::uint8_t {
  None,
  Malformed,   // not what its content coding says
  Truncated,   // ended in the middle of its content coding
  TooDense,    // decodes to suspiciously many bytes for its size
  TooLarge,    // decodes to more bytes than allowed
  TooMuchNew,  // replacements make it larger than allowed
};

// One clause for the log: "it ended in the middle of its content coding".
std::string_view trouble_text(BodyTrouble trouble);

struct BodyFlow {
  std::size_t used = 0;  // bytes of the input consumed
  std::size_t made = 0;  // bytes written to the output
};

class BodyStage {
 public:
  virtual ~BodyStage() = default;
  // One bounded piece of work. `last`: nothing follows `in`. When neither used nor made anything,
  // and busy() is false, it needs more input. `to` must not be empty.
  virtual BodyFlow step(std::string_view in, bool last, std::span<char> to) = 0;
  // It stopped only so that somebody else may have a turn.
  virtual bool busy() const { return false; }
  // The whole body has been made.
  virtual bool over() const = 0;
  virtual BodyTrouble trouble() const = 0;
};

}  // namespace weir::filters
