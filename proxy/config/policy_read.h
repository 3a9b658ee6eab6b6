// SPDX-License-Identifier: Apache-2.0
//
// From a rule's `when` and `then` as written to conditions and actions. Which there are and what
// their values must be is in policy_table.h. Readers check each value in itself and report every
// fault; whether a name is defined is for policy_names.h, whether an expression compiles for
// filters/policy, which is asked by way of Problems.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "filters/document.h"
#include "proxy/config/policy_table.h"
#include "proxy/config/problem.h"
#include "proxy/config/value.h"

namespace weir {

// One value, where it stands, and a good one as JSON.
struct Slot {
  const Value& value;
  std::string path;
  Problems& problems;
  std::string_view example{};
};

// "must be <expected>, not <what is there>." with the example.
void refuse(const Slot& in, const std::string& expected);
// The same with a remedy of one's own.
void refuse(const Slot& in, const std::string& expected, const std::string& remedy);
// Something else is wrong with it: a sentence, and the example.
void fault(const Slot& in, const std::string& message);
// An expression that does not compile, or a replacement that does not fit it, if anybody can tell.
void judge_expression(const Slot& in, std::string_view expression, std::string_view with = {});
// There is no such member: the nearest one that there is, or all of them.
void refuse_unknown(const Member& member, const Slot& object, std::string_view what,
                    const std::vector<std::string_view>& known);

// Text by `take`; nothing, and a report, for anything else.
std::optional<std::string> read_text(const Slot& in, const TextRule& rule);
// One of the words; nothing, and a report with the nearest, for anything else.
std::optional<std::size_t> read_word(const Slot& in, std::string_view words);

// A `when` into the children of `out`. `depth` is 1 for a rule's own.
void read_when(const Slot& in, std::size_t depth, filters::Condition& out);
// A `then`: at least one action, at most one decision, in the order of the table.
void read_then(const Slot& in, std::vector<filters::Action>& out);

// Calls use(slot) for every item of a list, or for the value itself if it is none. Reports a list
// that is empty or too long.
template <class Use>
void each_value(const Slot& in, std::size_t most, Use use) {
  if (in.value.kind != ValueKind::List) {
    return use(in);
  }
  if (in.value.items.empty() || in.value.items.size() > most) {
    return refuse(in, "a list of 1 to " + std::to_string(most) + " values");
  }
  for (std::size_t i = 0; i < in.value.items.size(); ++i) {
    use(Slot{in.value.items[i], step(in.path, i), in.problems, in.example});
  }
}

}  // namespace weir
