// SPDX-License-Identifier: Apache-2.0
//
// One content coding being undone by its library, behind one face. Knows no limits but those on
// memory; decode.cc counts.
#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "filters/body/decode.h"

namespace weir::filters {

class Codec {
 public:
  struct Result {
    BodyFlow flow;
    bool ended = false;  // the coding came to its end; no call must follow
    bool bad = false;
  };
  virtual ~Codec() = default;
  // Undoes what it can of `in`. Neither used nor made anything: it needs more input.
  virtual Result undo(std::string_view in, std::span<char> to) = 0;
  // True when the body may end here: at the end of a member or frame.
  virtual bool may_end() const { return false; }
};

// Null when there is no memory.
std::unique_ptr<Codec> make_codec(ContentCoding coding);

}  // namespace weir::filters
