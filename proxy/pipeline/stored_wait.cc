// SPDX-License-Identifier: Apache-2.0
//
// See stored_wait.h.
#include "proxy/pipeline/stored_wait.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstring>

#include "proxy/base/diag.h"
#include "proxy/pipeline/limits.h"
#include "proxy/pipeline/peek.h"
#include "proxy/pipeline/session.h"
#include "proxy/pipeline/worker.h"

namespace weir {
namespace {

using What = store::Part::What;

constexpr std::uint64_t kFirstWindow = 512 * 1024;  // bytes checked before the head goes
constexpr std::size_t kAtOnce = 256 * 1024;         // bytes that a limit is asked for

// Runs `work` on the disk's thread and waits for it. False: it did not run, or says so.
Task<bool> on_disk_thread(Session& session, std::function<bool()> work) {
  struct Outcome {
    std::atomic<bool> done{false};
    bool right = false;
  };
  const auto outcome = std::make_shared<Outcome>();
  const std::shared_ptr<Knock> knock = session.knock();
  store::DiskTier* disk = session.worker.shared.store->disk();
  std::function<void()> job = [work = std::move(work), outcome, knock] {
    outcome->right = work();
    outcome->done.store(true, std::memory_order_release);
    Knock::ring(knock);
  };
  if (disk == nullptr || !disk->run(std::move(job))) {
    co_return false;
  }
  while (!outcome->done.load(std::memory_order_acquire)) {
    const Instant never;
    co_await knock->wait(never);
  }
  co_return outcome->right;
}

void spend(Exchange& ex, std::size_t bytes) {
  if (ex.limits) {
    ex.limits->down.spend(bytes);
  }
}

Failure give_up_entry(Exchange& ex, Session& session) {
  diag_limited("stored body", kSecond, Level::Warning,
               "a stored body is not what was written, or cannot be read; it has been removed");
  session.worker.shared.store->erase(ex.cache.entry);
  return Failure::StoredUnreadable;
}

// The bytes of a part of a file, at most as many as fit.
Task<Failure> read_part(Exchange& ex, Session& session, const StoredPart& part, char* to,
                        std::size_t n) {
  if (part.extent == nullptr) {  // just written by us: the page cache has it
    const ssize_t got = ::pread(part.fd, to, n, static_cast<off_t>(part.at));
    co_return got == static_cast<ssize_t>(n) ? Failure::None : Failure::StoredUnreadable;
  }
  store::Extent* const extent = part.extent;
  const std::uint64_t at = part.extent_at;
  std::function<bool()> work = [extent, at, to, n] {
    return extent->prepare(at, n) && extent->read(at, to, n);
  };
  const bool right = co_await on_disk_thread(session, std::move(work));
  co_return right ? Failure::None : give_up_entry(ex, session);
}

}  // namespace

Task<Failure> wait_for_bytes(Session& session) {
  const std::shared_ptr<Knock> knock = session.knock();
  const Micros idle = session.settings().timeouts.origin_body_idle;
  const Instant until = session.worker.loop.now() + idle;
  knock->heed(session.client);
  const bool rung = co_await knock->wait(until);
  session.client.unkeep();
  if (session.client.broken()) {
    co_return Failure::ClientGone;
  }
  co_return rung || session.worker.loop.now() < until ? Failure::None : Failure::OriginBodyTimeout;
}

Task<std::uint64_t> wait_for_allowance(Exchange& ex, Session& session) {
  if (!ex.limits || !ex.limits->down.limited()) {
    co_return kFirstWindow;
  }
  Throttle& throttle = ex.limits->down;
  for (;;) {
    const std::size_t n = throttle.allow(session.worker.loop.now(), kAtOnce);
    if (n > 0 || session.client.broken()) {
      co_return n > 0 ? n : 1;
    }
    const std::shared_ptr<Knock> knock = session.knock();
    const Instant until = throttle.next(session.worker.loop.now());
    knock->heed(session.client);
    co_await knock->wait(until);
    session.client.unkeep();
  }
}

Task<Failure> make_ready(Exchange& ex, Session& session, const StoredPart& part) {
  store::Extent* const extent = part.extent;
  if (extent == nullptr || extent->ready(part.extent_at, part.length)) {
    co_return Failure::None;
  }
  const std::uint64_t at = part.extent_at;
  const std::uint64_t n = part.length;
  std::function<bool()> work = [extent, at, n] { return extent->prepare(at, n); };
  const bool right = co_await on_disk_thread(session, std::move(work));
  co_return right ? Failure::None : give_up_entry(ex, session);
}

bool stored_needs_check(const Exchange& ex) {
  if (ex.course != Course::Stored || ex.cache.filling || ex.cache.pieces.empty()) {
    return false;
  }
  const auto& runs = ex.cache.entry->runs;
  return std::any_of(runs.begin(), runs.end(),
                     [](const store::Run& run) { return run.body->extent() != nullptr; });
}

Task<bool> check_stored(Exchange& ex, Session& session) {
  StoredSource source(ex.cache);
  const std::shared_ptr<Knock> knock = session.knock();
  StoredPart part = source.next(kFirstWindow, knock);
  if (part.what == What::Bytes) {  // the head of a part
    source.used(part.bytes.size());
    part = source.next(kFirstWindow, knock);
  }
  if (part.what != What::File) {
    co_return true;
  }
  const Failure why = co_await make_ready(ex, session, part);
  co_return why == Failure::None;
}

Task<Failure> pull_stored(StoredPull& pull, Buffer& in) {
  for (;;) {
    const std::uint64_t allowed = co_await wait_for_allowance(pull.ex, pull.session);
    const std::uint64_t most = std::min<std::uint64_t>(in.room(), allowed);
    const std::shared_ptr<Knock> knock = pull.session.knock();
    const StoredPart part = pull.source.next(most, knock);
    Failure why = Failure::None;
    switch (part.what) {
      case What::End:
        co_return Failure::None;
      case What::Failed:
        co_return part.why;
      case What::Wait:
        why = co_await wait_for_bytes(pull.session);
        break;
      case What::Bytes:
        std::memcpy(in.space(), part.bytes.data(), part.bytes.size());
        in.added(part.bytes.size());
        pull.source.used(part.bytes.size());
        spend(pull.ex, part.bytes.size());
        co_return Failure::None;
      case What::File: {
        const auto n = static_cast<std::size_t>(part.length);
        why = co_await read_part(pull.ex, pull.session, part, in.space(), n);
        if (why == Failure::None) {
          in.added(n);
          pull.source.used(n);
          spend(pull.ex, n);
          co_return why;
        }
        break;
      }
    }
    if (why != Failure::None) {
      co_return why;
    }
  }
}

Task<Failure> peek_stored(Exchange& ex, Session& session, std::size_t least, std::span<char> to,
                          std::string_view& first) {
  StoredSource source(ex.cache);
  std::size_t have = 0;
  const Instant until = session.worker.loop.now() + kPeekPause;
  while (have < to.size()) {
    const std::shared_ptr<Knock> knock = session.knock();
    const StoredPart part = source.next(to.size() - have, knock);
    std::size_t n = part.bytes.size();
    if (part.what == What::Bytes) {
      std::memcpy(to.data() + have, part.bytes.data(), n);
    } else if (part.what == What::File) {
      n = static_cast<std::size_t>(part.length);
      const Failure why = co_await read_part(ex, session, part, to.data() + have, n);
      if (why != Failure::None) {
        co_return why;
      }
    } else if (part.what == What::Wait && (have < least || session.worker.loop.now() < until)) {
      const Failure why = co_await wait_for_bytes(session);
      if (why != Failure::None) {
        co_return why;
      }
      continue;
    } else {
      break;
    }
    have += n;
    source.used(n);
  }
  first = {to.data(), have};
  if (ex.cache.follower) {
    ex.cache.follower->move_to(ex.cache.pieces.empty() ? 0 : ex.cache.pieces.front().first);
  }
  co_return Failure::None;
}

}  // namespace weir
