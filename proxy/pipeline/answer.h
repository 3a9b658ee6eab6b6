// SPDX-License-Identifier: Apache-2.0
//
// Answers of our own: how each is to be written, and how it becomes the exchange's reply.
#pragma once

#include <cstdint>
#include <string_view>

#include "proxy/http/reply.h"
#include "proxy/pipeline/exchange.h"

namespace weir {

class Session;

// What every reply of ours to this request has in common. Decides whether the connection goes on
// behind it (ex.stays): not when it `closes`, nor with a part of the request unread.
http::ReplyPlan reply_plan(Exchange& ex, Session& session, bool closes = false);

// Makes `reply`, which lives in the exchange's arena, the answer. Leaves Reply.
void answer(Exchange& ex, std::string_view reply, std::uint16_t status);

}  // namespace weir
