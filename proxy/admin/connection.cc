// SPDX-License-Identifier: Apache-2.0
//
// See connection.h.
#include "proxy/admin/connection.h"

#include <array>
#include <charconv>

#include "proxy/admin/server.h"
#include "proxy/base/ascii.h"
#include "proxy/http/body.h"
#include "proxy/http/parse.h"
#include "proxy/http/reply.h"
#include "proxy/http/target.h"
#include "proxy/pipeline/send.h"

namespace weir::admin {
namespace {

constexpr http::HeadLimits kHeadLimits{8 * 1024, 16 * 1024, 64};
constexpr std::size_t kBodyMost = 64 * 1024;
constexpr std::size_t kReadSize = 16 * 1024;
constexpr Micros kIdle = 60 * kSecond;        // between two requests
constexpr Micros kArrival = 10 * kSecond;     // of one request, from its first byte
constexpr Micros kStandstill = 30 * kSecond;  // the client takes nothing of the reply
constexpr Micros kFarewell = 2 * kSecond;
constexpr Micros kLook = 20 * kMillisecond;  // between two questions for a later reply

// co_await it: resumed after a while.
class Pause final : public Deadline {
 public:
  Pause(Loop& loop, Micros length) : loop_(loop), length_(length) {}
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> waiter) {
    waiter_ = waiter;
    set(loop_.wheel(), loop_.now() + length_);
  }
  void await_resume() const noexcept {}
  void due() override { waiter_.resume(); }

 private:
  Loop& loop_;
  Micros length_;
  std::coroutine_handle<> waiter_;
};

std::string hex(std::size_t number) {
  std::array<char, 16> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number, 16).ptr;
  return {digits.data(), end};
}

// The field's value, if the field is there.
std::optional<std::string> value_of(const http::Fields& fields, std::string_view name) {
  for (const http::Field& field : fields.lines) {
    if (same_ignoring_case(field.name, name)) {
      return std::string(field.value);
    }
  }
  return std::nullopt;
}

}  // namespace

Connection::Connection(AdminServer& server) : server_(server), stream_(server.loop_) {}

Connection::~Connection() {
  server_.retire(*this);
}

Spawned Connection::run(int fd) {
  bool more = stream_.open(fd);
  while (more) {
    more = co_await next_question();
    if (more) {
      Reply made = ask();
      more = co_await send_reply(std::move(made));
    }
  }
  if (stream_.is_open()) {
    co_await farewell();
  }
  delete this;
}

// False when the connection is over. A request that cannot be read is one with a refusal.
Task<bool> Connection::next_question() {
  question_ = Question();
  const Instant idle = server_.loop_.now() + kIdle;
  while (in_.empty()) {
    const bool more = co_await read_more(idle);
    if (!more) {
      co_return false;
    }
  }
  const Instant until = server_.loop_.now() + kArrival;
  http::HeadScan scan;
  http::RequestHead head;
  for (;;) {
    const http::Taken taken = http::take_request(in_, scan, kHeadLimits, head);
    if (taken.progress == http::Progress::Bad) {
      refuse_head(taken.why);
      co_return true;
    }
    if (taken.progress == http::Progress::Done) {
      take(head);
      in_.erase(0, taken.used);
      break;
    }
    const bool more = co_await read_more(until);
    if (!more) {
      co_return false;
    }
  }
  if (question_.refusal) {
    co_return true;
  }
  const bool whole = co_await read_body(until);
  co_return whole;
}

// Waits for bytes; false when none come any more.
Task<bool> Connection::read_more(Instant until) {
  const std::size_t had = in_.size();
  for (;;) {
    in_.resize(had + kReadSize);
    const IoResult r = stream_.read(in_.data() + had, kReadSize);
    in_.resize(had + r.bytes);
    if (r.what == Io::Bytes) {
      co_return true;
    }
    if (r.what != Io::WouldBlock) {
      co_return false;
    }
    const Failure why = co_await stream_.readable(until, Failure::HeadTimeout);
    if (why != Failure::None) {
      co_return false;
    }
  }
}

Task<bool> Connection::read_body(Instant until) {
  http::BodyReader reader;
  reader.begin(question_.framing);
  while (!reader.over()) {
    if (in_.empty()) {
      const bool more = co_await read_more(until);
      if (!more) {
        co_return false;
      }
    }
    const http::BodyStep step = reader.next(in_);
    question_.body.append(step.payload);
    if (step.bad || question_.body.size() > kBodyMost) {
      refuse_head(step.bad ? Failure::BadChunk : Failure::BodyTooLarge);
      co_return true;
    }
    in_.erase(0, step.used);
  }
  co_return true;
}

