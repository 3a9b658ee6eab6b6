// SPDX-License-Identifier: Apache-2.0
//
// What the head of a response declares its body to be, read as browsers read it where servers say
// it more than once. Pure.
#pragma once

#include <string_view>

#include "filters/subject.h"
#include "proxy/base/arena.h"

namespace weir::filters {

// The Content-Type that counts, as it was received, parameters included: of several types, in one
// line or in more, the last one that is one. May be no type at all.
std::string_view declared_type(const FieldLookup& response);

// Its "type/subtype" in lower case.
std::string_view declared_media_type(const FieldLookup& response, Arena& arena);

}  // namespace weir::filters
