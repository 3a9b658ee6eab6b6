// SPDX-License-Identifier: Apache-2.0
//
// See route.h.
#include "proxy/pipeline/route.h"

namespace weir {

bool host_matches(std::string_view pattern, std::string_view host) {
  if (pattern == "*") {
    return true;
  }
  if (!pattern.starts_with('.')) {
    return pattern == host;
  }
  return host == pattern.substr(1) || host.ends_with(pattern);
}

const std::vector<std::string>* find_route(const Settings& settings, std::string_view host) {
  for (const Settings::Route& route : settings.routes) {
    for (const std::string& pattern : route.hosts) {
      if (host_matches(pattern, host)) {
        return &route.parents;
      }
    }
  }
  return nullptr;
}

const Settings::Parent* find_parent(const Settings& settings, std::string_view name) {
  for (const Settings::Parent& parent : settings.parents) {
    if (parent.name == name) {
      return &parent;
    }
  }
  return nullptr;
}

}  // namespace weir
