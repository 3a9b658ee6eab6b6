// SPDX-License-Identifier: Apache-2.0
//
// What a relay may do to a response body beside moving it: change it (undo its content codings,
// search and replace), and ask somebody when it has grown to a certain size. A relay without these
// pays nothing for them.
//
// A transform belongs to one exchange and is used on its worker's thread.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <utility>

#include "filters/body/decode.h"
#include "filters/body/rewrite.h"
#include "proxy/base/failure.h"

namespace weir {

class BodyTransform {
 public:
  explicit BodyTransform(std::unique_ptr<filters::BodyStage> stage) : stage_(std::move(stage)) {}

  // One bounded piece of work, see filters::BodyStage::step().
  filters::BodyFlow step(std::string_view payload, bool last, std::span<char> to) {
    return stage_->step(payload, last, to);
  }
  bool busy() const { return stage_->busy(); }
  bool over() const { return stage_->over(); }
  // What its trouble is called, if it has any; trouble() tells more.
  Failure failure() const;
  filters::BodyTrouble trouble() const { return stage_->trouble(); }

 private:
  std::unique_ptr<filters::BodyStage> stage_;
};

// Undoes `codings`, then lets each rewriter work on what the one before it made.
std::unique_ptr<BodyTransform> make_transform(
    const filters::CodingList& codings, const filters::DecodeLimits& decode_limits,
    std::span<const std::shared_ptr<const filters::Rewriter>> rewriters,
    const filters::RewriteLimits& rewrite_limits);

// Asked while a body passes: for rules on the size of bodies that did not declare it.
class BodyWatch {
 public:
  // At least RelayPlan::check_at bytes of payload have come, `payload` in all; the last of them
  // have not been sent unless they went by unseen. A failure ends the relay. Sets `check_at` to
  // when it wants to be asked again; 0: never.
  virtual Failure grown(std::uint64_t payload, std::uint64_t& check_at) = 0;

 protected:
  ~BodyWatch() = default;
};

}  // namespace weir
