// SPDX-License-Identifier: Apache-2.0
//
// The state of the server as JSON. Times are seconds since 1970, lengths of time seconds; what is
// not known is null. Pure.
#pragma once

#include <string>
#include <string_view>

#include "proxy/pipeline/status.h"

namespace weir::admin {

// `metrics`: a JSON object, as metrics_json() makes it.
std::string status_json(const ServerStatus& status, std::string_view metrics);
std::string reload_json(const ReloadReport& report);

}  // namespace weir::admin
