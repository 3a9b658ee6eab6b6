// SPDX-License-Identifier: Apache-2.0
//
// A request that lists alone judge, by its URL as somebody wrote it. Other filter engines match
// texts and know no proxy that refuses some, so `weir check --lists` answers for these too: it
// judges what a browser makes of the text, or else the text. Only for comparing: no verdict of a
// proxy comes from here.
#pragma once

#include "proxy/cli/asked.h"

namespace weir::cli {

// Like describe(), but an empty path stays empty, a dot behind the host stays in the URL, and a
// host or port that is none is judged as text ("x.1.2.3.4", "a..b", "tést.example:99999"). False
// when the text has no scheme or no host; of a CONNECT, when it is a URL.
bool describe_as_written(const Asked& asked, Arena& arena, filters::Subject& subject);

}  // namespace weir::cli
