// SPDX-License-Identifier: Apache-2.0
//
// Stage 5: the record of an exchange, completed and written once, and the counters that go with it.
// What a tunnel's record views would not outlive its exchange, so a copy is kept for it.
#include "proxy/pipeline/record.h"

#include "proxy/pipeline/describe.h"
#include "proxy/pipeline/police.h"
#include "proxy/pipeline/session.h"
#include "proxy/pipeline/stages.h"
#include "proxy/pipeline/worker.h"

namespace weir {
namespace {

// A URL as it may be logged: a user name and password in the authority are secrets, and so may the
// query be.
std::string_view for_the_log(std::string_view url, bool query, Arena& arena) {
  const std::size_t scheme_end = url.find("://");
  const std::size_t start = scheme_end == std::string_view::npos ? 0 : scheme_end + 3;
  const std::size_t end = std::min(url.find_first_of("/?#", start), url.size());
  const std::size_t at = url.substr(0, end).rfind('@');
  if (at != std::string_view::npos && at >= start) {
    url = arena.join({url.substr(0, start), url.substr(at + 1)});
  }
  return query ? url : url.substr(0, url.find('?'));
}

}  // namespace

void begin_record(Exchange& ex, Session& session) {
  Worker& worker = session.worker;
  ex.record.id = worker.next_request_id();
  ex.record.started = worker.loop.wall();
  ex.record.client = session.peer;
  ex.record.listener = session.listener.at;
  ex.record.listener_name = session.listener.name;
  ex.record.listener_slot = static_cast<std::uint8_t>(session.listener.slot);
  ex.record.client_reused = ex.client_reused;
}

// What the request itself says; also for one that was refused half read.
void describe_request(Exchange& ex, const Session& session) {
  Record& r = ex.record;
  r.method = ex.request.method;
  const bool query = session.settings().access_log.query_strings;
  r.url = for_the_log(ex.request.target, query, ex.arena);
  r.version = ex.request.minor == 0 ? "HTTP/1.0" : "HTTP/1.1";
  r.referer = for_the_log(ex.request.fields.value(http::FieldId::Referer), query, ex.arena);
  r.user_agent = ex.request.fields.value(http::FieldId::UserAgent);
}

void complete_record(Exchange& ex, Session& session) {
  Record& r = ex.record;
  r.host = ex.host.name;
  const bool origin_form = session.arrival || session.inside != nullptr;
  if (origin_form && !r.url.empty() && r.url.front() == '/') {
    r.url = ex.arena.join({ex.secure ? "https://" : "http://", ex.authority,
                           r.url});  // as a proxy would have been asked
  }
  r.user = ex.user.view();
  if (session.setup().logs_devices) {
    if (!ex.device.mac && ex.device.name.empty()) {
      note_device(ex, session, Devices::For::Log);
    }
    r.client_mac = ex.device.mac.value_or(MacAddress());
    r.client_name = ex.device.name;
  }
  r.bytes_from_client = ex.head_bytes + ex.upload.received;
  r.bytes_to_origin += ex.upload.sent;
  r.bytes_from_origin += ex.download.received;
  r.bytes_to_client += ex.download.sent;
  r.body_to_client = ex.download.payload;
  r.content_type = ex.response.fields.value(http::FieldId::ContentType);
  r.total = session.worker.loop.now() - ex.began;
  if (ex.cache.takes_part) {
    r.cache = ex.cache.result;
    r.cache_reason = ex.cache.reason == cache::Reason::None ? "" : cache::word(ex.cache.reason);
  }
  if (ex.failure != Failure::None) {
    r.failure = ex.failure;
  }
  if (ex.log_level == filters::LogLevel::Host) {
    const std::size_t scheme = r.url.find("://");
    const std::size_t path =
        scheme == std::string_view::npos ? scheme : r.url.find('/', scheme + 3);
    r.url = r.url.substr(0, path);
    r.referer = r.user_agent = {};
  }
  r.unlogged = ex.log_level == filters::LogLevel::None;
  count_verdict(ex, session);
}

void record_exchange(Exchange& ex, Session& session) {
  if (!ex.recorded) {
    ex.recorded = true;
    complete_record(ex, session);
    session.worker.write_log(ex.record, session.setup());
  }
}

OwnedRecord::OwnedRecord(const Record& from) : record(from) {
  const std::array<std::string_view*, 18> texts = {
      &record.user,         &record.method,       &record.url,        &record.host,
      &record.version,      &record.rule,         &record.tags,       &record.decision,
      &record.list,         &record.would_have,   &record.cache,      &record.cache_reason,
      &record.content_type, &record.referer,      &record.user_agent, &record.parent,
      &record.client_name,  &record.listener_name};
  std::size_t size = 0;
  for (const auto* text : texts) {
    size += text->size();
  }
  text_ = std::make_unique_for_overwrite<char[]>(size);
  char* at = text_.get();
  for (auto* text : texts) {
    const std::size_t n = text->copy(at, text->size());
    *text = {at, n};
    at += n;
  }
}

}  // namespace weir
