// SPDX-License-Identifier: Apache-2.0
//
// See answer_stored.h.
#include "proxy/pipeline/answer_stored.h"

#include <algorithm>
#include <charconv>

#include "proxy/cache/conditional.h"
#include "proxy/pipeline/session.h"
#include "proxy/pipeline/worker.h"

namespace weir {
namespace {

using cache::RangeAnswer;
using http::BodyKind;
using http::FieldId;
using store::Entry;

// How far a body on its way may be behind a range for it to be worth waiting.
constexpr std::uint64_t kNear = 1024 * 1024;

// How long the representation is; nothing while it comes without a declared length.
std::optional<std::uint64_t> length_of(const CacheUse& use) {
  return use.entry->length == cache::kCompleteUnknown && use.filling
             ? use.filling->final_size()
             : std::optional(use.entry->length);
}

std::string_view number(std::uint64_t value, Arena& arena) {
  char* const text = arena.allocate(20);
  return {text, static_cast<std::size_t>(std::to_chars(text, text + 20, value).ptr - text)};
}

void set(http::Fields& fields, FieldId id, std::string_view name, std::string_view value) {
  std::erase_if(fields.lines, [id](const http::Field& line) { return line.id == id; });
  fields.lines.push_back({name, value, id});
}

void begin(Exchange& ex, std::uint16_t status, std::string_view reason) {
  const Entry& entry = *ex.cache.entry;
  ex.response.status = status;
  ex.response.reason = reason;
  ex.response.minor = entry.head.minor;
  ex.response.fields.lines = entry.head.fields.lines;
  ex.cache.pieces.clear();
}

void answer_not_modified(Exchange& ex) {
  begin(ex, 304, "Not Modified");
  cache::fields_of_304(ex.cache.entry->head.fields, ex.response.fields);
  ex.download_framing = {BodyKind::None, 0};
  ex.cache.result = "not_modified";
}

void answer_unsatisfiable(Exchange& ex, std::uint64_t length) {
  begin(ex, 416, "Range Not Satisfiable");
  http::Fields& fields = ex.response.fields;
  std::erase_if(fields.lines, [](const http::Field& line) {
    return line.id != FieldId::Date && line.id != FieldId::Via;
  });
  set(fields, FieldId::ContentRange, "Content-Range",
      cache::unsatisfied_range_text(length, ex.arena));
  ex.download_framing = {BodyKind::Length, 0};
}

void answer_parts(Exchange& ex, Session& session, const cache::RangeSet& set_of,
                  std::uint64_t length) {
  begin(ex, 206, "Partial Content");
  std::vector<StoredPiece>& pieces = ex.cache.pieces;
  http::Fields& fields = ex.response.fields;
  if (set_of.count == 1) {
    const cache::ByteRange& range = set_of.ranges[0];
    set(fields, FieldId::ContentRange, "Content-Range",
        cache::content_range_text(range, length, ex.arena));
    pieces.push_back({{}, range.first, range.size()});
    ex.download_framing = {BodyKind::Length, range.size()};
    return;
  }
  std::erase_if(fields.lines,
                [](const http::Field& line) { return line.id == FieldId::ContentRange; });
  const cache::Multipart parts =
      cache::plan_multipart(set_of, length, fields.value(FieldId::ContentType),
                            session.worker.next_request_id(), ex.arena);
  set(fields, FieldId::ContentType, "Content-Type", parts.content_type);
  for (std::size_t i = 0; i < set_of.count; ++i) {
    pieces.push_back({parts.heads[i], 0, 0});
    pieces.push_back({{}, set_of.ranges[i].first, set_of.ranges[i].size()});
  }
  pieces.push_back({parts.closing, 0, 0});
  ex.download_framing = {BodyKind::Length, parts.length};
}

// Is every byte of these ranges there, or about to be?
bool has_bytes(const CacheUse& use, const cache::RangeSet& set_of) {
  const auto there = [&use](const cache::ByteRange& range) {
    if (use.filling) {
      return use.own_fill || range.first <= use.filling->size() + kNear;
    }
    return std::any_of(use.entry->runs.begin(), use.entry->runs.end(), [&](const store::Run& run) {
      return range.first >= run.first && range.last < run.first + run.body->size();
    });
  };
  return std::all_of(set_of.all().begin(), set_of.all().end(), there);
}

enum class Ranged : std::uint8_t { Answered, NotAsked, NotThere };

Ranged answer_range(Exchange& ex, Session& session) {
  CacheUse& use = ex.cache;
  const Entry& entry = *use.entry;
  const auto length = length_of(use);
  if (!length || !use.asked.range ||
      !cache::range_applies(ex.request, entry.head, entry.freshness, session.worker.loop.wall())) {
    return Ranged::NotAsked;
  }
  cache::RangeSet set_of;
  switch (cache::resolve_ranges(ex.request.fields.value(FieldId::Range), *length, set_of)) {
    case RangeAnswer::Whole:
      return Ranged::NotAsked;
    case RangeAnswer::NotStored:
      return Ranged::NotThere;
    case RangeAnswer::Unsatisfiable:
      answer_unsatisfiable(ex, *length);
      return Ranged::Answered;
    case RangeAnswer::Parts:
      break;
  }
  if (use.filling && set_of.count > 1) {
    return Ranged::NotAsked;  // its bytes are had in one order only
  }
  if (!has_bytes(use, set_of)) {
    return Ranged::NotThere;
  }
  answer_parts(ex, session, set_of, *length);
  return Ranged::Answered;
}

void answer_whole(Exchange& ex) {
  const Entry& entry = *ex.cache.entry;
  const auto length = length_of(ex.cache);
  begin(ex, entry.head.status, entry.head.reason);
  ex.cache.pieces.push_back({{}, 0, length.value_or(UINT64_MAX)});
  if (entry.head.status == 204 || entry.head.status == 304) {
    ex.cache.pieces.clear();
    ex.download_framing = {BodyKind::None, 0};
    return;
  }
  ex.download_framing =
      length ? http::Framing{BodyKind::Length, *length} : http::Framing{BodyKind::UntilClose, 0};
}

// The answer to HEAD: everything but the body, its length included.
void leave_body_out(Exchange& ex) {
  ex.cache.pieces.clear();
  if (ex.download_framing.kind == BodyKind::Length) {
    set(ex.response.fields, FieldId::ContentLength, "Content-Length",
        number(ex.download_framing.length, ex.arena));
  }
  ex.download_framing = {BodyKind::None, 0};
}

bool compose(Exchange& ex, Session& session) {
  CacheUse& use = ex.cache;
  const Entry& entry = *use.entry;
  if (entry.head.status == 200 && use.asked.answerable() &&
      cache::evaluate(ex.request.fields, entry.head, entry.freshness, session.worker.loop.wall()) ==
          cache::Condition::NotModified) {
    answer_not_modified(ex);
    return true;
  }
  const Ranged ranged = use.asked.answerable() ? answer_range(ex, session) : Ranged::NotAsked;
  if (ranged == Ranged::NotThere ||
      (ranged == Ranged::NotAsked && !use.filling && !entry.complete())) {
    return false;
  }
  if (ranged == Ranged::NotAsked) {
    answer_whole(ex);
  }
  return true;
}

}  // namespace

bool answer_from_entry(Exchange& ex, Session& session, const cache::ReuseVerdict& verdict) {
  CacheUse& use = ex.cache;
  const bool in_file =
      !use.filling && !use.entry->runs.empty() && use.entry->runs[0].body->extent() != nullptr;
  use.result = use.collapsed ? "hit" : in_file ? "hit" : "memory_hit";
  if (!compose(ex, session)) {
    return false;
  }
  if (use.asked.method == http::Method::Head) {
    leave_body_out(ex);
  }
  use.follower.reset();
  if (use.filling && !use.pieces.empty()) {
    use.follower.emplace(use.filling, use.pieces.front().first);
    if (use.follower->lost()) {
      use.follower.reset();
      return false;
    }
  }
  ex.response.fields.lines.push_back({"Age", cache::age_text(verdict.age, ex.arena), FieldId::Age});
  use.reason = verdict.reason;
  use.ttl = verdict.ttl;
  ex.record.served_by = ServedBy::Cache;
  ex.course = Course::Stored;
  return true;
}

void add_cache_status(Exchange& ex, Session& session) {
  const CacheUse& use = ex.cache;
  if (!session.settings().cache.status_field) {
    return;
  }
  cache::CacheStatus status;
  status.name = session.settings().http.via;
  status.forward = use.forward;
  status.forward_status =
      use.forward == cache::Forward::None ? std::uint16_t{0} : ex.record.origin_status;
  status.has_ttl = use.ttl.has_value();
  status.ttl = use.ttl.value_or(0);
  status.stored = use.stored;
  status.collapsed = use.collapsed;
  status.detail = use.reason;
  ex.response.fields.lines.push_back(
      {"Cache-Status", cache::cache_status_text(status, ex.arena), FieldId::Other});
}

}  // namespace weir
