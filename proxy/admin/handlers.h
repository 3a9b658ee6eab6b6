// SPDX-License-Identifier: Apache-2.0
//
// The handlers of the admin interface, as the routes in api.cc name them.
#pragma once

#include "proxy/admin/request.h"
#include "proxy/admin/state.h"

namespace weir::admin {

// In place of any other while the server is starting.
Reply still_starting(const Request& request);

Reply get_index(const Request& request, AdminState& state);
Reply get_metrics(const Request& request, AdminState& state);
Reply get_health(const Request& request, AdminState& state);
Reply get_ready(const Request& request, AdminState& state);
Reply get_status(const Request& request, AdminState& state);
Reply post_reload(const Request& request, AdminState& state);

// cache_handlers.cc. While the cache is off they say so.
Reply get_cache_stats(const Request& request, AdminState& state);
Reply get_cache_entries(const Request& request, AdminState& state);
Reply get_cache_entry(const Request& request, AdminState& state);
Reply get_cache_why(const Request& request, AdminState& state);
Reply post_cache_purge(const Request& request, AdminState& state);

}  // namespace weir::admin
