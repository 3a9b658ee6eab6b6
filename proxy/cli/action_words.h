// SPDX-License-Identifier: Apache-2.0
//
// Actions in the words of weir.json, for people: their names and what they are given.
#pragma once

#include <string>
#include <string_view>

#include "filters/document.h"
#include "filters/verdict.h"

namespace weir::cli {

// "set_request_field"
std::string_view action_name(filters::ActionKind kind);

// What the action does with what: "X-Child: yes", "no", "64 KiB/s per client". Empty for a flag.
std::string action_value(const filters::Action& action);

// "removes the response field Set-Cookie"
std::string edit_words(const filters::ListEdits::Edit& edit);

// "ads.txt, line 3: ||ads.example^"
std::string hit_words(const filters::ListHit& hit);

}  // namespace weir::cli
