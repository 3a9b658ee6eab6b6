// SPDX-License-Identifier: Apache-2.0
//
// What `weir check` asks, in one form for its two ways of being told what to judge by: a list set
// alone, or a whole policy.
#pragma once

#include <memory>
#include <string_view>

#include <tl/expected.hpp>

#include "filters/subject.h"
#include "filters/verdict.h"
#include "proxy/base/arena.h"
#include "proxy/cli/sources.h"

namespace weir::cli {

// One decision. Views are good until the arena is emptied or the judge ends.
struct Said {
  bool block = false;
  std::string_view decision;    // a word, where a policy decided
  std::string_view rule;        // a policy's
  bool ruled_by_line = false;   // there is no policy: the deciding line is the rule
  filters::ListHit hit;         // the line of a list that led to the decision
  bool gave_up = false;         // blocked at that line, as asking on would have cost too much
  filters::ListHit excepted;    // the line that lifted a block
  std::string_view rewrite;     // the URL to ask for instead
  std::string_view connect_to;  // a tunnel: the host it leads to instead
  std::string_view redirect;    // a neutral resource, or the URL a rule sends the client to
  std::string_view would;       // what dry runs would have decided
  std::string_view would_rule;
};

class Judge {
 public:
  virtual ~Judge() = default;
  // Once per request, before decide(): who asks. Not part of the decision's time, as the proxy
  // finds it out once per connection.
  virtual void introduce(filters::Subject& subject) = 0;
  virtual void decide(filters::Subject& subject, Arena& arena) = 0;
  // What decide() decided last.
  virtual Said said() const = 0;
  virtual std::size_t lists_bytes() const = 0;
  // Now and then: gives back what hits have brought into memory. What was said stays good.
  virtual void forget_texts() const = 0;
  virtual std::size_t rules() const = 0;  // of lists
  // Lists alone are asked about a URL's text as it is written, as the engines of browsers are; a
  // policy about what the proxy makes of it.
  virtual bool judges_text() const = 0;
};

// Reads and compiles. `warnings`: see Rules.
tl::expected<std::unique_ptr<Judge>, Complaints> make_judge(const Source& source,
                                                            Complaints& warnings);

}  // namespace weir::cli
