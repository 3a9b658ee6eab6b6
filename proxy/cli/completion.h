// SPDX-License-Identifier: Apache-2.0
//
// `weir completion`: what a shell needs to complete the command line, made from the commands that
// there are.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace weir::cli {

struct CommandWords {
  std::string name;
  std::string about;
  std::vector<std::string> options;   // "--config", "-c"
  std::vector<std::string> commands;  // below it
};

// The script for "bash", "zsh" or "fish"; empty for any other shell.
std::string completion_script(std::string_view shell, const std::vector<CommandWords>& commands);

}  // namespace weir::cli
