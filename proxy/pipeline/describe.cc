// SPDX-License-Identifier: Apache-2.0
//
// See describe.h.
#include "proxy/pipeline/describe.h"

#include <algorithm>

#include "filters/classify.h"
#include "filters/declared.h"
#include "filters/file_names.h"
#include "filters/policy/policy.h"
#include "filters/url.h"
#include "proxy/base/ascii.h"
#include "proxy/pipeline/inside.h"
#include "proxy/pipeline/session.h"
#include "proxy/pipeline/snapshot.h"
#include "proxy/pipeline/worker.h"

namespace weir {
namespace {

using http::BodyKind;
using http::FieldId;

constexpr std::uint16_t kHttpsPort = 443;

std::string_view find_field(const void* from, std::string_view name, std::size_t nth) {
  const auto& fields = *static_cast<const http::Fields*>(from);
  const FieldId id = http::field_id(name);
  for (const http::Field& line : fields.lines) {
    const bool same =
        line.id == id && (id != FieldId::Other || same_ignoring_case(line.name, name));
    if (same && nth-- == 0) {
      // A field without a value is there all the same.
      return line.value.data() == nullptr ? std::string_view("") : line.value;
    }
  }
  return {};
}

filters::GroupMask groups_of(Exchange& ex, Session& session) {
  const filters::Subject& who = ex.subject;
  const filters::Policy& policy = *ex.rules->policy;
  if (!ex.rules->knows_devices) {
    return policy.groups_of(who.client, who.user, who.listener);
  }
  note_device(ex, session, Devices::For::Judging);
  return policy.groups_of(who.client, who.user, who.listener, ex.device);
}

std::optional<std::uint64_t> declared_length(const http::Framing& framing) {
  switch (framing.kind) {
    case BodyKind::None:
      return 0;
    case BodyKind::Length:
      return framing.length;
    default:
      return std::nullopt;
  }
}

}  // namespace

filters::FieldLookup lookup_in(const http::Fields& fields) {
  return {&fields, find_field};
}

void note_device(Exchange& ex, Session& session, Devices::For what) {
  Worker& worker = session.worker;
  ex.device =
      worker.devices.find(session.peer.address, worker.loop.now(), worker.loop.wall(), what);
  ex.device.name = ex.arena.copy(ex.device.name);  // the leases may change meanwhile
}

void describe_request_to_rules(Exchange& ex, Session& session) {
  filters::Subject& to = ex.subject;
  const bool tunnel = ex.course == Course::Tunnel;
  to = filters::Subject{};
  to.client = session.peer.address;
  to.user = ex.user.view();
  to.listener = session.listener.name;
  to.groups = groups_of(ex, session);
  to.now = session.worker.loop.wall();
  to.method = ex.request.method;
  to.scheme = ex.secure ? "https" : !tunnel ? "http" : ex.port == kHttpsPort ? "https" : "tunnel";
  to.host = ex.host.name;
  to.host_address = ex.host.address;
  to.port = ex.port;
  to.host_only = tunnel;
  if (session.inside != nullptr) {
    to.greeting_seen = true;
    to.server_name = session.inside->server_name;
  }
  to.request = lookup_in(ex.request.fields);
  to.request_length = declared_length(ex.upload_framing);
  filters::set_url(to, tunnel ? std::string_view() : ex.target.path, ex.arena);
  if (ex.rules->policy->needs_page()) {
    filters::classify(to, ex.arena);
  }
}

void describe_response_to_rules(Exchange& ex) {
  filters::Subject& to = ex.subject;
  // An answer made of a stored one (a part of it, or 304) is judged by what is stored: a head that
  // we composed says less.
  const bool stored = ex.course == Course::Stored;
  const http::Fields& fields = stored ? ex.cache.entry->head.fields : ex.response.fields;
  to.status = ex.response.status;
  to.response = lookup_in(fields);
  to.media_type = filters::declared_media_type(to.response, ex.arena);
  to.response_length = declared_length(ex.download_framing);
  if (stored && ex.cache.entry->length != cache::kCompleteUnknown) {
    to.response_length = ex.cache.entry->length;
  }
  filters::set_file_names(to, ex.arena);
}

}  // namespace weir
