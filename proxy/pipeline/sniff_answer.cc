// SPDX-License-Identifier: Apache-2.0
//
// See sniff_answer.h. Who hides a type from us need not hide it from browsers: padding in front of
// what is coded, codings that only some of them undo, faults that they forgive. So more is read
// until something shows, and what stays unclear is no answer for a rule that asks.
#include "proxy/pipeline/sniff_answer.h"

#include <algorithm>

#include "filters/body/decode.h"
#include "filters/body/sniff.h"
#include "filters/declared.h"
#include "filters/policy/policy.h"
#include "proxy/base/ascii.h"
#include "proxy/pipeline/peek.h"
#include "proxy/pipeline/session.h"
#include "proxy/pipeline/snapshot.h"
#include "proxy/pipeline/stored_wait.h"
#include "proxy/pipeline/worker.h"

namespace weir {
namespace {

// A block of zstd shows nothing before it is whole, and may be nearly as large as this.
constexpr std::size_t kCodedMost = BufferPool::kLarge;
constexpr std::size_t kCodedMore = 8;  // so many times as much is looked at next

struct Shown {
  std::string_view bytes;
  bool unclear = false;  // clients may see others
};

// `room`: as much as is wanted, for what is copied: chunks, and what is stored.
Task<Failure> first_bytes(Exchange& ex, Session& session, PeekSize size, std::span<char> room,
                          Instant until, Peeked& out) {
  if (ex.course == Course::Stored) {
    co_return co_await peek_stored(ex, session, size.least, room, out.first);
  }
  PeekParts parts;
  parts.from = &ex.origin->stream;
  parts.in = &ex.origin_in;
  parts.pinned = &ex.pinned_response;
  parts.buffers = &session.worker.buffers;
  parts.framing = ex.download_framing;
  parts.copy = room.data();
  co_return co_await peek_body(parts, size, until, out);
}

// Looks at more and more coded bytes until they show enough, or no more come.
Task<Failure> look(Exchange& ex, Session& session, const filters::CodingList& codings,
                   Shown& shown) {
  const std::size_t decoded = codings.count > 0 ? filters::kSniffBytes : 0;
  const std::span<char> plain(ex.arena.allocate(decoded), decoded);
  const bool copies =
      ex.course == Course::Stored || ex.download_framing.kind == http::BodyKind::Chunked;
  const Instant until = session.worker.loop.now() + session.settings().timeouts.origin_head;
  PeekSize size{.least = 1, .want = filters::kSniffBytes};
  std::span<char> room;
  for (;;) {
    if (copies && room.size() < size.want) {  // not each time: one that trickles comes often
      room = {ex.arena.allocate(size.want), size.want};
    }
    Peeked seen;
    const Failure why = co_await first_bytes(ex, session, size, room, until, seen);
    if (why != Failure::None || codings.count == 0) {
      shown = {seen.first, seen.full};
      co_return why;
    }
    const filters::DecodedStart start = filters::decode_start(codings, seen.first, plain);
    const bool enough = start.over || start.text.size() == plain.size();
    shown = {start.text, !enough && (start.broken || seen.full || seen.first.size() >= kCodedMost)};
    const bool paused = seen.first.size() < size.want;
    const bool ended = seen.first.size() < size.least;
    if (enough || shown.unclear || ended || (paused && !start.text.empty())) {
      co_return why;
    }
    size.least = seen.first.size() + 1;
    size.want = paused ? size.want : std::min(size.want * kCodedMore, kCodedMost);
  }
}

bool needs_type(Exchange& ex) {
  return ex.rules->policy->body_needs(ex.subject, ex.verdict, ex.arena).types;
}

}  // namespace

// A stream of events may be silent for hours: its head is not held back for a first byte, and
// browsers read nothing else from what is declared to be one.
bool shows_type(const Exchange& ex) {
  return ex.response.status != 101 && ex.subject.media_type != "text/event-stream";
}

Task<Failure> sniff_answer(Exchange& ex, Session& session) {
  const filters::FieldLookup& fields = ex.subject.response;
  const filters::CodingsSeen codings = filters::codings_as_seen(fields);
  Shown shown;
  const Failure why = co_await look(ex, session, codings.list, shown);
  if (why != Failure::None) {
    co_return why;
  }
  const bool disputed = codings.as == filters::CodedAs::Disputed && !shown.bytes.empty();
  if ((shown.unclear || disputed) && needs_type(ex)) {
    co_return Failure::BodyNotRewritable;
  }
  const bool nosniff = same_ignoring_case(fields.value("X-Content-Type-Options"), "nosniff");
  ex.subject.sniffed_type = filters::sniff(shown.bytes, filters::declared_type(fields), nosniff);
  ex.subject.bytes_type = filters::shown_type(shown.bytes);
  co_return Failure::None;
}

}  // namespace weir
