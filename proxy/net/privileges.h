// SPDX-License-Identifier: Apache-2.0
//
// Who this process is to the system: its user and group, which it changes once what needs
// privileges is open, and how many descriptors it may have. Errors are sentences with the remedy.
#pragma once

#include <string>

#include <tl/expected.hpp>

namespace weir {

// As many descriptors as this process may have. Nothing is sized from it.
void raise_descriptor_limit();

// Becomes that user, and that group or the user's own; with no user the group alone; with neither
// nothing. Empty names: none.
tl::expected<void, std::string> drop_privileges(const std::string& user, const std::string& group);

// Gives a file to that user and group, before they are entered; empty names: as it is.
tl::expected<void, std::string> give_file(const std::string& path, const std::string& user,
                                          const std::string& group);

}  // namespace weir