void Connection::take(const http::RequestHead& head) {
  const bool close = http::lists_token(head.fields, http::FieldId::Connection, "close");
  question_.method = head.method_id;
  question_.to_head = head.method_id == http::Method::Head;
  question_.chunked = head.minor > 0;
  question_.stays = head.minor > 0 && !close;
  question_.target = head.target;
  take_fields(head);
  const auto framing = http::request_framing(head);
  const Failure host = http::check_host(head);
  if (host != Failure::None) {
    return refuse_head(host);
  }
  if (!framing) {
    return refuse_head(framing.error());
  }
  question_.framing = *framing;
  if (framing->kind == http::BodyKind::Length && framing->length > kBodyMost) {
    refuse_head(Failure::BodyTooLarge);
  }
}

void Connection::take_fields(const http::RequestHead& head) {
  question_.host = value_of(head.fields, "host");
  question_.origin = value_of(head.fields, "origin");
  question_.media_type = value_of(head.fields, "content-type");
  question_.fetch_site = value_of(head.fields, "sec-fetch-site").value_or("");
}

void Connection::refuse_head(Failure why) {
  const FailureRow& failure = row(why);
  question_.refusal = refuse(failure.status, failure.sentence);
  question_.stays = false;
}

Reply Connection::ask() {
  if (question_.refusal) {
    return std::move(*question_.refusal);
  }
  Asked asked;
  asked.method = question_.method;
  asked.target = question_.target;
  asked.claims.host = question_.host;
  asked.claims.origin = question_.origin;
  asked.claims.fetch_site = question_.fetch_site;
  asked.claims.media_type = question_.media_type;
  asked.claims.has_body = !question_.body.empty();
  asked.body = question_.body;
  return server_.answers_(asked, server_.site_, *server_.state_);
}

std::string Connection::head_of(const Reply& reply) {
  std::string head = "HTTP/1.1 " + std::to_string(reply.status) + " ";
  head.append(http::reason_phrase(reply.status)).append("\r\nContent-Type: ");
  head.append(reply.media_type).append("\r\nDate: ");
  head.append(server_.date_.at(server_.loop_.wall()));
  head.append("\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n");
  if (!reply.allow.empty()) {
    head.append("Allow: ").append(reply.allow).append("\r\n");
  }
  if (!reply.more) {
    head.append("Content-Length: ").append(std::to_string(reply.body.size())).append("\r\n");
  } else if (question_.chunked) {
    head.append("Transfer-Encoding: chunked\r\n");
  }
  return head + (question_.stays ? "\r\n" : "Connection: close\r\n\r\n");
}

// False when no further request can be served here.
Task<bool> Connection::send_reply(Reply reply) {
  while (reply.later) {
    if (auto made = reply.later()) {
      reply = std::move(*made);
      continue;
    }
    Pause pause(server_.loop_, kLook);
    co_await pause;
    if (!stream_.is_open()) {
      co_return false;
    }
  }
  question_.stays = question_.stays && (!reply.more || question_.chunked);
  std::string text = head_of(reply);
  if (!question_.to_head && !reply.more) {
    text += reply.body;
  }
  const Failure why =
      co_await send_text(stream_, text, kStandstill, Failure::ClientGone, Failure::ClientStalled);
  if (why != Failure::None) {
    co_return false;
  }
  if (reply.more && !question_.to_head) {
    const bool whole = co_await send_pieces(reply);
    co_return whole&& question_.stays;
  }
  co_return question_.stays;
}

Task<bool> Connection::send_pieces(const Reply& reply) {
  std::string piece = reply.body;
  bool more = true;
  while (more) {
    more = reply.more(piece);
    std::string framed;
    if (question_.chunked && !piece.empty()) {
      framed = hex(piece.size()) + "\r\n" + piece + "\r\n";
    } else if (!question_.chunked) {
      framed = std::move(piece);
    }
    framed += question_.chunked && !more ? "0\r\n\r\n" : "";
    const Failure why = co_await send_text(stream_, framed, kStandstill, Failure::ClientGone,
                                           Failure::ClientStalled);
    if (why != Failure::None) {
      co_return false;
    }
    piece.clear();
    co_await server_.loop_.yield();  // others are asked in between
  }
  co_return true;
}

// What still comes is read for a moment, so that the client sees our answer and not a reset.
Task<void> Connection::farewell() {
  constexpr std::size_t kMost = 1024 * 1024;
  stream_.end_writing();
  const Instant until = server_.loop_.now() + kFarewell;
  bool more = true;
  for (std::size_t seen = 0; more && seen < kMost; seen += in_.size()) {
    in_.clear();
    more = co_await read_more(until);
  }
}

}  // namespace weir::admin
