// SPDX-License-Identifier: Apache-2.0
//
// See share_answer.h.
#include "proxy/pipeline/share_answer.h"

#include "proxy/cache/storage.h"
#include "proxy/pipeline/look_up.h"
#include "proxy/pipeline/session.h"
#include "proxy/pipeline/worker.h"

namespace weir {

using http::FieldId;

cache::Exchanged times_of(const Exchange& ex, const Session& session) {
  return {ex.cache.requested, session.worker.loop.wall()};
}

void note_where_from(const Exchange& ex, cache::Freshness& freshness) {
  freshness.came_from = ex.parent != nullptr ? cache::CameFrom::Parent : cache::CameFrom::Address;
  freshness.address = ex.record.destination.address;
}

bool serves_others(const cache::Freshness& freshness, WallTime now) {
  cache::Asked plain;
  plain.method = http::Method::Get;
  return freshness.from != cache::LifetimeFrom::Forced &&
         cache::may_reuse(plain, freshness, now).usable();
}

void free_followers(Exchange& ex, Session& session, const cache::Freshness& freshness) {
  if (freshness.no_cache || freshness.lifetime == 0) {
    leave_alone(ex, session);
  } else {
    end_flight(ex, session, store::FlightState::Alone);
  }
}

std::vector<http::Field> cookies_of(Exchange& ex) {
  std::vector<http::Field> out;
  if (ex.response.status != 304 && !cache::restricts_field(ex.response.fields, "Set-Cookie")) {
    return out;
  }
  for (const http::Field& line : ex.response.fields.lines) {
    if (line.id == FieldId::SetCookie) {
      out.push_back({ex.arena.copy(line.name), ex.arena.copy(line.value), line.id});
    }
  }
  return out;
}

void add_lines(Exchange& ex, const std::vector<http::Field>& more) {
  ex.response.fields.lines.insert(ex.response.fields.lines.end(), more.begin(), more.end());
}

}  // namespace weir
