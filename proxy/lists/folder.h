// SPDX-License-Identifier: Apache-2.0
//
// Which folder downloaded lists are kept in, when the configuration names none: where a service
// manager says that state belongs, else where programs of the system keep theirs, else where the
// user does.
#pragma once

#include <functional>
#include <string>

namespace weir {

// What the choice depends on, so that it can be tried without touching the machine.
struct FolderSurroundings {
  std::function<std::string(const char* name)> variable;     // empty: not set
  std::function<bool(const std::string& path)> can_be_used;  // exists or can be made, and written
  std::function<bool(const std::string& path)> can_be_read;

  static FolderSurroundings of_this_process();
};

// `configured` as it is when it is not empty. Empty: there is no such place.
std::string lists_folder(const std::string& configured, const FolderSurroundings& around);
std::string lists_folder(const std::string& configured);

}  // namespace weir
