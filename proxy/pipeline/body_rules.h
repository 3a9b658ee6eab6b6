// SPDX-License-Identifier: Apache-2.0
//
// Rules about response bodies, made ready for the relay: what is searched and replaced in this one,
// and who is asked when it grows past a size that a rule objects to.
#pragma once

#include <memory>
#include <vector>

#include "proxy/pipeline/exchange.h"
#include "proxy/pipeline/transform.h"

namespace weir {

class Session;

// What the rules do to one response body. Belongs to its exchange; made only where there is
// something to do.
class BodyRules final : public BodyWatch {
 public:
  explicit BodyRules(Exchange& ex) : ex_(ex) {}
  Failure grown(std::uint64_t payload, std::uint64_t& check_at) override;

  std::unique_ptr<BodyTransform> transform;  // null: the body stays as it is
  std::uint64_t check_at = 0;                // bytes; 0: never

 private:
  Exchange& ex_;
};

// Sets ex.body_rules where a rule rewrites this body or limits its size, and takes out of the
// response head what a rewrite makes untrue. A failure: a text that cannot
// be searched. Needs a policed response.
Failure plan_body_rules(Exchange& ex, Session& session);

}  // namespace weir
