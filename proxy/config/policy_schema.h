// SPDX-License-Identifier: Apache-2.0
//
// What rules may say, for editors and readers; made from policy_table.h alone. The rest of both
// documents is schema.h's.
#pragma once

#include <string>
#include <string_view>

#include "proxy/config/json_lines.h"

namespace weir {

// "$defs": what a `when` and a `then` are in JSON Schema.
void put_policy_definitions(JsonLines& out);

// Markdown: how rules work, a table of conditions and one of actions.
std::string policy_reference();

// Text that stands inside a cell of a Markdown table.
std::string markdown_cell(std::string_view text);

}  // namespace weir
