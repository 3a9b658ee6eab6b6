// SPDX-License-Identifier: Apache-2.0
//
// See relay.h. The loop never holds an empty large buffer while it waits: a stalled or trickling
// body costs its stream and its frame, nothing more.
#include "proxy/pipeline/relay.h"

#include <algorithm>
#include <span>
#include <utility>

#include "proxy/pipeline/relay_frame.h"
#include "proxy/pipeline/stored_wait.h"

namespace weir {
namespace {

constexpr std::uint64_t kWorthSplicing = 64 * 1024;
constexpr unsigned kRoundsPerTurn = 32;  // then somebody else's turn
constexpr unsigned kChangesPerTurn = 2;  // the same where every byte is looked at

Task<Failure> write_frame(RelayPlan& plan, RelayTools& tools, RelayFrame& frame) {
  while (frame.pending()) {
    const IoResult r = plan.to->write(frame.parts());
    if (r.what == Io::Bytes) {
      plan.sent += r.bytes;
      frame.written(r.bytes);
    } else if (r.what == Io::WouldBlock) {
      const Failure why =
          co_await plan.to->writable(tools.loop.now() + plan.write_idle, plan.write_timeout);
      if (why != Failure::None) {
        co_return why;
      }
    } else {
      co_return plan.to->is_open() ? plan.write_broken : plan.to->closed_why();
    }
  }
  co_return Failure::None;
}

// Why nothing more came: what the stream was closed with, or the far end's cut.
Failure cut_why(const RelayPlan& plan) {
  return plan.from->is_open() ? plan.cut : plan.from->closed_why();
}

// When the next byte must have come: within the idle time, and fast enough on average.
Instant read_deadline(const RelayPlan& plan, Instant now) {
  Instant until = now + plan.read_idle;
  if (plan.min_rate != 0) {
    const Micros earned = static_cast<Micros>(std::min<std::uint64_t>(plan.payload / plan.min_rate,
                                                                      INT64_MAX / 4 / kSecond)) *
                          kSecond;
    until = std::min(until, plan.began + plan.read_idle + earned);
  }
  return until;
}

// Makes `in` ready to read into: behind the pinned head when the rest fits there, else a large one.
void make_room(RelayPlan& plan, RelayTools& tools) {
  if (plan.in->valid() && !plan.in->empty()) {
    return;
  }
  if (plan.in_holds_head) {
    const std::uint64_t left = plan.reader->sure_payload();
    if (left != 0 && left <= plan.in->room()) {
      return;
    }
    *plan.pinned = std::move(*plan.in);
    plan.in_holds_head = false;
  }
  if (plan.in->valid()) {
    plan.in->clear();
  } else {
    *plan.in = tools.buffers.take_large();
  }
}

void release_empty(RelayPlan& plan, RelayTools& tools) {
  if (!plan.in_holds_head && plan.in->valid() && plan.in->empty()) {
    tools.buffers.give(std::move(*plan.in));
  }
}

// The same out of the cache.
Task<Failure> fill_from_store(RelayPlan& plan, RelayTools& tools) {
  make_room(plan, tools);
  const Failure why = co_await pull_stored(*plan.pull, *plan.in);
  const bool complete = why == Failure::None && plan.in->empty();
  co_return complete && !plan.reader->close() ? plan.cut : why;
}

// Reads once; waits for it if need be. None also when the body ended by the end of the stream.
Task<Failure> fill(RelayPlan& plan, RelayTools& tools) {
  if (plan.pull != nullptr) {
    co_return co_await fill_from_store(plan, tools);
  }
  for (;;) {
    make_room(plan, tools);
    // A body of known length is never read beyond its end: what follows belongs to someone else.
    const std::uint64_t sure = plan.reader->sure_payload();
    const std::size_t most =
        plan.reader->counted()
            ? static_cast<std::size_t>(std::min<std::uint64_t>(plan.in->room(), sure))
            : plan.in->room();
    const IoResult r = plan.from->read(plan.in->space(), most);
    if (r.what == Io::Bytes) {
      plan.in->added(r.bytes);
      co_return Failure::None;
    }
    if (r.what != Io::WouldBlock) {
      co_return r.what == Io::End&& plan.reader->close() ? Failure::None : cut_why(plan);
    }
    release_empty(plan, tools);
    const Instant until = read_deadline(plan, tools.loop.now());
    const Failure why = co_await plan.from->readable(until, plan.read_timeout);
    if (why != Failure::None) {
      co_return why;
    }
  }
}

// Waits for more to move. The empty pipe goes back meanwhile, except inside a chunk that has been
// announced and must be moved to its end. Without a pipe afterwards the rest is copied.
Task<Failure> wait_without_pipe(RelayPlan& plan, RelayTools& tools, Pipe& pipe) {
  const bool keep = plan.chunked;
  if (!keep) {
    tools.pipes.give(std::move(pipe));
  }
  const Instant until = read_deadline(plan, tools.loop.now());
  const Failure why = co_await plan.from->readable(until, plan.read_timeout);
  if (why == Failure::None && !keep) {
    pipe = tools.pipes.take();
    plan.splice_failed = !pipe.valid();
  }
  co_return why;
}

// Moves up to `left` payload bytes from socket to socket through a pipe.
Task<Failure> splice_through(RelayPlan& plan, RelayTools& tools, Pipe& pipe, std::uint64_t left) {
  unsigned rounds = 0;
  while (left > 0 || pipe.filled() > 0) {
    if (left > 0 && pipe.filled() == 0) {
      const auto most = static_cast<std::size_t>(std::min<std::uint64_t>(left, pipe.capacity()));
      const IoResult r = plan.from->read_to(pipe, most);
      if (r.what == Io::Bytes) {
        plan.received += r.bytes;
        plan.payload += r.bytes;
        plan.reader->skip(r.bytes);
        left -= left == UINT64_MAX ? 0 : r.bytes;
      } else if (r.what == Io::WouldBlock) {
        const Failure why = co_await wait_without_pipe(plan, tools, pipe);
        if (why != Failure::None || !pipe.valid()) {
          co_return why;
        }
        continue;
      } else if (r.what == Io::End && plan.reader->close()) {
        co_return Failure::None;
      } else {
        co_return cut_why(plan);
      }
    }
    const IoResult w = plan.to->write_from(pipe, left > 0 && pipe.filled() == pipe.capacity());
    if (w.what == Io::Bytes) {
      plan.sent += w.bytes;
    } else if (w.what == Io::WouldBlock) {
      const Failure why =
          co_await plan.to->writable(tools.loop.now() + plan.write_idle, plan.write_timeout);
      if (why != Failure::None) {
        co_return why;
      }
    } else {
      co_return plan.to->is_open() ? plan.write_broken : plan.to->closed_why();
    }
    if (++rounds % kRoundsPerTurn == 0) {
      co_await tools.loop.yield();
    }
  }
  co_return Failure::None;
}

// How much payload may go by unseen: all that is sure, unless it must be counted out for a chunk,
// or a limit has to be kept. No further than to where somebody wants to be asked.
std::uint64_t unseen_payload(const RelayPlan& plan) {
  if (plan.from == nullptr || plan.from->is_secure() || plan.to->is_secure()) {
    return 0;  // TLS is not done inside the kernel
  }
  if (plan.splice_failed || plan.pull != nullptr || !plan.in->empty() || plan.most != 0) {
    return 0;
  }
  std::uint64_t sure = plan.reader->sure_payload();
  if (plan.check_at != 0) {
    sure = std::min(sure, plan.check_at - std::min(plan.check_at, plan.payload));
  }
  if (plan.chunked && sure == UINT64_MAX) {
    return 0;
  }
  return sure >= kWorthSplicing ? sure : 0;
}

Task<Failure> move_unseen(RelayPlan& plan, RelayTools& tools, RelayFrame& frame, std::uint64_t n) {
  Pipe pipe = tools.pipes.take();
  if (!pipe.valid()) {
    plan.splice_failed = true;
    co_return Failure::None;
  }
  release_empty(plan, tools);
  frame.announce(plan, n);
  Failure why = co_await write_frame(plan, tools, frame);
  if (why == Failure::None) {
    why = co_await splice_through(plan, tools, pipe, n);
  }
  tools.pipes.give(std::move(pipe));
  co_return why;
}

// Every round: room for what is made, as much of the body as fits through the transform, and out
// with it. Neither buffer is held while waiting for more.
Task<Failure> relay_changed(RelayPlan& plan, RelayTools& tools) {
  RelayFrame frame;
  for (unsigned rounds = 1;; ++rounds) {
    Buffer out = tools.buffers.take_large();
    const std::span<char> to(out.space(), out.room());
    std::size_t made = 0;
    Failure why = frame.change(plan, to, made);
    while (why == Failure::None && frame.busy()) {
      co_await tools.loop.yield();
      why = frame.change(plan, to, made);
    }
    if (why == Failure::None) {
      why = frame.lay_out_changed(plan, {to.data(), made});
    }
    if (why == Failure::None) {
      why = co_await write_frame(plan, tools, frame);
    }
    tools.buffers.give(std::move(out));
    if (why != Failure::None || frame.ended()) {
      co_return why;
    }
    if (frame.hungry(plan)) {
      why = co_await fill(plan, tools);
      if (why != Failure::None) {
        co_return why;
      }
    }
    if (rounds % kChangesPerTurn == 0) {
      co_await tools.loop.yield();
    }
  }
}

Task<Failure> relay_as_it_is(RelayPlan& plan, RelayTools& tools) {
  RelayFrame frame;
  for (unsigned rounds = 1;; ++rounds) {
    Failure why = frame.gather(plan);
    if (why == Failure::None) {
      why = co_await write_frame(plan, tools, frame);
    }
    if (why != Failure::None) {
      co_return why;
    }
    if (plan.reader->over()) {
      co_return Failure::None;
    }
    if (const std::uint64_t n = unseen_payload(plan); n > 0) {
      why = co_await move_unseen(plan, tools, frame, n);
    } else if (plan.in->empty() || !plan.in->valid()) {
      why = co_await fill(plan, tools);
    }
    if (why != Failure::None) {
      co_return why;
    }
    if (rounds % kRoundsPerTurn == 0) {
      co_await tools.loop.yield();
    }
  }
}

}  // namespace

Task<Failure> relay(RelayPlan& plan, RelayTools& tools) {
  return plan.transform != nullptr ? relay_changed(plan, tools) : relay_as_it_is(plan, tools);
}

}  // namespace weir
