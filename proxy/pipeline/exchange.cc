// SPDX-License-Identifier: Apache-2.0
//
// See exchange.h.
#include "proxy/pipeline/exchange.h"

#include "proxy/base/assert.h"
#include "proxy/pipeline/body_rules.h"
#include "proxy/pipeline/limits.h"
#include "proxy/pipeline/snapshot.h"

namespace weir {

Exchange::Exchange() = default;
Exchange::~Exchange() = default;

void Exchange::reset() {
  WEIR_ASSERT(origin == nullptr && upload_lane.done());
  arena.reset();
  course = Course::Open;
  failure = Failure::None;
  request.clear();
  response.clear();
  head_bytes = 0;
  began = asked = Instant{};
  target = http::Target{};
  host = Host{};
  port = 0;
  authority = upgrade = reply = {};
  upload_framing = download_framing = http::Framing{};
  user = UserName{};
  device = Device{};
  claim = Claim::None;
  unheard = tls = secure = established = spoke_late = client_wants_to_stay = ends_here = uploaded =
      recorded = stays = response_bytes_seen = false;
  body_rules.reset();
  limits.reset();
  rules.reset();
  in_force.reset();
  adjusted = edited = 0;
  log_level = filters::LogLevel::Full;
  dial_name = edited_url = {};
  route = nullptr;
  parent = nullptr;
  next_parent = 0;
  upload_lane = Task<Failure>();
  upload = RelayPlan{};
  download = RelayPlan{};
  interim = 0;
  cache.reset();
  record = Record{};
}

}  // namespace weir
