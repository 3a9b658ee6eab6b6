// SPDX-License-Identifier: Apache-2.0
//
// An exchange as the rules see it. The views of the subject live as long as the exchange's heads.
#pragma once

#include <string_view>

#include "filters/subject.h"
#include "proxy/http/message.h"
#include "proxy/net/devices.h"
#include "proxy/pipeline/exchange.h"

namespace weir {

class Session;

// The fields of a head, by name.
filters::FieldLookup lookup_in(const http::Fields& fields);

// Which device asks, for as long as the exchange lives.
void note_device(Exchange& ex, Session& session, Devices::For what);

// Everything about the request. Needs identify and authenticate.
void describe_request_to_rules(Exchange& ex, Session& session);

// Everything about the response head. Needs fetch.
void describe_response_to_rules(Exchange& ex);

}  // namespace weir
