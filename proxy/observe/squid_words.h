// SPDX-License-Identifier: Apache-2.0
//
// A record in the vocabulary of Squid's access.log, which every log analyser for proxies
// understands: the result code ("TCP_MISS", "TCP_DENIED", ...) and the hierarchy code
// ("HIER_DIRECT", ...). Pure functions of a record; the words are static text.
#pragma once

#include <string_view>

#include "proxy/observe/record.h"

namespace weir {

// How the request was answered, and whether it ended before its time (_ABORTED, _TIMEDOUT).
std::string_view squid_result(const Record& record);

// Where the answer came from.
std::string_view squid_hierarchy(const Record& record);

}  // namespace weir
