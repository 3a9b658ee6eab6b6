// SPDX-License-Identifier: Apache-2.0
//
// The waits of a look-up: for the disk to say what is stored, for a fetch that somebody else leads,
// for the first bytes of a stored body to be checked. After each the request is looked up again,
// because what was true before the wait need not be true any more.
#include "proxy/pipeline/look_up.h"
#include "proxy/pipeline/session.h"
#include "proxy/pipeline/stages.h"
#include "proxy/pipeline/stored_wait.h"
#include "proxy/pipeline/worker.h"

namespace weir {
namespace {

using store::Flight;
using store::FlightState;

Task<void> await_disk(Exchange& ex, Session& session) {
  ex.cache.loaded = true;
  // A knock of its own: a late ring for an earlier wait of this session would look like an answer.
  const auto knock = std::make_shared<Knock>(session.worker.loop);
  const Instant until = session.worker.loop.now() + session.settings().cache.disk_wait;
  session.worker.shared.store->load(ex.cache.key, knock);
  const Instant began = session.worker.loop.now();
  co_await knock->wait(until);
  const Micros took = session.worker.loop.now() - began;
  session.worker.metrics.observe(metric::StepTime, took, Step::CacheDisk);
}

// Until the flight's leader has an answer, the leader is too slow, or our client has gone.
Task<Flight::News> await_news(Exchange& ex, Session& session) {
  const store::FlightPtr flight = ex.cache.flight;
  const std::shared_ptr<Knock> knock = session.knock();
  const Instant until = flight->began() + session.settings().cache.collapse_wait;
  const Instant began = session.worker.loop.now();
  flight->follow();
  Flight::News news = flight->news(knock);
  while (news.state == FlightState::Asking && session.worker.loop.now() < until &&
         !session.gone()) {
    knock->heed(session.client);
    co_await knock->wait(until);
    session.client.unkeep();
    news = flight->news(knock);
  }
  flight->unfollow();
  const Micros took = session.worker.loop.now() - began;
  session.worker.metrics.observe(metric::StepTime, took, Step::CacheShared);
  co_return news;
}

// The leader failed. Whoever is first among those who waited tries once more for all; if that
// fails, too, everybody is told.
bool settle_failure(Exchange& ex, Session& session, const Flight::News& news) {
  CacheUse& use = ex.cache;
  if (serve_stale(ex, session, cache::ErrorKind::Unreachable)) {
    return true;
  }
  if (use.flight->attempt() > 0) {
    refuse(ex, session, news.why);
    return true;
  }
  store::Flights& flights = session.worker.shared.store->flights;
  const auto seat = flights.board_after(*use.flight, use.hash, session.worker.loop.now());
  use.flight = seat.flight;
  use.leads = seat.leads;
  return seat.leads;
}

// True when the exchange knows how to go on; false: look again.
Task<bool> follow(Exchange& ex, Session& session) {
  CacheUse& use = ex.cache;
  for (;;) {
    const Flight::News news = co_await await_news(ex, session);
    if (session.gone()) {
      refuse(ex, session, Failure::ClientGone);
      co_return true;
    }
    switch (news.state) {
      case FlightState::Answered:
        if (take_from_flight(ex, session, news)) {
          co_return true;
        }
        co_return false;
      case FlightState::Alone:
        use.alone = true;
        co_return false;
      case FlightState::Failed:
        if (settle_failure(ex, session, news)) {
          co_return true;
        }
        break;
      case FlightState::LookAgain:
      case FlightState::Asking:
        co_return false;
    }
  }
}

}  // namespace

Task<void> wait_for_cache(Exchange& ex, Session& session, LookUp found) {
  for (;;) {
    if (found == LookUp::AwaitDisk) {
      co_await await_disk(ex, session);
    } else if (found == LookUp::AwaitFlight) {
      const bool decided = co_await follow(ex, session);
      if (decided) {
        co_return;
      }
    } else if (stored_needs_check(ex)) {
      const bool right = co_await check_stored(ex, session);
      if (right) {
        co_return;
      }
      ex.course = Course::Open;
    } else {
      co_return;
    }
    found = look_up(ex, session);
  }
}

}  // namespace weir
