// SPDX-License-Identifier: Apache-2.0
//
// Everything known about one request and its response. The stages (stages.h) fill it in order; each
// member says which stage sets it. An exchange is borrowed from its worker for as long as it runs,
// so its arena and field lists keep their memory from one request to the next.
//
// Owned by a session, used on the worker's thread. Views point into the head buffers or the arena.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "filters/subject.h"
#include "filters/verdict.h"
#include "proxy/base/arena.h"
#include "proxy/base/device.h"
#include "proxy/base/failure.h"
#include "proxy/base/host.h"
#include "proxy/config/settings.h"
#include "proxy/http/body.h"
#include "proxy/http/framing.h"
#include "proxy/http/message.h"
#include "proxy/http/target.h"
#include "proxy/net/buffer.h"
#include "proxy/net/pool.h"
#include "proxy/net/task.h"
#include "proxy/observe/record.h"
#include "proxy/pipeline/cache_use.h"
#include "proxy/pipeline/credentials.h"
#include "proxy/pipeline/relay.h"

namespace weir {

class BodyRules;
struct Limits;
struct Snapshot;

// Where an exchange is heading. It only ever narrows.
enum class Course : std::uint8_t {
  Open,    // nothing decided yet: ask the origin
  Tunnel,  // CONNECT: connect, then bytes both ways
  Relay,   // an origin's answer is there to be delivered
  Stored,  // an answer out of the cache is there to be delivered
  Reply,   // we answer ourselves: `reply`
  Drop,    // nobody is left to answer
};

// What our resolver says of the host that a transparent client names.
enum class Claim : std::uint8_t { None, Verified, Unverified, Contradicted };

struct Exchange {
  Exchange();
  ~Exchange();

  Arena arena;
  Course course = Course::Open;
  Failure failure = Failure::None;  // why it did not simply succeed

  // Read by the session.
  std::shared_ptr<const Snapshot> in_force;  // the rules when it began; null: none
  http::RequestHead request;
  Buffer pinned_request;  // the buffer the request head lives in, if the session needed another
  std::uint64_t head_bytes = 0;
  Instant began;  // first byte of the request
  bool client_reused = false;

  // identify
  http::Target target;
  Host host;
  std::uint16_t port = 0;
  std::string_view authority;  // value of Host for the next hop
  std::string_view upgrade;    // Upgrade tokens to ask for
  http::Framing upload_framing;
  UserName user;
  Device device;                      // as far as somebody wanted to know it
  Claim claim = Claim::None;          // verify_claim; None on forward listeners
  bool unheard = false;               // a transparent tunnel: its client expects no HTTP from us
  bool tls = false;                   // and speaks TLS
  bool secure = false;                // https: asked inside of TLS that ends here
  bool established = false;           // CONNECT has been told that its tunnel stands
  bool spoke_late = false;            // it was silent, and then spoke first after all
  bool ends_here = false;             // OPTIONS or TRACE that we answer ourselves
  bool client_wants_to_stay = false;  // the request allows another on this connection

  // police: set only while the policy has rules
  std::shared_ptr<const Snapshot> rules;  // what the views of the verdict point into
  filters::Subject subject;
  filters::Verdict verdict;
  std::uint32_t adjusted = 0;  // adjustments of the verdict that are carried out
  std::uint32_t edited = 0;    // edits of lists, likewise
  std::string_view edited_url;
  filters::LogLevel log_level = filters::LogLevel::Full;
  std::unique_ptr<Limits> limits;  // bandwidth; null: none
  std::string_view dial_name;  // the name to resolve and dial instead of the host's; empty: none

  CacheUse cache;  // look_up, admit

  // fetch
  const std::vector<std::string>* route = nullptr;  // parents by name, in order; null: direct
  const Settings::Parent* parent = nullptr;
  std::size_t next_parent = 0;  // of the route's parents, the first that has not been tried
  OriginConnection* origin = nullptr;
  Buffer origin_in;
  Buffer pinned_response;
  http::ResponseHead response;
  http::Framing download_framing;
  http::BodyReader upload_reader;
  RelayPlan upload;
  Task<Failure> upload_lane;
  bool uploaded = false;  // the whole body has been written; the reader's end proves less
  Instant asked;          // the request was sent
  unsigned interim = 0;
  bool response_bytes_seen = false;

  // deliver
  std::unique_ptr<BodyRules> body_rules;  // null: the body passes as it is
  http::BodyReader download_reader;
  RelayPlan download;
  std::string_view reply;
  bool stays = false;  // the client connection goes on after this exchange

  Record record;
  bool recorded = false;

  // Ready for the next request; memory is kept.
  void reset();
};

// Does a body of at least one byte come with the request, or may it?
inline bool has_body(const Exchange& ex) {
  return ex.upload_framing.kind == http::BodyKind::Chunked || ex.upload_framing.length > 0;
}

}  // namespace weir
