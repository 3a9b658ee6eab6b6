// SPDX-License-Identifier: Apache-2.0
//
// See purge.h.
#include "proxy/pipeline/purge.h"

#include <algorithm>

#include "proxy/pipeline/answer.h"
#include "proxy/pipeline/look_up.h"
#include "proxy/pipeline/session.h"
#include "proxy/pipeline/stages.h"
#include "proxy/pipeline/worker.h"
#include "proxy/store/store.h"

namespace weir {
namespace {

bool may_purge(const Session& session) {
  const std::vector<Prefix>& from = session.settings().cache.purge_from;
  const IpAddress& client = session.peer.address;
  return from.empty() ? client.is_loopback()
                      : std::any_of(from.begin(), from.end(),
                                    [&client](const Prefix& p) { return p.contains(client); });
}

}  // namespace

bool is_purge(const Exchange& ex, const Session& session) {
  return session.settings().cache.purge_method && session.worker.shared.store != nullptr &&
         ex.request.method == "PURGE";
}

void purge(Exchange& ex, Session& session) {
  if (!may_purge(session)) {
    refuse(ex, session, Failure::MethodDenied);
    return;
  }
  const std::string_view key = store_key(ex);
  const bool there = !key.empty() && session.worker.shared.store->erase(key);
  if (!there) {
    refuse(ex, session, Failure::NothingStored);
    return;
  }
  const http::ReplyPlan plan = reply_plan(ex, session);
  answer(ex, http::write_answer("", "", "", plan, ex.arena), 200);
}

}  // namespace weir
