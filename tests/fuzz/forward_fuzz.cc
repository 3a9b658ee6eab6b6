// SPDX-License-Identifier: Apache-2.0
//
// Parse, write, parse again. Whatever head is understood, the head written from it must be
// understood too, with exactly one Host (requests), at most one framing field, the framing of the
// plan, no field that Connection nominated and none that belonged to the hop before. Writing
// trailers twice changes nothing the second time.
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "proxy/base/ascii.h"
#include "proxy/base/assert.h"
#include "proxy/http/forward.h"
#include "proxy/http/parse.h"
#include "proxy/http/reply.h"
#include "proxy/http/target.h"

namespace {

using namespace weir;
using namespace weir::http;

void check_fields(const Fields& before, const Fields& after, const Framing& framing) {
  const std::size_t lengths = after.count(FieldId::ContentLength);
  const std::size_t codings = after.count(FieldId::TransferEncoding);
  WEIR_ASSERT(lengths == (framing.kind == BodyKind::Length ? 1U : 0U));
  WEIR_ASSERT(codings == (framing.kind == BodyKind::Chunked ? 1U : 0U));
  WEIR_ASSERT(after.count(FieldId::Connection) <= 1 && after.count(FieldId::Te) <= 1);
  WEIR_ASSERT(!after.has(FieldId::KeepAlive) && !after.has(FieldId::ProxyConnection));
  WEIR_ASSERT(!after.has(FieldId::ProxyAuthorization) && !after.has(FieldId::ProxyAuthenticate));
  WEIR_ASSERT(after.count(FieldId::Via) == before.count(FieldId::Via) + 1);
  for (const Field& line : after.lines) {
    const bool ours = line.id == FieldId::Date && line.value == "now";
    WEIR_ASSERT(hop_of(line.id) != Hop::EndToEnd || ours || line.id == FieldId::XForwardedFor ||
                line.id == FieldId::Forwarded || same_ignoring_case(line.name, "close") ||
                (!lists_token(before, FieldId::Connection, line.name) &&
                 !lists_token(before, FieldId::ProxyConnection, line.name)));
  }
}

void forward_request(std::string_view in) {
  RequestHead head;
  HeadScan scan;
  if (take_request(in, scan, {}, head).progress != Progress::Done) {
    return;
  }
  Arena arena;
  (void)trace_body(head, arena);
  (void)preferred_page(head.fields);
  (void)expectation(head);
  const auto framing = request_framing(head);
  const auto target = parse_target(head, arena);
  if (!framing || !target || check_host(head) != Failure::None || !max_forwards(head).valid) {
    return;
  }
  const bool absolute = target->form == TargetForm::Absolute;
  const std::string allowed[] = {"websocket", "x"};
  RequestPlan plan;
  plan.target = head.method_id == Method::Connect ? head.target : target->path;
  plan.host = absolute ? target->authority.text : "host.test";
  plan.framing = *framing;
  plan.via = "weir";
  plan.client = "2001:db8::1";
  plan.forwarded_for = plan.forwarded = {in.size() % 2 == 0, in.size() % 3 == 0};
  plan.upgrade = wanted_upgrade(head, allowed, arena);
  const std::string_view out = write_request(head, plan, arena);
  RequestHead again;
  HeadScan second;
  WEIR_ASSERT(take_request(out, second, {SIZE_MAX, SIZE_MAX, SIZE_MAX}, again).progress ==
              Progress::Done);
  WEIR_ASSERT(again.bytes == out.size() && again.minor == 1 && again.method == head.method);
  WEIR_ASSERT(again.target == plan.target && check_host(again) == Failure::None);
  WEIR_ASSERT(again.fields.value(FieldId::Host) == plan.host);
  const auto framing_again = request_framing(again);
  WEIR_ASSERT(framing_again && framing_again->kind == framing->kind);
  WEIR_ASSERT(framing_again->length == framing->length);
  WEIR_ASSERT(parse_target(again, arena) && via_names(again.fields, "weir"));
  check_fields(head.fields, again.fields, *framing);
}

void forward_response(std::string_view in) {
  ResponseHead head;
  HeadScan scan;
  if (take_response(in, scan, {}, head).progress != Progress::Done) {
    return;
  }
  const bool to_head = in.size() % 2 == 0;
  const auto framing = response_framing(head, to_head);
  if (!framing) {
    return;
  }
  Arena arena;
  ResponsePlan plan;
  plan.framing = *framing;
  plan.bodiless = framing->kind == BodyKind::None;
  plan.close = in.size() % 3 == 0;
  plan.via = "weir";
  plan.date = "now";
  const std::string_view out = write_response(head, plan, arena);
  ResponseHead again;
  HeadScan second;
  WEIR_ASSERT(take_response(out, second, {SIZE_MAX, SIZE_MAX, SIZE_MAX}, again).progress ==
              Progress::Done);
  WEIR_ASSERT(again.bytes == out.size() && again.status == head.status);
  WEIR_ASSERT(again.reason == head.reason && again.minor == 1);
  const auto framing_again = response_framing(again, to_head);
  WEIR_ASSERT(framing_again && framing_again->kind == framing->kind);
  WEIR_ASSERT(framing_again->length == framing->length);
  WEIR_ASSERT(head.status < 200 || again.fields.has(FieldId::Date));
  if (!plan.bodiless) {
    check_fields(head.fields, again.fields, *framing);
  }
}

// Requires complete lines: the reader of the body sees to that.
void forward_trailers(std::string_view in) {
  std::string lines;
  while (!in.empty()) {
    const std::size_t end = std::min(in.find('\n'), in.size());
    std::string line(in.substr(0, end));
    std::erase(line, '\r');
    if (!line.empty()) {
      lines += line + "\r\n";
    }
    in.remove_prefix(std::min(end + 1, in.size()));
  }
  Arena arena;
  std::string_view once;
  std::string_view twice;
  if (write_trailers(lines, arena, once)) {
    WEIR_ASSERT(write_trailers(once, arena, twice) && once == twice);
    WEIR_ASSERT(once.size() <= lines.size() + 64 * 3);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view in(reinterpret_cast<const char*>(data), size);
  forward_request(in);
  forward_response(in);
  forward_trailers(in);
  return 0;
}
