// SPDX-License-Identifier: Apache-2.0
//
// The options of a network filter: what stands behind its '$', by the table options.def.
#pragma once

#include <string>
#include <string_view>

#include "filters/adblock/rule.h"

namespace weir::adblock {

// Fills out.rule, or says in out.kind and out.why what is wrong. `value` is where a modifier's
// value goes that has to be unescaped.
void read_options(std::string_view text, Line& out, std::string& value);

// Whether the text could be options at all: begins with a known name. Tells "/a/$script,to=/b/"
// from an expression that contains "$".
bool looks_like_options(std::string_view text);

// The bit of a method's name (any case); 0: not one that filters know.
std::uint16_t method_bit(std::string_view name);

}  // namespace weir::adblock
