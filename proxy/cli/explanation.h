// SPDX-License-Identifier: Apache-2.0
//
// Everything that can be said about one request before it is made: how the rules see it, what each
// of them says, what they decide together, and what the settings around them would do. Gathered
// here by the engine that the proxy uses; told by explain_text.cc and explain_json.cc.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "filters/policy/policy.h"
#include "proxy/base/arena.h"
#include "proxy/base/failure.h"
#include "proxy/cli/asked.h"
#include "proxy/cli/onward.h"
#include "proxy/cli/sources.h"

namespace weir::cli {

// What one part of the proxy besides the rules would do.
struct Fact {
  std::string_view about;  // "client", "port", "route", ...
  std::string says;
  Failure failure = Failure::None;  // it refuses the request
};

// What somebody wants to know. Views must outlive the explanation.
struct Question {
  Asked asked;
  IpAddress client = IpAddress::v4(0x7f000001);
  Device device;
  WallTime at;
  std::optional<IpAddress> destination;
  std::uint16_t status = 0;  // of the response; 0: there is none yet
  AskedFields response;
  std::string_view written_host;  // in its own script, where `asked` has its IDNA form
};

struct Explanation {
  const Rules* rules = nullptr;
  filters::Subject subject;
  Device device;
  std::vector<std::string_view> groups;
  std::vector<std::string_view> schedules;  // that hold now
  filters::Trace trace;
  filters::Verdict verdict;
  std::string_view written_host;  // see Question
  Onward onward;                  // what it becomes on its way
  std::vector<const filters::RuleTrace*>
      open;                                  // deciding rules that may still hold and would count
  std::optional<filters::ScheduleEnd> ends;  // of the deciding rule
  std::vector<Fact> before;                  // asked before the rules
  std::vector<Fact> after;                   // and behind them
  std::unique_ptr<Explanation> tunnel;  // https: the CONNECT, which is all that is seen at first

  // The first refusal by settings, of `before` and `after`.
  Failure refused() const;
  // True when the client gets no answer of the origin's.
  bool refuses() const;
};

// A blocked request is answered with a neutral resource that a list names.
bool stands_in(const Explanation& explanation);

// Nothing when the URL is none. Everything lives in `arena`, `rules` and `question`.
std::unique_ptr<Explanation> explain_request(const Rules& rules, const Question& question,
                                             Arena& arena);

// For people, in colour on demand; and as one JSON object.
std::string explanation_text(const Explanation& explanation, bool colour);
std::string explanation_json(const Explanation& explanation);

}  // namespace weir::cli
