// SPDX-License-Identifier: Apache-2.0
//
// Which way to a host: directly, or through which parents in which order. Pure.
#pragma once

#include <string_view>

#include "proxy/config/settings.h"

namespace weir {

// The parents of the first route that names the host, or nullptr: go directly. `host` is
// normalised.
const std::vector<std::string>* find_route(const Settings& settings, std::string_view host);

// The parent of that name; nullptr for "direct".
const Settings::Parent* find_parent(const Settings& settings, std::string_view name);

// "example.com" is that host, ".example.com" also everything below it, "*" every host.
bool host_matches(std::string_view pattern, std::string_view host);

}  // namespace weir
