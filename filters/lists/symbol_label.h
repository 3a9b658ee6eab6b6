// SPDX-License-Identifier: Apache-2.0
//
// Labels of host names with emoji or other symbols in them ("i❤.ws"). IDNA 2008 disallows them, so
// libidn2 refuses them; UTS 46 does not, so browsers ask for them and registries of some zones sell
// them. A list that names one means what browsers ask for.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace weir::filters {

// The A-label of symbols with letters, digits and hyphens of ASCII between them; nothing: it has
// other characters, or its A-label would be too long. Only for what IDNA 2008 has refused.
std::optional<std::string> symbol_label(std::string_view label);

}  // namespace weir::filters
