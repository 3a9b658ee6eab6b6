// SPDX-License-Identifier: Apache-2.0
//
// Writing a short text whole: heads without a body, replies, interim answers.
#pragma once

#include <string_view>

#include "proxy/net/stream.h"
#include "proxy/net/task.h"

namespace weir {

// Writes all of `text`, which must live until the task ends. `broken` and `timeout` name what may
// go wrong; each wait lasts at most `idle`.
Task<Failure> send_text(Stream& to, std::string_view text, Micros idle, Failure broken,
                        Failure timeout);

}  // namespace weir
