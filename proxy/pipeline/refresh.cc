// SPDX-License-Identifier: Apache-2.0
//
// See refresh.h.
#include "proxy/pipeline/refresh.h"

#include <string>

#include "proxy/pipeline/look_up.h"
#include "proxy/pipeline/session.h"
#include "proxy/pipeline/worker.h"

namespace weir {
namespace {

constexpr std::uint64_t kRefreshMark = 0x9e3779b97f4a7c15;  // tells these marks from others
constexpr Micros kRefreshPause = 1 * kSecond;

// What belongs to this client's own state of knowledge, and not to the store's.
bool left_out(http::FieldId id) {
  using http::FieldId;
  return id == FieldId::IfNoneMatch || id == FieldId::IfModifiedSince || id == FieldId::Range ||
         id == FieldId::IfRange || id == FieldId::CacheControl || id == FieldId::Pragma;
}

std::string request_text(const Exchange& ex) {
  std::string out = "GET ";
  if (!ex.secure) {
    out.append("http://").append(ex.authority);
  }
  out.append(ex.target.path).append(" HTTP/1.1\r\n");
  out.append("Host: ").append(ex.authority).append("\r\n");
  for (const http::Field& line : ex.request.fields.lines) {
    const bool kept = http::hop_of(line.id) != http::Hop::HopByHop ||
                      line.id == http::FieldId::ProxyAuthorization;
    if (kept && !left_out(line.id)) {
      out.append(line.name).append(": ").append(line.value).append("\r\n");
    }
  }
  out += "\r\n";
  return out;
}

}  // namespace

void refresh_in_background(Exchange& ex, Session& session) {
  Worker& worker = session.worker;
  if (ex.cache.background || worker.draining()) {
    return;
  }
  // At most one at a time and one in a while for each key, whatever comes of it.
  store::Flights& flights = worker.shared.store->flights;
  const std::uint64_t mark = ex.cache.hash ^ kRefreshMark;
  if (flights.alone(mark, worker.loop.now()) || flights.under_way(flight_key(ex), ex.cache.hash)) {
    return;
  }
  flights.mark_alone(mark, worker.loop.now() + kRefreshPause);
  worker.metrics.add(metric::CacheRefreshes);
  auto* const nobody = new Session(worker, session.listener, session.peer, NoClient{});
  nobody->inside = session.inside;
  nobody->run_for_nobody(request_text(ex));  // deletes itself
}

}  // namespace weir
