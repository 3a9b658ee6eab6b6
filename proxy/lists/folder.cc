// SPDX-License-Identifier: Apache-2.0
//
// See folder.h.
#include "proxy/lists/folder.h"

#include <unistd.h>

#include <cerrno>
#include <cstdlib>

namespace weir {
namespace {

constexpr const char* kOfTheSystem = "/var/lib/weir";
constexpr const char* kLists = "/lists";

// The nearest folder above that exists decides about one that does not.
bool usable(std::string path) {
  while (::access(path.c_str(), F_OK) != 0 && errno == ENOENT) {
    const auto slash = path.find_last_of('/');
    if (slash == std::string::npos) {
      return ::access(".", W_OK | X_OK) == 0;
    }
    path.resize(slash == 0 ? 1 : slash);
  }
  return ::access(path.c_str(), W_OK | X_OK) == 0;
}

}  // namespace

FolderSurroundings FolderSurroundings::of_this_process() {
  FolderSurroundings out;
  out.variable = [](const char* name) {
    const char* const value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): nobody sets any
    return std::string(value == nullptr ? "" : value);
  };
  out.can_be_used = usable;
  out.can_be_read = [](const std::string& path) {
    return ::access(path.c_str(), R_OK | X_OK) == 0;
  };
  return out;
}

std::string lists_folder(const std::string& configured, const FolderSurroundings& around) {
  if (!configured.empty()) {
    return configured;
  }
  const std::string given = around.variable("STATE_DIRECTORY");  // several are parted by colons
  if (!given.empty()) {
    return given.substr(0, given.find(':')) + kLists;
  }
  const std::string common = kOfTheSystem;
  // Whoever asks about the lists of a running proxy may not be allowed to write there.
  if (around.can_be_used(common) || around.can_be_read(common + kLists)) {
    return common + kLists;
  }
  const std::string state = around.variable("XDG_STATE_HOME");
  if (state.starts_with('/')) {
    return state + "/weir" + kLists;
  }
  const std::string home = around.variable("HOME");
  return home.starts_with('/') ? home + "/.local/state/weir" + kLists : std::string();
}

std::string lists_folder(const std::string& configured) {
  return lists_folder(configured, FolderSurroundings::of_this_process());
}

}  // namespace weir
