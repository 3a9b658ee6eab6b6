// SPDX-License-Identifier: Apache-2.0
//
// See settle.h.
#include "proxy/pipeline/settle.h"

#include <algorithm>

#include "proxy/base/ascii.h"
#include "proxy/pipeline/session.h"
#include "proxy/pipeline/worker.h"

namespace weir {
namespace {

using http::BodyKind;
using http::FieldId;

bool origin_stays(const http::ResponseHead& response) {
  if (lists_token(response.fields, FieldId::Connection, "close")) {
    return false;
  }
  return response.minor >= 1 || lists_token(response.fields, FieldId::Connection, "keep-alive");
}

bool binds(std::string_view list) {
  bool found = false;
  http::each_element(list, [&found](std::string_view element) {
    found = starts_with_ignoring_case(element, "ntlm") ||
            starts_with_ignoring_case(element, "negotiate");
    return !found;
  });
  return found;
}

}  // namespace

bool origin_may_stay(const Exchange& ex) {
  return ex.download_framing.kind != BodyKind::UntilClose && origin_stays(ex.response);
}

bool binds_connection(const Exchange& ex) {
  const auto any = [](const http::Fields& fields, FieldId id) {
    return std::any_of(fields.lines.begin(), fields.lines.end(), [id](const http::Field& line) {
      return line.id == id && binds(line.value);
    });
  };
  return any(ex.response.fields, FieldId::WwwAuthenticate) ||
         any(ex.request.fields, FieldId::Authorization);
}

void settle_origin(Exchange& ex, Session& session, bool clean) {
  OriginConnection* c = std::exchange(ex.origin, nullptr);
  const bool reusable = clean && origin_may_stay(ex) && ex.origin_in.empty();
  c->personal = c->personal || binds_connection(ex);
  if (reusable && c->personal) {
    session.bind(c);
    return;
  }
  session.worker.pool.give_back(c, reusable);
}

}  // namespace weir
