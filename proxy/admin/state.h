// SPDX-License-Identifier: Apache-2.0
//
// What handlers of the admin interface may ask and do. Everything here is called on the admin
// thread alone and answers at once, whatever the workers do; what takes longer belongs into a reply
// that comes later (request.h). Filled by main; a test fills in what it needs.
#pragma once

#include <atomic>
#include <functional>
#include <optional>
#include <vector>

#include "proxy/observe/metrics.h"
#include "proxy/pipeline/status.h"
#include "proxy/store/inventory.h"

namespace weir::admin {

struct AdminState {
  // Set once all that follows may be called. Until then the server is starting: nobody asks it.
  std::atomic<bool> started{false};

  std::function<ServerStatus()> status;
  // Of the workers and whoever else counts; they live as long as the server.
  std::function<std::vector<const Metrics*>()> metrics;
  // Reads the configuration anew: what SIGHUP does. Gives a ticket.
  std::function<std::uint64_t()> reload;
  // What came of the reload of that ticket; nothing while it goes on.
  std::function<std::optional<ReloadReport>(std::uint64_t)> reloaded;

  // What is stored; null: the cache is off. It lives as long as the server.
  const store::Inventory* cache = nullptr;

  Metrics own;  // counted here: figures of the process, brought up to date when they are asked for
};

}  // namespace weir::admin
