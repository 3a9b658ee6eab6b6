// SPDX-License-Identifier: Apache-2.0
//
// What a request becomes by the adjustments of its verdict, on its way to the origin: made by the
// functions that the proxy uses, for the commands that show it.
#pragma once

#include <string_view>

#include "filters/policy/policy.h"

namespace weir::cli {

struct Onward {
  std::string_view url;         // after lists, strip_query and safe_search; empty: as asked
  std::string_view connect_to;  // a tunnel leads to this host instead; empty: to the one asked for
  std::string_view field;       // that safe_search or youtube set in the request
  std::string_view field_value;
  explicit operator bool() const { return !url.empty() || !connect_to.empty() || !field.empty(); }
};

// Nothing for what is not let through. The result lives in `arena` and the policy.
Onward onward(const filters::Policy& policy, const filters::Subject& subject,
              const filters::Verdict& verdict, Arena& arena);

}  // namespace weir::cli
