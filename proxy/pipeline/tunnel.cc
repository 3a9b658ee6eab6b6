// SPDX-License-Identifier: Apache-2.0
//
// See tunnel.h. Two lanes, one for each direction. A lane reads into a pooled buffer, which it
// gives back before it waits; when a read fills the buffer, the lane goes over to splicing until
// the source runs dry. Limits are kept by the streams, each where it is read.
#include "proxy/pipeline/tunnel.h"

#include <array>

namespace weir {
namespace {

constexpr unsigned kMovesPerTurn = 32;
constexpr std::uint64_t kStillBulk = 64 * 1024;  // moved in one go: worth a pipe the next time, too

struct Lane {
  Stream* from;
  Stream* to;
  std::uint64_t* count;
  // What trouble is called on either side.
  Failure source_broken;
  Failure sink_broken;
  Failure sink_stalled;
  bool* ended;              // set when this lane ends in order
  const bool* other_ended;  // the same of the other lane
};

Failure broken(const Stream& stream, Failure name) {
  return stream.is_open() ? name : stream.closed_why();
}

// Waits for `stream` to become readable; the idle time starts again whenever the other lane moved.
Task<Failure> wait_for_bytes(TunnelPlan& plan, RelayTools& tools, Stream& stream) {
  for (;;) {
    const Instant until = plan.last_byte + plan.idle;
    const Failure why = co_await stream.readable(until, Failure::TunnelIdle);
    if (why != Failure::TunnelIdle || plan.last_byte + plan.idle <= tools.loop.now()) {
      co_return why;
    }
  }
}

Task<Failure> write_all(TunnelPlan& plan, RelayTools& tools, Lane& lane, Buffer& buffer) {
  while (!buffer.empty()) {
    const std::array<iovec, 1> part = {
        iovec{const_cast<char*>(buffer.unread().data()), buffer.unread().size()}};
    const IoResult r = lane.to->write(part);
    if (r.what == Io::Bytes) {
      buffer.use(r.bytes);
      *lane.count += r.bytes;
    } else if (r.what == Io::WouldBlock) {
      const Instant until = tools.loop.now() + plan.write_idle;
      const Failure why = co_await lane.to->writable(until, lane.sink_stalled);
      if (why != Failure::None) {
        co_return why;
      }
    } else {
      co_return broken(*lane.to, lane.sink_broken);
    }
  }
  co_return Failure::None;
}

// Splices until the source runs dry (None) or ends or breaks (`end` is set for an end).
Task<Failure> splice_lane(TunnelPlan& plan, RelayTools& tools, Lane& lane, Pipe& pipe, bool& end) {
  for (unsigned rounds = 1;; ++rounds) {
    const IoResult r = lane.from->read_to(pipe, pipe.capacity());
    if (r.what == Io::WouldBlock) {
      co_return Failure::None;
    }
    if (r.what != Io::Bytes) {
      end = r.what == Io::End;
      co_return end ? Failure::None : broken(*lane.from, lane.source_broken);
    }
    plan.last_byte = tools.loop.now();
    while (pipe.filled() > 0) {
      const IoResult w = lane.to->write_from(pipe, false);
      if (w.what == Io::Bytes) {
        *lane.count += w.bytes;
      } else if (w.what == Io::WouldBlock) {
        const Instant until = tools.loop.now() + plan.write_idle;
        const Failure why = co_await lane.to->writable(until, lane.sink_stalled);
        if (why != Failure::None) {
          co_return why;
        }
      } else {
        co_return broken(*lane.to, lane.sink_broken);
      }
    }
    if (rounds % kMovesPerTurn == 0) {
      co_await tools.loop.yield();
    }
  }
}

// Copies what is there. `dry` is set when the source has no more for now, `end` at its end.
Task<Failure> copy_lane(TunnelPlan& plan, RelayTools& tools, Lane& lane, bool& dry, bool& end) {
  Buffer buffer = tools.buffers.take_small();
  const IoResult r = lane.from->read(buffer.space(), buffer.room());
  Failure why = Failure::None;
  if (r.what == Io::Bytes) {
    plan.last_byte = tools.loop.now();
    buffer.added(r.bytes);
    dry = r.bytes < buffer.capacity();
    why = co_await write_all(plan, tools, lane, buffer);
  } else {
    dry = true;
    end = r.what == Io::End;
    why = r.what == Io::Broken ? broken(*lane.from, lane.source_broken) : Failure::None;
  }
  tools.buffers.give(std::move(buffer));
  co_return why;
}

Task<Failure> bulk_lane(TunnelPlan& plan, RelayTools& tools, Lane& lane, bool& end) {
  Pipe pipe = tools.pipes.take();
  if (!pipe.valid()) {
    co_return Failure::None;
  }
  const Failure why = co_await splice_lane(plan, tools, lane, pipe, end);
  tools.pipes.give(std::move(pipe));
  co_return why;
}

Task<Failure> write_early(TunnelPlan& plan, RelayTools& tools, Lane& lane, Buffer& early) {
  const Failure why = co_await write_all(plan, tools, lane, early);
  tools.buffers.give(std::move(early));
  co_return why;
}

Task<Failure> run_lane(TunnelPlan& plan, RelayTools& tools, Lane lane, Buffer& early) {
  Failure why = Failure::None;
  if (early.valid()) {
    why = co_await write_early(plan, tools, lane, early);
  }
  bool end = false;
  bool bulk = false;
  unsigned rounds = 0;
  while (why == Failure::None && !end) {
    why = co_await wait_for_bytes(plan, tools, *lane.from);
    if (why != Failure::None) {
      break;
    }
    if (bulk) {
      const std::uint64_t before = *lane.count;
      why = co_await bulk_lane(plan, tools, lane, end);
      bulk = *lane.count - before >= kStillBulk;
    } else {
      bool dry = false;
      why = co_await copy_lane(plan, tools, lane, dry, end);
      bulk = !dry && !lane.from->is_secure() && !lane.to->is_secure();
    }
    if (++rounds % kMovesPerTurn == 0) {
      co_await tools.loop.yield();
    }
  }
  if (why == Failure::None) {
    *lane.ended = true;
    lane.to->end_writing();
  } else if (*lane.other_ended) {
    // What the other lane has written to its end is still on its way: no reset may overtake it.
    lane.from->close(why);
    lane.to->reset(why);
  } else {
    // One broken direction ends the tunnel: the other lane wakes with the same reason. The far
    // ends see a reset, so that a cut stream cannot pass for a complete one.
    lane.from->reset(why);
    lane.to->reset(why);
  }
  co_return why;
}

}  // namespace

Task<Failure> tunnel(TunnelPlan& plan, RelayTools& tools, Buffer& early_up, Buffer& early_down) {
  bool up_ended = false;
  bool down_ended = false;
  Lane up_lane{plan.client,         plan.origin,          &plan.to_origin,
               Failure::ClientGone, Failure::OriginReset, Failure::OriginBodyTimeout,
               &up_ended,           &down_ended};
  Lane down_lane{plan.origin,         plan.client,
                 &plan.to_client,     Failure::OriginReset,
                 Failure::ClientGone, Failure::ClientStalled,
                 &down_ended,         &up_ended};
  plan.last_byte = tools.loop.now();
  plan.client->limit_reads(plan.throttle_up);
  plan.origin->limit_reads(plan.throttle_down);
  Task<Failure> up = run_lane(plan, tools, up_lane, early_up);
  Task<Failure> down = run_lane(plan, tools, down_lane, early_down);
  up.start();
  down.start();
  const Failure up_why = co_await std::move(up);
  const Failure down_why = co_await std::move(down);
  plan.client->limit_reads(nullptr);
  plan.origin->limit_reads(nullptr);
  plan.client->close();
  plan.origin->close();
  co_return up_why != Failure::None ? up_why : down_why;
}

}  // namespace weir
